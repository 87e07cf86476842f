"""What drives an embedding: direction or kind; and how clusters agree with labels."""

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from cloudchamber.data import columns
from cloudchamber_worker.imaging.measurements import MEASUREMENTS, measure_all
from cloudchamber_worker.learning.orientation import (
    TURNS,
    axis_difference,
    folded_difference,
    neighbour_angles,
    rotation_retrieval,
    turn,
)
from cloudchamber_worker.learning.structure import cluster_agreement
from learning.conftest import Lab
from learning.synthetic import drawn_tracks


def test_the_turns_are_the_quarter_turns_and_a_reflection():
    image = np.arange(6).reshape(2, 3)
    turned = [turn(image, how) for how in range(len(TURNS))]
    assert [t.shape for t in turned] == [(3, 2), (2, 3), (3, 2), (2, 3)]
    assert (turned[1] == image[::-1, ::-1]).all()
    assert (turned[3] == image[:, ::-1]).all()
    colour = turn(np.zeros((2, 3, 3)), 0)
    assert colour.shape == (3, 2, 3)


def test_copies_that_fall_on_their_originals_are_all_found():
    vectors = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)
    originals = np.arange(10)
    same = np.stack([vectors[originals]] * 4)
    assert rotation_retrieval(vectors, same, originals) == 1
    # The control: vectors that follow the direction lose their turned copies.
    elsewhere = same + np.random.default_rng(1).normal(size=same.shape).astype(np.float32) * 3
    assert rotation_retrieval(vectors, elsewhere, originals) < 0.5


def test_a_copy_among_the_originals_counts_as_found():
    vectors = np.zeros((6, 2), np.float32)
    vectors[3:] = 5
    copies = np.zeros((1, 1, 2), np.float32)
    assert rotation_retrieval(vectors, copies, np.array([2])) == 1


def test_an_embedding_by_direction_is_told_from_one_without():
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 180, 400)
    elongated = np.ones(400, bool)
    doubled = np.radians(2 * angle)
    by_direction = np.stack([np.cos(doubled), np.sin(doubled)], 1).astype(np.float32)
    blind = rng.normal(size=(400, 4)).astype(np.float32)
    driven = neighbour_angles(by_direction, angle, elongated)
    free = neighbour_angles(blind, angle, elongated)
    assert driven is not None and free is not None
    assert driven[0].mean < 3
    assert abs(free[0].mean - free[0].chance) < 4 * free[0].error
    assert free[0].chance == pytest.approx(45, abs=1.5)
    assert free[1].chance == pytest.approx(15, abs=1)
    assert abs(free[1].mean - free[1].chance) < 4 * free[1].error
    # What only averages over the 8 symmetries may still follow the rest of the direction.
    rest = np.minimum(angle % 90, 90 - angle % 90)
    averaged = neighbour_angles(rest[:, None].astype(np.float32), angle, elongated)
    assert averaged is not None
    assert averaged[0].mean > 30
    assert averaged[1].mean < 3


def test_chance_is_that_of_the_sample():
    angle = np.random.default_rng(0).uniform(80, 100, 100)  # all of them upright
    found = neighbour_angles(
        np.random.default_rng(1).normal(size=(100, 3)).astype(np.float32), angle, np.ones(100, bool)
    )
    assert found is not None
    assert found[0].chance < 10


def test_copies_are_not_neighbours():
    rng = np.random.default_rng(0)
    vectors = np.repeat(rng.normal(size=(100, 4)), 2, axis=0).astype(np.float32)
    angle = np.repeat(rng.uniform(0, 180, 100), 2)
    found = neighbour_angles(vectors, angle, np.ones(200, bool))
    assert found is not None
    assert found[0].mean > 35


def test_too_few_directions_have_no_angle():
    vectors = np.zeros((30, 2), np.float32)
    assert neighbour_angles(vectors, np.full(30, np.nan), np.ones(30, bool)) is None
    assert neighbour_angles(vectors, np.arange(30.0), np.arange(30) < 10) is None


