"""Train there, apply here: counts, their correction, and where the new data is foreign."""

import uuid

import numpy as np
import pytest

from cloudchamber.data import columns, datasets
from cloudchamber_worker.learning import counting, domain
from learning.conftest import Lab
from learning.synthetic import draw, drawn_tracks, measure


def tracks_of(kinds: np.ndarray, seed: int):
    """Images and measurements of the given kinds."""
    rng = np.random.default_rng(seed)
    images = [draw(int(kind), rng) for kind in kinds]
    return images, np.array([measure(image) for image in images], np.float32)


class TwoLabs:
    """A labelled dataset with a classifier, and room for others beside it."""

    def __init__(self, lab: Lab, **params) -> None:
        self.lab = lab
        images, measurements, kinds = drawn_tracks(180)
        lab.fill(images, measurements, "there")
        lab.label(np.arange(60), kinds[:60])
        done = lab.run(
            "train_classifier", None, architecture="extra_trees", folds=3, novelty_check=False,
            **params,
        )  # fmt: skip
        assert done["outcome"] == "published", done
        self.there, self.model = lab.dataset_id, done["result"]["model_version_id"]

    def apply(self, images, measurements, **params) -> dict:
        self.lab.fill(images, measurements, f"here {uuid.uuid4().hex[:6]}")
        done = self.lab.run("apply_model", None, model_version_id=self.model, **params)
        assert done["outcome"] == "published", done
        return done["result"] | {"job_id": done["job_id"]}


@pytest.fixture
def dialect() -> str:
    """Columns and models are tested on both databases elsewhere; a training costs seconds."""
    return "sqlite"


@pytest.fixture
def labs(lab: Lab) -> TwoLabs:
    return TwoLabs(lab)


def test_thresholds_count_only_the_sure():
    probability = np.array([[0.95, 0.05], [0.6, 0.4], [0.2, 0.8], [np.nan, np.nan]])
    found = counting.at_thresholds(probability, np.array([0, 1, 1, 0]))
    by = dict(zip(found["thresholds"], found["n"], strict=True))
    assert by[0.0] == [2, 1]
    assert by[0.9] == [1, 0]
    (lowest, *_), last = counting.purities(found), counting.purities(found)[-1]
    assert lowest[0] is not None
    assert lowest[0]["value"] == 0.5
    assert last[1] is None


def test_new_data_from_elsewhere_is_told_from_more_of_the_same():
    rng = np.random.default_rng(0)
    labelled, others, same = rng.normal(size=(3, 300, 6)).astype(np.float32)
    foreign = same + np.array([4, 0, 0, 0, 0, 0], np.float32)
    at_home, _ = domain.compare_distances(same, labelled, others)
    away, _ = domain.compare_distances(foreign, labelled, others)
    assert at_home.outside < domain.MANY < 0.5 < away.outside
    frame = domain.Frame("adu", 1, 0, 100)
    assert domain.warnings(at_home, frame, frame, [], 7) == []
    said = domain.warnings(away, frame, domain.Frame("electron", 3, 0, 900), ["width"], 7)
    words = " ".join(said)
    for part in ("farther", "electron", "9 times wider", "3 channels", "1 of the 7 numbers"):
        assert part in words


def test_a_model_counts_the_classes_of_another_dataset(labs: TwoLabs):
    kinds = np.repeat([0, 1, 2], [60, 30, 30])
    result = labs.apply(*tracks_of(kinds, 7))
    assert result["classes"] == ["muon", "electron", "X-ray"]
    assert result["warnings"] == []
    assert sum(result["counts"]) == 120
    assert sum(c["count"] for c in result["corrected"]) == pytest.approx(120)
    assert {c["verdict"] for c in result["corrected"]} == {"measured"}
    for true, corrected in zip([60, 30, 30], result["corrected"], strict=True):
        low, high = corrected["interval"]
        assert low <= true <= high
    place = result["thresholds"].index(0.9)
    assert sum(result["counts_at"][place]) <= 120
    assert np.array(result["confusion"]).sum() == 60
    assert result["purity"][0][0]["n"] > 0
    predicted = labs.lab.column("predicted", labs.model)
    assert (predicted == kinds).mean() > 0.9
    for name in ("probability", "confidence", "penultimate", "rank_ensemble", "knn_distance"):
        assert np.isfinite(labs.lab.column(name, labs.model)).all()


def test_the_map_of_both_is_written_on_both_datasets(labs: TwoLabs):
    result = labs.apply(*tracks_of(np.arange(60) % 3, 7))
    with labs.lab.database.read() as session:
        for dataset_id, n in ((labs.there, 180), (labs.lab.dataset_id, 60)):
            (column,) = columns.find_columns(session, dataset_id, names=["joint_map"])
            assert column.producer_job_id == result["job_id"]
            placed = columns.read_column(session, column)
            assert placed.shape == (n, 2)
            assert np.isfinite(placed).all()
        # Nothing that the source shows of itself has changed.
        assert datasets.get_dataset(session, labs.there).active_model_id == labs.model
        own = columns.find_columns(
            session, labs.there, model_version_id=labs.model, names=["predicted"]
        )
        assert [column.n for column in own] == [180]


def test_a_foreign_dataset_is_warned_of_by_name(labs: TwoLabs):
    images, measurements = tracks_of(np.arange(60) % 3, 7)
    bright = [(image.astype(np.uint16) * 100) for image in images]
    result = labs.apply(bright, measurements[:, :4] * 30, joint_map=False)
    words = " ".join(result["warnings"])
    assert "farther from the labelled ones" in words
    assert "times wider" in words
    assert result["domain"]["missing_numbers"] == ["peak", "eccentricity", "extent"]
    assert "peak, eccentricity, extent" in words
    assert result["joint_map"] is False


def test_a_model_is_judged_on_labels_of_another_dataset(labs: TwoLabs):
    kinds = np.arange(30) % 3
    labs.lab.fill(*tracks_of(kinds, 7), "judged")
    names = ["muon", "electron", "X-ray"]
    lines = [{"name": f"judged{i:04}", "label": names[kinds[i]]} for i in range(30)]
    done = labs.lab.run("evaluate", labels=lines, model_version_id=labs.model)
    assert done["outcome"] == "published", done
    assert done["result"]["in_training"] == 0
    assert done["result"]["accuracy"] > 0.9


def test_an_autoencoder_cannot_be_applied_and_says_why(lab: Lab):
    lab.tracks(12, 0)
    made = lab.run("train_autoencoder", epochs=1, latent=4)["result"]["model_version_id"]
    done = lab.run("apply_model", model_version_id=made)
    assert "names no classes" in done["error"]["message"]
    assert (
        "no model version 999" in lab.run("apply_model", model_version_id=999)["error"]["message"]
    )
