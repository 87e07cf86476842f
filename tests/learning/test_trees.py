import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

from cloudchamber_worker.learning.checkpoints import from_bytes, to_bytes
from cloudchamber_worker.learning.forest import Forest, fit_forest
from cloudchamber_worker.learning.kernel import KernelLogistic, fit_kernel_logistic


@pytest.fixture
def sample():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 6)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] ** 2 > 0.5).astype(np.int64) + (x[:, 2] > 1)
    return x, y


def test_trees_from_arrays_say_what_scikit_learn_says(sample):
    x, y = sample
    forest = fit_forest(x, y, 3, seed=4, trees=50)
    reference = ExtraTreesClassifier(50, max_features="sqrt", random_state=4).fit(x, y)
    other = np.random.default_rng(1).normal(size=(3000, 6)).astype(np.float32)
    np.testing.assert_allclose(forest.predict(other), reference.predict_proba(other), atol=1e-6)


def test_trees_survive_their_bytes(sample):
    x, y = sample
    forest = fit_forest(x, y, 3, seed=0, trees=20)
    arrays, _ = from_bytes(to_bytes(forest.arrays()))
    assert (Forest(**arrays).predict(x) == forest.predict(x)).all()


def test_classes_without_rows_get_no_probability(sample):
    x, _ = sample
    y = np.where(x[:, 0] > 0, 1, 3).astype(np.int64)
    for model in (fit_forest(x, y, 5, 0, trees=20), fit_kernel_logistic(x, y, 5, 0)):
        p = model.predict(x)
        assert p.shape == (200, 5)
        assert not p[:, [0, 2, 4]].any()
        np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
        assert (p.argmax(axis=1) == y).mean() > 0.95


def test_kernel_logistic_regression_bends_and_survives_its_bytes(sample):
    x, y = sample
    model = fit_kernel_logistic(x, y, 3, seed=0)
    assert (model.predict(x).argmax(axis=1) == y).mean() > 0.9
    arrays, _ = from_bytes(to_bytes(model.arrays()))
    assert (KernelLogistic(**arrays).predict(x) == model.predict(x)).all()


def test_a_forest_of_equal_rows_answers_with_the_shares():
    x, y = np.zeros((10, 3), np.float32), np.array([0] * 7 + [1] * 3)
    p = fit_forest(x, y, 2, 0, trees=5).predict(x)
    np.testing.assert_allclose(p, np.tile([0.7, 0.3], (10, 1)), atol=1e-6)