@pytest.mark.parametrize(
    ("left", "right", "axes", "folded"),
    [(10, 170, 20, 0), (0, 90, 90, 0), (5, 50, 45, 35), (179, 1, 2, 0), (30, 60, 30, 0)],
)
def test_angles_between_axes(left: float, right: float, axes: float, folded: float):
    assert axis_difference(np.array(left), np.array(right)) == pytest.approx(axes)
    assert folded_difference(np.array(left), np.array(right)) == pytest.approx(folded)


def test_agreement_is_that_of_the_textbook():
    cluster = np.array([0, 0, 0, 1, 1, 1, -1, -1])
    label = np.array([7, 7, 9, 9, 9, 9, 7, 9])
    found = cluster_agreement(cluster, label)
    assert found["ari"] == pytest.approx(adjusted_rand_score(label, cluster))
    assert found["nmi"] == pytest.approx(normalized_mutual_info_score(label, cluster))
    assert found["purity"] == pytest.approx(5 / 6)
    assert found["unclustered"] == pytest.approx(0.25)


def test_nothing_labelled_or_nothing_clustered_agrees_with_nothing():
    nothing = np.zeros(0, int)
    assert cluster_agreement(nothing, nothing)["ari"] is None
    loose = cluster_agreement(np.full(5, -1), np.arange(5))
    assert loose["purity"] is None
    assert loose["unclustered"] == 1


def test_a_map_of_measurements_states_what_drives_it(lab: Lab):
    images, _, kinds = drawn_tracks(90)
    lab.fill(images, np.zeros((90, 0), np.float32))
    measured = measure_all((image, None) for image in images)
    with lab.database.write() as session:
        for i, m in enumerate(MEASUREMENTS):
            spec = columns.ColumnSpec(m.name, m.title, m.unit, "measurement", "float32")
            columns.write_column(session, lab.dataset_id, spec, measured[:, i])
    lab.label(np.arange(60), kinds[:60])
    result = lab.run("fit_map")["result"]
    assert result["method"] == "umap"
    assert 0.5 < result["trustworthiness"]["value"] <= 1
    judged = result["audit"]
    assert judged["embedding"] == "measurements"
    assert judged["retrieval"]["share"] == 1
    assert judged["retrieval"]["n"] == 4 * judged["retrieval"]["sample"]
    angle = judged["angle"]
    assert abs(angle["mean"] - angle["chance"]) < 5 * angle["error"] + 5
    assert judged["labels"]["n"] == 60
    assert judged["labels"]["seen"] is False
    assert judged["labels"]["neighbours"]["mean"] > 0.8
    assert judged["labels"]["purity"] > 0.5


def test_measurements_that_came_with_the_cutouts_cannot_be_turned(lab: Lab):
    lab.tracks(40, 0)
    judged = lab.run("fit_map")["result"]["audit"]
    assert judged["angle"] is None
    assert judged["labels"] is None
    assert set(judged["reasons"]) >= {"angle", "labels"}


def test_an_autoencoder_that_sees_direction_loses_turned_copies(lab: Lab):
    lab.tracks(60, 0)
    share = {}
    for ignore in (True, False):
        made = lab.run("train_autoencoder", epochs=3, latent=8, ignore_orientation=ignore)
        version = made["result"]["model_version_id"]
        judged = lab.run("fit_map", embedding="latent", model_version_id=version)["result"]["audit"]
        assert judged["model_version_id"] == version
        share[ignore] = judged["retrieval"]["share"]
    assert share[True] >= 0.99
    assert share[False] < 0.9


def test_a_map_of_a_training_says_that_its_labels_were_seen(lab: Lab):
    lab.tracks(60, labelled=30)
    params = {"architecture": "extra_trees", "folds": 2, "novelty_check": False}
    trained = lab.run("train_classifier", None, **params)["result"]
    assert trained["audit"]["labels"]["seen"] is True
    assert trained["audit"]["model_version_id"] == trained["model_version_id"]
    judged = lab.run("fit_map", embedding="penultimate")["result"]["audit"]
    assert judged["labels"]["seen"] is True
    assert judged["labels"]["neighbours"] is None
    assert judged["labels"]["n"] == 30
