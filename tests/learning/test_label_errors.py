"""Confident learning: planted label errors are found, and found first."""

import numpy as np
import pytest

from cloudchamber_worker.learning.label_errors import find_label_errors
from learning.conftest import Lab
from learning.synthetic import drawn_tracks


def planted(n: int = 600, wrong: int = 60, seed: int = 0):
    """Probabilities of a good model [n, 3], the labels given, and which of them are wrong."""
    rng = np.random.default_rng(seed)
    truth = np.arange(n) % 3
    score = rng.normal(0, 0.6, (n, 3))
    score[np.arange(n), truth] += 3
    p = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    given = truth.copy()
    flipped = rng.permutation(n)[:wrong]
    given[flipped] = (truth[flipped] + 1) % 3
    return p, given.astype(np.int64), np.isin(np.arange(n), flipped)


def test_planted_errors_are_found_and_counted():
    p, y, wrong = planted()
    found = find_label_errors(p, y)
    assert (found.suspect & wrong).sum() >= 0.8 * wrong.sum()
    assert (found.suspect & ~wrong).sum() <= 0.05 * (~wrong).sum()
    order = np.argsort(-found.doubt)
    assert wrong[order[: wrong.sum()]].mean() > 0.9
    told = found.as_dict(y)
    assert told["n_suspect"] == found.suspect.sum()
    assert told["noise_rate"] == pytest.approx(0.1, abs=0.03)
    assert {(pair["label"], pair["likely"]) for pair in told["pairs"][:3]} == {
        (1, 0), (2, 1), (0, 2),
    }  # fmt: skip


def test_clean_labels_are_hardly_doubted():
    p, y, _ = planted(wrong=0)
    assert find_label_errors(p, y).suspect.mean() < 0.02


def test_suspects_stand_above_one_and_the_rest_below():
    p, y, _ = planted()
    found = find_label_errors(p, y)
    assert found.doubt[found.suspect].min() > 1
    assert found.doubt[~found.suspect].max() <= 1


def test_what_was_never_held_out_is_not_doubted():
    p, y, _ = planted(30, 3)
    p[:10] = np.nan
    found = find_label_errors(p, y)
    assert np.isnan(found.doubt[:10]).all()
    assert np.isfinite(found.doubt[10:]).all()
    nothing = find_label_errors(np.full((4, 3), np.nan), np.zeros(4, np.int64))
    assert nothing.as_dict(np.zeros(4, np.int64))["n_suspect"] == 0


def test_a_training_writes_the_doubt_in_each_label(lab: Lab):
    images, measurements, kinds = drawn_tracks(75)
    lab.fill(images, measurements)
    given = kinds[:60].copy()
    given[[4, 21]] = (given[[4, 21]] + 1) % 3
    lab.label(np.arange(60), given)
    done = lab.run("train_classifier", architecture="extra_trees", novelty_check=False)
    assert done["outcome"] == "published", done
    doubt = lab.column("label_doubt", done["result"]["model_version_id"])
    assert np.isnan(doubt[60:]).all()
    assert set(np.argsort(-doubt[:60])[:2]) == {4, 21}
    from cloudchamber.data import models

    with lab.database.read() as session:
        model = models.get_model(session, done["result"]["model_version_id"])
        told, classes = model.metrics["label_errors"], model.classes
    assert told["n"] == 60
    assert told["n_suspect"] == (doubt[:60] > 1).sum() >= 1
    assert {pair["label"] for pair in told["pairs"]} <= {c["id"] for c in classes}
