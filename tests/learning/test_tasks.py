"""The learning jobs on real databases, from job row to published columns."""

from typing import get_args

import numpy as np
import pytest
from pydantic import ValidationError

from cloudchamber.data import columns, datasets, jobs, models
from cloudchamber.data.job_requests import ArchitectureName, TrainClassifier
from cloudchamber_worker.learning.architectures import ARCHITECTURES
from cloudchamber_worker.learning.checkpoints import from_bytes
from learning.conftest import Lab
from learning.synthetic import NAMES, drawn_tracks, measure


def test_a_classifier_is_published_whole(lab: Lab):
    lab.tracks(90, labelled=45)
    rows: list[dict] = []
    done = lab.run(
        "train_classifier",
        lambda told: rows.append(told["epoch"]) if "epoch" in told else None,
        folds=3,
        epochs=6,
    )
    assert done["outcome"] == "published", done
    version = done["result"]["model_version_id"]
    assert lab.column("probability", version).shape == (90, 3)
    assert (lab.column("predicted", version)[45:] == drawn_tracks(90)[2][45:]).mean() > 0.8
    assert (lab.column("held_out_class", version)[45:] == -1).all()
    assert (lab.column("snapshot_class", version)[:45] == drawn_tracks(90)[2][:45]).all()
    for ranking in ("knn_distance", "entropy", "margin", "median_score"):
        assert np.isfinite(lab.column(ranking, version)).all()
    with lab.database.read() as session:
        dataset = datasets.get_dataset(session, lab.dataset_id)
        assert dataset.active_model_id == version
        assert dataset.active_map_job_id == done["job_id"]
        model = models.get_model(session, version)
        metrics = model.metrics
        ordinals, _ = models.read_label_snapshot(session, model)
        arrays, note = from_bytes(models.read_weights(session, version))
        curves = model.curves
    assert ordinals.tolist() == list(range(45))
    assert [c["name"] for c in note["classes"]] == ["muon", "electron", "X-ray"]
    assert "forest/threshold" in arrays
    assert metrics["accuracy"]["n"] == metrics["n_labels"] == 45
    assert metrics["accuracy"]["mean"] > 0.7
    assert metrics["split"] == "cutout"
    assert metrics["biased_sample"] is False
    assert len(metrics["per_class"]) == 3
    assert set(metrics["novelty"]) >= {"knn_distance", "entropy"}
    assert {row["phase"] for row in rows} == {"fold", "unseen class", "all labels"}
    assert len(curves) == len(rows)


def test_trees_train_where_no_network_would(lab: Lab):
    lab.tracks(40, labelled=8)
    done = lab.run("train_classifier", architecture="trees")
    assert done["outcome"] == "published", done
    version = done["result"]["model_version_id"]
    assert lab.column("penultimate", version).shape[0] == 40
    assert lab.column("map").shape == (40, 2)


@pytest.mark.parametrize(
    ("labelled", "words"),
    [(0, "you have no labels"), (2, "you have 1 muon, 1 electron"), (1, "you have 1 muon")],
)
def test_too_few_labels_are_said_in_numbers(lab: Lab, labelled: int, words: str):
    lab.tracks(12, labelled)
    done = lab.run("train_classifier")
    assert done["outcome"] == "failed"
    assert "2 classes with at least 2 labels are needed" in done["error"]["message"]
    assert words in done["error"]["message"]
    assert done["error"]["hint"]


def test_an_unknown_architecture_is_refused_with_the_known_names():
    with pytest.raises(ValidationError, match="seed_cnn"):
        TrainClassifier.model_validate({"architecture": "alexnet"})


def test_the_request_offers_the_architectures_of_the_registry():
    assert set(get_args(ArchitectureName)) == set(ARCHITECTURES)


def test_chosen_labels_are_said_to_be_chosen(lab: Lab):
    lab.tracks(60, labelled=0)
    lab.label(np.arange(30), drawn_tracks(60)[2][:30], order="uncertain")
    done = lab.run("train_classifier", architecture="trees", folds=3)
    with lab.database.read() as session:
        model = models.get_model(session, done["result"]["model_version_id"])
        assert model.metrics["biased_sample"] is True


