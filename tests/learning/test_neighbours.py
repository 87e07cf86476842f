"""Distances between rows are measured, not left over from a sum of large numbers."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from cloudchamber_worker.learning.distances import knn_distance
from cloudchamber_worker.learning.neighbours import Neighbours


def rows(n: int = 600, d: int = 42) -> np.ndarray:
    x = np.random.default_rng(0).normal(size=(n, d)).astype(np.float32)
    x[:, 0] *= 100  # one large number in all rows is what the expansion rounds away
    return x


def test_a_row_lies_at_no_distance_from_itself_and_is_its_own_nearest():
    x = rows()
    distance, row = Neighbours(x).query(x, 5)
    assert (distance[:, 0] == 0).all()
    assert (row[:, 0] == np.arange(len(x))).all()
    assert (distance[:, 1] > 1).all()


def test_copies_lie_at_no_distance_from_each_other():
    x = np.concatenate([rows(50), rows(50)])
    distance, row = Neighbours(x).query(x, 3)
    assert (distance[:, :2] == 0).all()
    assert (row[:, :2] == np.stack([np.arange(100) % 50, np.arange(100) % 50 + 50], 1)).all()
    # Labelled copies of a cutout are no distance away from it.
    assert (knn_distance(x, np.arange(100), k=1) == 0).all()


@pytest.mark.parametrize("k", [1, 7, 40])
def test_the_nearest_are_those_that_scikit_learn_finds(k: int):
    x, asked = rows(40, 6), rows(90, 6)[50:]
    distance, _ = Neighbours(x).query(asked, k)
    theirs, _ = NearestNeighbors(n_neighbors=k, algorithm="kd_tree").fit(x).kneighbors(asked)
    np.testing.assert_allclose(distance, theirs, rtol=1e-5)
    assert (np.diff(distance, axis=1) >= 0).all()
