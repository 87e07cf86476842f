import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import f1_score

from cloudchamber_worker.learning import metrics, novelty
from cloudchamber_worker.learning.architectures import architecture
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.classifier import apply_temperature
from cloudchamber_worker.learning.crossvalidation import (
    assign_folds,
    cross_validate,
    held_out_metrics,
)
from cloudchamber_worker.learning.inputs import CutoutSet
from cloudchamber_worker.learning.quantiles import fit_quantile_scaling
from learning.synthetic import drawn_tracks


@given(n=st.integers(1, 500), share=st.floats(0, 1))
def test_wilson_agrees_with_scipy(n: int, share: float):
    right = round(n * share)
    expected = binomtest(right, n).proportion_ci(method="wilson")
    assert metrics.wilson_interval(right, n) == pytest.approx(
        (expected.low, expected.high), abs=1e-9
    )


def test_figures_of_predictions_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    label, p = rng.integers(0, 4, 300), rng.dirichlet(np.ones(4), 300)
    found = metrics.summarise(p, label, 4)
    assert found["accuracy"] == pytest.approx((p.argmax(axis=1) == label).mean())
    assert found["macro_f1"] == pytest.approx(f1_score(label, p.argmax(axis=1), average="macro"))
    assert sum(map(sum, found["confusion"])) == 300


def test_no_predictions_give_no_figures():
    found = metrics.summarise(np.zeros((0, 3)), np.zeros(0, int), 3)
    assert found["accuracy"] is None
    assert found["accuracy_interval"] == [0.0, 1.0]


def test_temperature_cures_overconfidence():
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 2000)
    honest = np.where(rng.random(2000) < 0.7, label, 1 - label)
    p = np.full((2000, 2), 0.02)
    p[np.arange(2000), honest] = 0.98
    temperature = metrics.fit_temperature(p, label)
    assert temperature > 2
    before = metrics.reliability(p, label)["ece"]
    assert metrics.reliability(apply_temperature(p, temperature), label)["ece"] < before / 3


@given(
    seed=st.integers(0, 1000),
    n=st.integers(2, 80),
    n_groups=st.integers(1, 80),
    classes=st.integers(1, 5),
)
def test_no_group_is_on_both_sides_of_a_split(seed: int, n: int, n_groups: int, classes: int):
    rng = np.random.default_rng(seed)
    groups, y = rng.integers(0, n_groups, n), rng.integers(0, classes, n)
    fold, folds = assign_folds(y, groups, 5, seed)
    for k in range(folds):
        # Rows of rare classes stay in training even where their group is held out.
        held = set(groups[fold == k])
        assert held.isdisjoint(groups[(fold != k) & (fold >= 0)])
    assert fold.max() < max(folds, 1)


def test_folds_are_stratified():
    y = np.repeat([0, 1, 2], [100, 50, 10])
    fold, folds = assign_folds(y, np.arange(160), 5, 0)
    assert folds == 5
    for k in range(5):
        assert np.bincount(y[fold == k]).tolist() == [20, 10, 2]


def test_a_rare_class_stays_in_training_and_is_named():
    _, measurements, kinds = drawn_tracks(46)
    kinds[45] = 3
    data = CutoutSet(None, measurements, np.arange(46, dtype=np.int32))
    held = cross_validate(
        data, np.arange(46), kinds, 4, architecture("trees"), 0, Journal(),
        fit_quantile_scaling(measurements),
    )  # fmt: skip
    found, _ = held_out_metrics(held, kinds, 4)
    assert held.fold[45] == -1
    assert found["untested_classes"] == [3]
    assert found["accuracy"]["n"] == 45
    assert found["accuracy"]["mean"] > 0.8


def test_four_labels_are_enough_to_say_how_little_is_known():
    _, measurements, _ = drawn_tracks(4)
    y = np.array([0, 1, 0, 1])
    data = CutoutSet(None, measurements, np.arange(4, dtype=np.int32))
    held = cross_validate(
        data, np.arange(4), y, 2, architecture("trees"), 0, Journal(),
        fit_quantile_scaling(measurements),
    )  # fmt: skip
    found, temperature = held_out_metrics(held, y, 2)
    assert held.folds == 2
    low, high = found["accuracy"]["interval"]
    assert high - low > 0.4
    assert temperature == 1.0


def test_a_finished_fold_is_not_trained_again():
    _, measurements, kinds = drawn_tracks(30)
    data = CutoutSet(None, measurements, np.arange(30, dtype=np.int32))
    stored: list[bytes] = []
    arguments = (data, np.arange(30), kinds, 3, architecture("trees"), 0)
    scaling = fit_quantile_scaling(measurements)
    first = cross_validate(*arguments, Journal(None, stored.append), scaling)
    journal = Journal(stored[-1])
    assert journal.result("fold 4") is not None
    again = cross_validate(*arguments, journal, scaling)
    assert (again.probability == first.probability).all()


def test_rankings_put_the_odd_one_first():
    p = np.array([[0.98, 0.01, 0.01], [0.34, 0.33, 0.33], [0.5, 0.5, 0.0]])
    assert novelty.entropy(p).argmax() == 1
    assert novelty.margin(p).argsort()[-2:].tolist() in ([1, 2], [2, 1])
    assert novelty.median_score(p).argmax() == 2 or novelty.median_score(p).argmax() == 1
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 8)).astype(np.float32)
    vectors[17] += 9
    assert novelty.knn_distance(vectors, np.arange(50, 150)).argmax() == 17


def test_a_known_cutout_is_not_its_own_neighbour():
    vectors = np.array([[0.0], [1.0], [3.0], [7.0]], np.float32)
    found = novelty.knn_distance(vectors, np.arange(4), k=1) * vectors.std()
    np.testing.assert_allclose(found, [1, 1, 2, 4], rtol=1e-5)


def test_nothing_known_means_no_distance():
    assert np.isnan(novelty.knn_distance(np.ones((3, 2), np.float32), np.array([], int))).all()


def test_the_normalised_loss_forgets_size():
    rng = np.random.default_rng(0)
    size = rng.lognormal(3, 1, 400)
    loss = 0.3 * size**1.2 * rng.lognormal(0, 0.1, 400)
    loss[5] *= 4
    found = novelty.normalised_loss(loss, size, np.where(rng.random(400) < 0.1, np.nan, size))
    assert abs(np.corrcoef(found, np.log(size))[0, 1]) < 0.1
    assert found.argmax() == 5
