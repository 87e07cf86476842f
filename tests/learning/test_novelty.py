"""What brings a class that nobody labelled to the top, and how that is measured."""

import numpy as np
import pytest

from cloudchamber.data import jobs
from cloudchamber_worker.learning import distances, novelty, unseen_class
from cloudchamber_worker.learning.architectures import architecture
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.classifier import Prediction
from cloudchamber_worker.learning.inputs import CutoutSet
from cloudchamber_worker.learning.quantiles import fit_quantile_scaling
from learning.conftest import Lab
from learning.synthetic import drawn_tracks

CHEAP = {"architecture": "small_cnn", "epochs": 2, "autoencoder": False, "self_supervised": False}


def two_groups_and_a_stranger(seed: int = 0):
    """120 rows of two classes along one axis and a long tail along another, and one row between
    them, far off in the direction in which nothing varies."""
    rng = np.random.default_rng(seed)
    y = np.arange(120) % 2
    x = rng.normal(0, (0.3, 3.0, 0.05), (120, 3)).astype(np.float32)
    x[:, 0] += 4 * y
    return np.vstack([x, np.array([[2, 0, 1.5]], np.float32)]), y


def probabilities(n: int, seed: int = 0):
    return np.random.default_rng(seed).dirichlet(np.ones(3), n).astype(np.float32)


@pytest.mark.parametrize(
    "rank",
    [
        lambda x, known, y: distances.knn_distance(x, known, whitened=True),
        lambda x, known, y: distances.mahalanobis(x, known, y),
        lambda x, known, y: distances.local_outlier_factor(x / x.std(axis=0), known),
        lambda x, known, y: distances.hdbscan_outlier(x, known),
    ],
)
def test_a_stranger_in_a_direction_of_little_variance_ranks_first(rank):
    x, y = two_groups_and_a_stranger()
    found = rank(x, np.arange(120), y)
    assert found.dtype == np.float32
    assert found.argmax() == 120


def test_plain_distance_does_not_see_that_stranger():
    """The control: without whitening the tail hides it."""
    x, _ = two_groups_and_a_stranger()
    nearest = np.sqrt(((x[:, None] - x[None, :120]) ** 2).sum(axis=2) + 1e9 * np.eye(121, 120))
    assert nearest.min(axis=1).argmax() != 120


def test_a_million_cutouts_are_compared_with_few_references():
    known = np.arange(30_000)
    assert len(distances.thinned(known, 1_000)) <= distances.MAX_REFERENCE
    few = distances.thinned(known, 1_000_000)
    assert 500 <= len(few) <= 4000
    assert few[-1] > 25_000


def test_an_ensemble_of_ranks_is_not_ruled_by_a_member_of_large_numbers():
    loud, quiet = np.array([0.0, 1e6, 2e6, 3e6]), np.array([0.9, 0.1, 0.2, 0.3])
    found = novelty.rank_ensemble([loud, quiet, quiet])
    assert found.argmax() in (0, 3)
    assert found.argmin() == 1
    undefined = novelty.rank_ensemble([np.array([np.nan, 1.0, 3.0])])
    np.testing.assert_allclose(undefined, [0.5, 0, 1])


def test_rankings_do_without_measurements():
    vectors = np.random.default_rng(0).normal(size=(60, 5)).astype(np.float32)
    prediction = Prediction(probabilities(60), vectors)
    known, y = np.arange(40), np.arange(40) % 3
    bare = novelty.rankings(prediction, known, y)
    assert next(iter(bare)) == novelty.DEFAULT
    assert "measurement_knn" not in bare
    whole = novelty.rankings(prediction, known, y, vectors)
    assert set(whole) - set(bare) == {"measurement_knn", "lof", "isolation_forest"}
    for values in whole.values():
        assert values.shape == (60,)
        assert np.isfinite(values).all()


def test_every_ranking_has_a_title_for_its_column():
    from cloudchamber_worker.steps.classifier_columns import RANKINGS

    vectors = np.zeros((12, 2), np.float32)
    prediction = Prediction(probabilities(12), vectors)
    found = novelty.rankings(prediction, np.arange(6), np.arange(6) % 2, vectors)
    assert set(found) == set(RANKINGS)


def test_the_judgement_counts_ties_half_and_states_its_base_rate():
    odd = np.arange(100) < 20
    assert unseen_class.auroc(odd.astype(float), odd) == 1
    assert unseen_class.auroc(np.zeros(100), odd) == 0.5
    judged = unseen_class.judge(odd + 0.0, odd)
    assert judged["precision"] == 1
    assert judged["looked_at"] == 20
    assert judged["base_rate"] == 0.2
    assert judged["interval"] == [1, 1]