def test_odd_cutouts_do_no_harm(lab: Lab):
    images, measurements, kinds = drawn_tracks(36)
    measurements[:, 3] = np.nan  # a column that nobody could measure
    measurements[:, 2] = 4  # one without variance
    images[30] = np.full((1, 1), 9, np.uint8)
    images[31] = images[32]
    lab.fill([*images[:33], np.full((7, 9), np.nan, np.float32)], measurements[:34])
    lab.label(np.arange(33), kinds[:33])
    for params in ({"epochs": 2, "folds": 2, "novelty_check": False}, {"architecture": "trees"}):
        done = lab.run("train_classifier", None, **params)
        assert done["outcome"] == "published", done
        assert np.isfinite(lab.column("probability")).all()
        assert np.isfinite(lab.column("map")).all()


def test_a_killed_training_goes_on_and_gives_the_same_answer(lab: Lab):
    """Given a training that dies in its second fold, when the next attempt takes it, then it
    trains on the labels of the first one and ends with the same probabilities."""
    lab.tracks(40, labelled=24)
    params = {"architecture": "small_cnn", "epochs": 3, "folds": 2, "novelty_check": False}
    whole = lab.run("train_classifier", None, **params)
    expected = lab.column("probability", whole["result"]["model_version_id"])

    class Killed(BaseException):
        pass

    def die(told: dict) -> None:
        if told.get("epoch", {}).get("fold") == 1:
            raise Killed

    with pytest.raises(Killed):
        lab.run("train_classifier", die, **params)
    lab.label(np.arange(24, 40), drawn_tracks(40)[2][24:])  # too late to count
    with lab.database.read() as session:
        job_id = jobs.list_jobs(session, dataset_id=lab.dataset_id)[0].id
    lab.release(job_id)
    trained: list[tuple] = []
    done = lab.attempt(
        job_id,
        lambda told: (
            trained.append((told["epoch"]["phase"], told["epoch"]["fold"]))
            if "epoch" in told
            else None
        ),
    )
    assert done["outcome"] == "published"
    assert ("fold", 0) not in trained
    assert (lab.column("probability", done["result"]["model_version_id"]) == expected).all()


@pytest.mark.parametrize("n", [1, 2, 5, 40])
def test_a_dataset_of_any_size_has_a_map(lab: Lab, n: int):
    lab.tracks(n, 0)
    done = lab.run("fit_map")
    assert done["outcome"] == "published", done
    assert lab.column("map").shape == (n, 2)
    for name in ("cluster", "map_outlier", "typicality"):
        assert np.isfinite(lab.column(name)).all()
    assert lab.column("typicality").max() == 1


def test_an_empty_dataset_has_no_map_and_says_so(lab: Lab):
    lab.fill([], np.zeros((0, 7), np.float32))
    done = lab.run("fit_map")
    assert done["error"]["message"] == "The dataset has 0 cutouts; at least 1 are needed."


def test_a_second_map_lies_on_the_first_one(lab: Lab):
    lab.tracks(60, 0)
    lab.run("fit_map", seed=1)
    first = lab.column("map")
    lab.run("fit_map", seed=2)
    second = lab.column("map")
    with lab.database.read() as session:
        assert len(columns.find_columns(session, lab.dataset_id, names=["map"])) == 2
    moved = np.median(np.linalg.norm(first - second, axis=1))
    assert moved < 0.3 * np.ptp(first, axis=0).max()


@pytest.mark.parametrize("kind", ["train_vae", "train_autoencoder"])
def test_an_autoencoder_publishes_what_a_triptych_needs(lab: Lab, kind: str):
    lab.tracks(30, 0)
    done = lab.run(kind, epochs=2, latent=8)
    assert done["outcome"] == "published", done
    version = done["result"]["model_version_id"]
    assert lab.column("latent", version).shape == (30, 8)
    seen, made = lab.column("model_input", version), lab.column("reconstruction", version)
    assert seen.shape == made.shape == (30, 64 * 64)
    assert seen.max() == 255
    assert np.isfinite(lab.column("loss", version)).all()
    assert np.isfinite(lab.column("loss_normalised", version)).all()
    with lab.database.read() as session:
        model = models.get_model(session, version)
        assert model.config["input_shape"] == [64, 64, 1]
        assert datasets.get_dataset(session, lab.dataset_id).active_model_id is None
        (column,) = columns.find_columns(
            session, lab.dataset_id, model_version_id=version, names=["reconstruction"]
        )
        assert column.description.startswith("64x64x1")
    mapped = lab.run("fit_map", embedding="latent")
    assert mapped["outcome"] == "published", mapped


