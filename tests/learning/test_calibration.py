"""Held-out probabilities: who has seen what, and how far a stated probability can be believed."""

import numpy as np

from cloudchamber_worker.learning.crossvalidation import (
    HeldOut,
    calibrated_probability,
    held_out_metrics,
)
from cloudchamber_worker.learning.metrics import (
    calibration_spread,
    coverage_curve,
    fit_temperature,
    reliability,
)
from learning.conftest import Lab
from learning.synthetic import drawn_tracks


def overconfident(n: int, seed: int = 0) -> tuple[HeldOut, np.ndarray]:
    """True log odds tripled: wants a temperature of 3."""
    rng = np.random.default_rng(seed)
    score = rng.normal(size=(n, 3)) * 1.5
    p = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    y = (p.cumsum(axis=1) < rng.random((n, 1))).sum(axis=1)
    sharp = np.exp(3 * score) / np.exp(3 * score).sum(axis=1, keepdims=True)
    return HeldOut(np.arange(n, dtype=np.int32) % 5, 5, sharp.astype(np.float32)), y


def test_temperature_scaling_mends_overconfidence():
    held, y = overconfident(2000)
    assert 2.5 < fit_temperature(held.probability, y) < 3.5
    before, after = (
        reliability(p, y)["ece"] for p in (held.probability, calibrated_probability(held, y))
    )
    assert before > 0.15
    assert after < 0.04


def test_a_label_has_no_say_in_the_temperature_of_its_own_fold():
    held, y = overconfident(400)
    other = y.copy()
    inside = held.fold == 2
    other[inside] = (y[inside] + 1) % 3
    before, after = calibrated_probability(held, y), calibrated_probability(held, other)
    assert (before[inside] == after[inside]).all()
    assert (before[~inside] != after[~inside]).any()


def test_the_columns_say_what_was_held_out(lab: Lab):
    """Given 30 labels of 40 cutouts, when trees are trained in 3 folds, then each labelled cutout
    has a probability from a model that had not seen it, and the others have none."""
    lab.tracks(40, labelled=30)
    done = lab.run("train_classifier", architecture="extra_trees", folds=3)
    assert done["outcome"] == "published", done
    version = done["result"]["model_version_id"]
    p, fold = lab.column("held_out_probability", version), lab.column("fold", version)
    label, predicted = lab.column("snapshot_class", version), lab.column("held_out_class", version)
    assert p.shape == (40, 3)
    assert np.isnan(p[30:]).all()
    np.testing.assert_allclose(p[:30].sum(axis=1), 1, atol=1e-5)
    assert (p[:30].argmax(axis=1) == predicted[:30]).all()
    assert (label[:30] == drawn_tracks(40)[2][:30]).all()
    assert sorted(set(fold[:30].tolist())) == [0, 1, 2]
    assert (fold[30:] == -1).all()
    assert lab.column("judged", version).tolist() == [1] * 30 + [0] * 10
    assert (p[:30] != lab.column("probability", version)[:30]).any()


def test_the_coverage_curve_counts_what_exceeds_a_threshold():
    p = np.array([[0.95, 0.05], [0.6, 0.4], [0.2, 0.8], [0.5, 0.5]])
    curve = coverage_curve(p, np.array([0, 1, 1, 0]))
    assert curve["threshold"] == [round(0.01 * i, 2) for i in range(100)]
    assert curve["n"][:50] == [4] * 50
    assert [curve["n"][i] for i in (50, 79, 80, 94, 95)] == [3, 2, 1, 1, 0]
    assert curve["accuracy"][50] == 0.6667
    assert curve["coverage"][50] == 0.75
    assert (curve["accuracy"][95], curve["low"][95], curve["high"][95]) == (None, 0, 1)
    assert curve["low"][50] < curve["accuracy"][50] < curve["high"][50]


def test_a_calibration_error_comes_with_its_noise():
    """Few answers that are right exactly as often as they say still show an error of the floor's
    size; many do not."""
    for n, low, high in ((150, 0.04, 0.1), (6000, 0.005, 0.015)):
        held, y = overconfident(n)
        honest = held.probability ** (1 / 3)
        honest /= honest.sum(axis=1, keepdims=True)
        spread = calibration_spread(honest, y)
        error = reliability(honest, y)["ece"]
        assert spread["interval"][0] < error < spread["interval"][1]
        assert low < spread["floor"] < high
        assert calibration_spread(held.probability, y)["interval"][0] > spread["interval"][1]


def test_figures_state_the_calibration_before_and_after():
    held, y = overconfident(600)
    metrics, temperature = held_out_metrics(held, y, 3)
    assert temperature > 2
    assert metrics["calibration"]["before"]["ece"] > metrics["calibration"]["ece"] + 0.1
    assert metrics["coverage_curve"]["accuracy"][90] == round(metrics["coverage"]["accuracy"], 4)


def test_nothing_held_out_has_no_calibration():
    held = HeldOut(np.full(3, -1, np.int32), 0, np.full((3, 2), np.nan, np.float32))
    metrics, temperature = held_out_metrics(held, np.array([0, 1, 0]), 2)
    assert metrics["calibration"]["ece"] is None
    assert metrics["calibration"]["floor"] is None
    assert set(metrics["coverage_curve"]["n"]) == {0}
    assert temperature == 1.0
