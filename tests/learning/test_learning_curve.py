"""Learning curves: their points, their continuation, and on which labels anything is judged."""

import numpy as np
import pytest

from cloudchamber.data import dataset_settings, labels, models
from cloudchamber_worker.learning.learning_curve import (
    divide,
    extrapolate,
    fit_power_law,
    sizes_up_to,
    verdict,
)
from cloudchamber_worker.steps.truth import Truth, read_truth
from learning.conftest import Lab
from learning.synthetic import drawn_tracks


def test_sizes_double_up_to_the_labels_at_hand():
    assert sizes_up_to(8) == [8]
    assert sizes_up_to(26) == [10, 26]
    assert sizes_up_to(230) == [10, 25, 50, 100, 200, 230]
    assert sizes_up_to(215) == [10, 25, 50, 100, 215]
    assert sizes_up_to(1700) == [10, 25, 50, 100, 200, 400, 800, 1700]


def test_a_division_keeps_sources_on_one_side_and_tests_what_may_be_tested():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(20), 10)
    testable = rng.random(200) < 0.5
    division = divide(rng.normal(size=(200, 3)).astype(np.float32), groups, testable, 1)
    train, test = division.train["random"], division.test
    assert not set(groups[train]) & set(groups[test])
    assert testable[test].all()
    assert 0.2 * testable.sum() <= len(test) <= 0.4 * testable.sum()
    assert sorted(train) == sorted(division.train["typical"])


def test_one_great_source_leaves_something_to_learn_from():
    groups = np.array([0] * 95 + [1] * 5)
    for seed in range(4):
        division = divide(np.zeros((100, 2), np.float32), groups, np.ones(100, bool), seed)
        assert len(division.train["random"]) > 0
        assert len(division.test) > 0


def test_the_power_law_that_made_a_curve_is_found_again():
    k = np.array([10, 25, 50, 100, 200, 400.0])
    law = fit_power_law(k, 0.1 + 1.2 * k**-0.6, np.ones(6))
    assert law.a == pytest.approx(0.1, abs=0.01)
    assert law.c == pytest.approx(0.6, abs=0.05)
    assert law.error(800) == pytest.approx(0.1 + 1.2 * 800**-0.6, abs=0.003)


def test_the_next_labels_are_estimated_with_a_spread_that_holds_the_truth():
    rng = np.random.default_rng(3)
    sizes = [10, 25, 50, 100, 200]
    truth = 1 - (0.08 + 1.0 * np.array(sizes) ** -0.5)
    inside = 0
    for seed in range(10):
        curve = truth + rng.normal(0, 0.03, (6, 5))
        found = extrapolate(sizes, curve, 200, 0.33, seed)
        assert found is not None
        low, high = found["interval"]
        assert low <= found["gain"] <= high
        inside += low <= 200**-0.5 - 300**-0.5 <= high
    assert inside >= 8
    assert extrapolate([10, 25], truth[None, :2], 25, 0.3, 0) is None


@pytest.mark.parametrize(
    ("gain", "sd", "word"),
    [(0.004, 0.006, "stop"), (0.004, 0.03, "unclear"), (0.03, 0.01, "go_on"),
     (0.012, 0.02, "unclear")],
)  # fmt: skip
def test_the_stop_signal(gain: float, sd: float, word: str):
    assert verdict(gain, sd) == word


def test_a_curve_is_drawn_while_it_is_measured_and_kept(lab: Lab):
    lab.tracks(80, labelled=70)
    rows: list[dict] = []
    done = lab.run(
        "learning_curve",
        lambda told: rows.append(told["epoch"]) if "epoch" in told else None,
        repeats=2,
    )
    assert done["outcome"] == "published", done
    result = done["result"]
    assert result["sizes"][:2] == [10, 25]
    assert set(result["orders"]) == {"random", "typical"}
    assert result["orders"]["random"]["mean"][-1] > 0.8
    assert result["next"]["verdict"] in ("stop", "go_on", "unclear")
    assert len(rows) == 2 * 2 * len(result["sizes"])
    assert {row["phase"] for row in rows} == {"random", "typical"}
    assert result["truth"]["used"] == "drawn"


def test_too_few_labels_for_a_curve_are_said_in_numbers(lab: Lab):
    lab.tracks(30, labelled=12)
    done = lab.run("learning_curve")
    assert done["outcome"] == "failed"
    assert "needs 20 labels; you have 12" in done["error"]["message"]


def train(lab: Lab) -> dict:
    done = lab.run("train_classifier", architecture="extra_trees", novelty_check=False)
    assert done["outcome"] == "published", done
    with lab.database.read() as session:
        return models.get_model(session, done["result"]["model_version_id"]).metrics


def test_figures_come_from_drawn_labels_where_there_are_enough(lab: Lab):
    images, measurements, kinds = drawn_tracks(140)
    lab.fill(images, measurements)
    # given chosen labels that are all wrong, and right ones of a random draw
    lab.label(np.arange(60), (kinds[:60] + 1) % 3, order="typical")
    lab.label(np.arange(60, 130), kinds[60:130])
    metrics = train(lab)
    # then only the drawn ones are judged on, though all were trained on
    assert metrics["truth"]["used"] == "drawn"
    assert metrics["accuracy"]["n"] == 70
    assert metrics["n_labels"] == 130
    assert metrics["truth"]["all_labels"]["n"] == 130
    assert sum(map(sum, metrics["confusion"])) == 70
    assert metrics["biased_sample"] is False


def truth_of(lab: Lab) -> Truth:
    with lab.database.read() as session:
        class_id = labels.current(session, lab.dataset_id).class_id
        return read_truth(session, lab.dataset_id, class_id)


def labelled(lab: Lab, n: int, **orders: slice) -> None:
    """A dataset of n tracks; the cutouts of each slice are labelled in the order of its name."""
    images, measurements, kinds = drawn_tracks(n)
    lab.fill(images, measurements)
    for order, part in orders.items():
        lab.label(np.arange(n)[part], kinds[part], order=order)


def test_chosen_labels_alone_make_a_biased_figure(lab: Lab):
    labelled(lab, 90, typical=slice(0, 40), random=slice(40, 60))
    truth = truth_of(lab)
    assert truth.as_dict() == {
        "drawn": 20, "chosen": 40, "unknown": 0, "used": "all", "enough": 50,
    }  # fmt: skip
    assert truth.judged.all()
    assert truth.biased


def test_labels_of_unknown_origin_are_drawn_when_somebody_says_so(lab: Lab):
    labelled(lab, 90, imported=slice(0, 60))
    truth = truth_of(lab)
    assert (truth.unknown, truth.used, truth.biased) == (60, "all", False)
    with lab.database.write() as session:
        dataset_settings.change_settings(session, lab.dataset_id, {"unknown_labels_drawn": True})
    assert (truth_of(lab).drawn, truth_of(lab).used) == (60, "drawn")


def test_where_every_cutout_has_a_label_nothing_was_left_out(lab: Lab):
    labelled(lab, 60, typical=slice(0, 60))
    truth = truth_of(lab)
    assert (truth.drawn, truth.used, truth.biased) == (60, "drawn", False)