def test_a_latent_map_without_autoencoder_says_what_to_do(lab: Lab):
    lab.tracks(10, 0)
    done = lab.run("fit_map", embedding="latent")
    assert "no latent embedding" in done["error"]["message"]


def test_evaluation_tells_seen_from_unseen_labels(lab: Lab):
    lab.tracks(60, labelled=30)
    lab.run("train_classifier", architecture="trees")
    kinds = drawn_tracks(60)[2]
    names = ["muon", "Electron", "x-ray"]
    lines = [{"name": f"tracks{i:04}", "label": names[kinds[i]]} for i in range(20, 60)]
    lines += [
        {"name": "nowhere", "label": "muon"},
        {"name": "tracks0003", "label": "readout error"},
    ]
    result = lab.run("evaluate", labels=lines)["result"]
    assert result["n"] == 41
    assert result["unknown_names"] == 1
    assert result["in_training"] == 11
    assert result["unseen"]["n"] == 30
    assert result["unseen"]["accuracy"] > 0.9
    assert result["classes"] == ["muon", "electron", "X-ray", "readout error"]
    assert np.array(result["confusion"]).shape == (4, 4)
    low, high = result["accuracy_interval"]
    assert low < result["accuracy"] < high


def add_later(lab: Lab, images: list[np.ndarray]) -> None:
    """Append cutouts called late0000 … to the dataset, with their measurements."""
    from cloudchamber.data import cutouts

    rows = np.array([measure(image) for image in images], np.float32)
    with lab.database.write() as session:
        new = [cutouts.NewCutout(f"late{i:04}", image) for i, image in enumerate(images)]
        first = cutouts.append_cutouts(session, lab.dataset_id, new)[0]
        for column in columns.find_columns(session, lab.dataset_id, group="measurement"):
            spec = columns.ColumnSpec(column.name, column.title, "", "measurement", "float32")
            values = rows[:, NAMES.index(column.name)]
            columns.write_column(session, lab.dataset_id, spec, values, start=first)


def none_alike(images: list[np.ndarray]) -> list[np.ndarray]:
    """The images, each with a pixel of a value of its own: some are drawn alike by chance."""
    for i, image in enumerate(images):
        image.flat[image.argmax()] = 101 + 2 * i
    return images


def test_cutouts_that_came_after_the_training_are_predicted_for_an_evaluation(lab: Lab):
    lab.tracks(40, labelled=30)
    lab.run("train_classifier", epochs=10, folds=2, novelty_check=False)
    images, _, kinds = drawn_tracks(60, seed=9)
    add_later(lab, none_alike(images))
    names = ["muon", "electron", "X-ray"]
    lines = [{"name": f"late{i:04}", "label": names[kinds[i]]} for i in range(60)]
    result = lab.run("evaluate", labels=lines)["result"]
    assert result["in_training"] == 0
    assert result["unseen"]["n"] == 60
    assert result["accuracy"] > 0.8


def test_a_turned_copy_of_what_was_learnt_counts_as_seen_in_an_evaluation(lab: Lab):
    lab.tracks(40, labelled=30)
    lab.run("train_classifier", architecture="trees")
    learnt = drawn_tracks(40)[0][0]
    images = none_alike(drawn_tracks(9, seed=9)[0])
    add_later(lab, [*images, np.rot90(learnt)])
    lines = [{"name": f"late{i:04}", "label": "muon"} for i in range(10)]
    result = lab.run("evaluate", labels=lines)["result"]
    assert (result["n"], result["in_training"], result["unseen"]["n"]) == (10, 1, 9)


def test_an_evaluation_of_strangers_says_so(lab: Lab):
    lab.tracks(20, labelled=12)
    lab.run("train_classifier", architecture="trees")
    done = lab.run("evaluate", labels=[{"name": "nobody", "label": "muon"}])
    assert "None of the 1 rows gives a cutout" in done["error"]["message"]
