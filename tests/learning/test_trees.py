"""Learners on numbers alone: extra-trees, kernel logistic regression, gradient-boosted trees."""

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesClassifier

from cloudchamber.data import datasets, models
from cloudchamber.services.columns import shown_columns
from cloudchamber_worker.learning.architectures import architecture
from cloudchamber_worker.learning.architectures.boosted_trees import BOOSTED_TREES_SPACE, ICE_CORE
from cloudchamber_worker.learning.boosting import BoostedTrees, fit_boosted
from cloudchamber_worker.learning.checkpoints import Journal, from_bytes, to_bytes
from cloudchamber_worker.learning.classifier import classifier_from_bytes, fit_classifier
from cloudchamber_worker.learning.forest import Forest, fit_forest
from cloudchamber_worker.learning.inputs import CutoutSet
from cloudchamber_worker.learning.kernel import KernelLogistic, fit_kernel_logistic
from cloudchamber_worker.steps import contributions as explaining
from learning.conftest import Lab
from learning.synthetic import NAMES, drawn_tracks


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
    fitted = (fit_forest(x, y, 5, 0, trees=20), fit_kernel_logistic(x, y, 5, 0), boosted(x, y, 5))
    for model in fitted:
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


def boosted(x, y, n_classes=3, seed=0, **values):
    chosen = {**{p.name: p.default for p in BOOSTED_TREES_SPACE}, "n_estimators": 60, **values}
    return fit_boosted(x, y, n_classes, seed, chosen)


def test_boosted_trees_learn_and_survive_their_bytes(sample):
    x, y = sample
    model = boosted(x, y)
    assert (model.predict(x).argmax(axis=1) == y).mean() > 0.9
    arrays, _ = from_bytes(to_bytes(model.arrays()))
    again = BoostedTrees(**arrays)
    assert (again.predict(x) == model.predict(x)).all()
    assert again.rounds == model.rounds
    assert model.importance.argmax() in (0, 1, 2)
    np.testing.assert_allclose(model.importance.sum(), 1, rtol=1e-5)


def test_contributions_add_up_to_the_score_of_each_class(sample):
    x, y = sample
    y = np.where(y == 1, 3, y)  # class 1 is absent
    model = boosted(x, y, 4)
    values, base = model.contributions(x[:50])
    assert values.shape == (50, 4, 6)
    assert not values[:, 1].any()
    score = np.exp(base + values.sum(axis=2))
    score[:, 1] = 0
    np.testing.assert_allclose(
        score / score.sum(axis=1, keepdims=True), model.predict(x[:50]), atol=1e-5
    )


def test_contributions_are_those_of_the_definition():
    """Shapley's sum over all subsets, worked out by hand for two features and stumps of one."""
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]] * 10, np.float32)
    y = (x[:, 0] > 0.5).astype(np.int64)  # the second feature says nothing
    model = boosted(x, y, 2, n_estimators=10, max_depth=1, early_stopping=0, subsample=1.0,
                    colsample_bytree=1.0)  # fmt: skip
    values, base = model.contributions(x[:4])
    assert not values[:, :, 1].any()
    odds = np.log(model.predict(x[:4]))
    # Balanced halves: each half's score lies as far from the base as the other's.
    np.testing.assert_allclose(values[0, :, 0], -values[2, :, 0], atol=1e-6)
    np.testing.assert_allclose(
        (values[2, 1, 0] - values[2, 0, 0]),
        odds[2, 1] - odds[2, 0] - (base[1] - base[0]),
        atol=1e-5,
    )


def test_rounds_are_chosen_within_the_training_set():
    """Given labels of pure chance, when rounds may be 300, then the choice stops early; with
    early stopping off, all are run."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(120, 4)).astype(np.float32), rng.integers(0, 2, 120)
    assert boosted(x, y, 2, n_estimators=300).rounds < 60
    assert boosted(x, y, 2, n_estimators=300, early_stopping=0).rounds == 300


def test_what_is_held_out_changes_nothing_but_the_curve(sample):
    x, y = sample
    values = {p.name: p.default for p in BOOSTED_TREES_SPACE if p.default is not None}
    rows: list[dict] = []
    model = fit_boosted(x[:150], y[:150], 3, 0, values, None, (x[150:], y[150:]), rows.append)
    other = fit_boosted(
        x[:150], y[:150], 3, 0, values, None, (x[150:], 2 - y[150:]), lambda _: None
    )
    assert model.ubj.tobytes() == other.ubj.tobytes()
    assert rows[-1]["val_loss"] < rows[0]["val_loss"]
    assert [row["epoch"] for row in rows] == sorted({row["epoch"] for row in rows})
    assert len(rows) <= 101


def test_the_ice_core_projects_values_are_in_the_space():
    chosen = architecture("trees").choose(ICE_CORE).values(4)
    assert (chosen["eta"], chosen["max_depth"], chosen["n_estimators"]) == (0.296, 14, 200)


def test_trees_explain_themselves(lab: Lab):
    """Given a dataset with measurements, when trees are trained by the job, then the version holds
    a Shapley value for each cutout, class and number, and their means."""
    lab.tracks(40, labelled=30)
    done = lab.run("train_classifier", architecture="trees", folds=2, novelty_check=False)
    assert done["outcome"] == "published", done
    version = done["result"]["model_version_id"]
    values = lab.column("shap", version).reshape(40, 3, 7)
    with lab.database.read() as session:
        model = models.get_model(session, version)
        dataset = datasets.get_dataset(session, lab.dataset_id)
        assert "shap" in {c.name for c in shown_columns(session, dataset)}
        classifier, _ = classifier_from_bytes(models.read_weights(session, version))
    summary = model.metrics["shap"]
    assert summary["features"] == list(NAMES)
    assert summary["classes"] == ["muon", "electron", "X-ray"]
    np.testing.assert_allclose(np.abs(values).mean(axis=0), summary["mean_abs"], rtol=1e-5)
    assert classifier.boosted is not None
    assert model.config["rounds"] == classifier.boosted.rounds
    score = np.array(summary["base"]) + values.sum(axis=2)
    predicted = lab.column("probability", version).argmax(axis=1)
    assert (score.argmax(axis=1) == predicted).all()
    assert np.isfinite(lab.column("penultimate", version)).all()


def test_contributions_take_no_more_rows_than_fit(monkeypatch: pytest.MonkeyPatch):
    _, measurements, kinds = drawn_tracks(40)
    data = CutoutSet(None, measurements, np.arange(40, dtype=np.int32), NAMES)
    classifier = fit_classifier(
        data, np.arange(40), kinds, 3, architecture("trees"), 0, Journal(), "all"
    )
    monkeypatch.setattr(explaining, "MAX_BYTES", 4 * 7 * 3 * 25)
    found = explaining.contributions(classifier, data)
    assert found is not None
    assert found.values.shape == (25, 3, 7)
    assert found.summary([{"name": "a"}, {"name": "b"}, {"name": "c"}])["n"] == 25