def test_what_stands_first_is_told_from_chance_however_few_were_ranked():
    """Given 18 of an unseen class among 40 ranked, when the ranking is perfect or reversed, then
    its share among the first 18 is 1 or 0: the first 50 would be all, and 0.45 for both."""
    odd = np.arange(40) < 18
    best, worst = (unseen_class.judge(sign * odd, odd) for sign in (1.0, -1.0))
    assert (best["looked_at"], best["precision"], best["base_rate"]) == (18, 1, 0.45)
    assert worst["precision"] == 0
    many = np.arange(500) < 200
    assert unseen_class.judge(many + 0.0, many)["looked_at"] == 50
    table = unseen_class.summarise(
        {"entropy": {"a": best, "b": unseen_class.judge(many + 0.0, many)}}
    )
    assert table["entropy"]["looked_at"] == [18, 50]


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    """Given scores whose true AUROC is Φ(1/√2) = 0.760, when 200 samples are judged, then about
    95 of a hundred intervals hold it (normal approximation of the count: 181 at least)."""
    rng = np.random.default_rng(0)
    odd = np.arange(90) < 30
    covered = 0
    for draw in range(200):
        low, high = unseen_class.judge(rng.normal(odd * 1.0), odd, draw)["interval"]
        covered += low <= 0.7602 <= high
    assert 181 <= covered <= 199


def test_leaving_a_class_out_measures_every_ranking():
    _, measurements, kinds = drawn_tracks(90)
    data = CutoutSet(None, measurements, np.arange(90, dtype=np.int32))
    found = unseen_class.leave_one_class_out(
        data, np.arange(90), kinds, ["muon", "electron", "X-ray"], architecture("extra_trees"), 0,
        Journal(), fit_quantile_scaling(measurements), {"pixels": measurements[:, 0]},
    )  # fmt: skip
    assert found is not None
    assert {"rank_ensemble", "knn_distance", "lof", "max_score", "pixels"} <= set(found)
    assert set(found["knn_distance"]["per_class"]) == {"muon", "electron", "X-ray"}
    assert found["rank_ensemble"]["per_class"]["X-ray"]["auroc"] > 0.9
    assert all(0 <= f["auroc"] <= 1 for f in found.values())


def test_two_classes_are_too_few_to_leave_one_out():
    assert not unseen_class.divide(np.arange(40), np.arange(40) % 2, np.arange(40), 0)


def test_an_unseen_class_is_never_trained_on():
    _, _, kinds = drawn_tracks(90)
    for division in unseen_class.divide(np.arange(90), kinds, np.arange(90), 0):
        assert not (kinds[division.training] == division.unseen).any()
        assert not np.isin(division.ranked, division.training).any()
        assert (kinds[division.ranked] == division.unseen).sum() == division.odd.sum() == 30


def test_the_cheap_check_stays_within_its_budget():
    divisions = unseen_class.divide(np.arange(900), np.arange(900) % 3, np.arange(900), 0)
    recipe = architecture("small_cnn")
    shown = 30_000
    epochs = unseen_class.epochs_within(recipe, divisions, shown, None)
    assert epochs is not None
    assert epochs * sum(len(d.training) for d in divisions) <= shown
    assert epochs < recipe.epochs


def test_the_experiment_states_every_class_and_ranking(lab: Lab):
    lab.tracks(60, labelled=60)
    phases = set()
    done = lab.run(
        "leave_one_class_out",
        lambda told: phases.add(told["epoch"]["phase"]) if "epoch" in told else None,
        architecture="small_cnn",
        epochs=4,
    )
    assert done["outcome"] == "published", done
    result = done["result"]
    assert set(result["classes"]) == {"muon", "electron", "X-ray"}
    assert result["default"] == "rank_ensemble"
    assert phases == {"classifier", "autoencoder", "self-supervised"}
    table = result["rankings"]
    assert {
        "rank_ensemble", "loss", "loss_normalised", "self_supervised_knn",
        "self_supervised_mahalanobis", "hdbscan_outlier", "pixels",
    } <= set(table)  # fmt: skip
    for of in table.values():
        for judged in of["per_class"].values():
            low, high = judged["interval"]
            assert low <= judged["auroc"] <= high
            assert judged["n_unseen"] == 20
    assert "without labels" in result["self_supervised"]


def test_a_killed_experiment_goes_on_with_the_class_it_was_at(lab: Lab):
    lab.tracks(60, labelled=60)
    whole = lab.run("leave_one_class_out", None, **CHEAP)["result"]

    class Killed(BaseException):
        pass

    def die(told: dict) -> None:
        if told.get("epoch", {}).get("fold") == 1:
            raise Killed

    with pytest.raises(Killed):
        lab.run("leave_one_class_out", die, **CHEAP)
    with lab.database.read() as session:
        job_id = jobs.list_jobs(session, dataset_id=lab.dataset_id)[0].id
    lab.release(job_id)
    trained = []
    done = lab.attempt(
        job_id, lambda told: trained.append(told["epoch"]["fold"]) if "epoch" in told else None
    )
    assert done["outcome"] == "published", done
    assert 0 not in trained
    assert done["result"]["rankings"] == whole["rankings"]


def test_two_labelled_classes_leave_none_to_leave_out(lab: Lab):
    lab.tracks(40, labelled=0)
    lab.label(np.arange(40), np.arange(40) % 2)
    done = lab.run("leave_one_class_out", None, **CHEAP)
    assert "Three classes" in done["error"]["message"]
    assert done["error"]["hint"]
