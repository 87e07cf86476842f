import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from cloudchamber_worker.learning import projection
from cloudchamber_worker.learning.clustering import find_clusters
from cloudchamber_worker.learning.projection import align, clean, project, standardise
from cloudchamber_worker.learning.typicality import labelling_order, typicality


def blobs(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    which = np.arange(n) % 3
    return (rng.normal(size=(n, 5)) + 12 * np.eye(5)[which]).astype(np.float32), which


@pytest.mark.parametrize("n", [0, 1, 2, 5, 8, 20])
def test_any_number_of_cutouts_has_a_map(n: int):
    vectors, _ = blobs(n)
    positions = project(vectors)
    assert positions.shape == (n, 2)
    assert np.isfinite(positions).all()
    clusters = find_clusters(positions)
    assert clusters.cluster.shape == clusters.outlier.shape == (n,)
    assert typicality(vectors).shape == (n,)


@pytest.mark.parametrize("n", [2, 5, 60])
def test_equal_rows_lie_apart_and_are_one_cluster(n: int):
    positions = project(np.ones((n, 4), np.float32))
    assert len(np.unique(positions, axis=0)) == n
    assert find_clusters(np.ones((n, 2), np.float32)).outlier.max() == 0


def test_many_copies_of_few_rows_have_a_map():
    vectors = np.repeat(np.eye(4, dtype=np.float32), 20, axis=0)
    positions = project(vectors)
    assert np.isfinite(positions).all()
    assert np.isfinite(find_clusters(positions).outlier).all()


def test_missing_and_infinite_values_do_not_spoil_a_map():
    vectors, _ = blobs(40)
    vectors[::4, 0] = np.nan
    vectors[1, 1] = np.inf
    vectors[:, 2] = np.nan
    assert np.isfinite(clean(vectors)).all()
    assert np.isfinite(project(vectors)).all()


def test_groups_of_the_data_are_clusters_of_the_map():
    vectors, which = blobs(150)
    clusters = find_clusters(project(vectors))
    assert adjusted_rand_score(which, clusters.cluster) > 0.9
    assert clusters.cluster.max() == 2


def test_the_same_seed_gives_the_same_map():
    vectors, _ = blobs(60)
    assert (project(vectors, seed=3) == project(vectors, seed=3)).all()


def test_a_new_map_keeps_points_in_their_places():
    """Clouds without groups: nothing but the previous map says where their points belong. How far
    the points of one cloud move hangs on the rounding of the processor; the middle one of nine
    clouds does not."""
    moved, free = [], []
    for seed in range(9):
        cloud = np.random.default_rng(seed).normal(size=(150, 5)).astype(np.float32)
        before = project(cloud[:120])
        extent = np.ptp(before, axis=0).max()
        for found, after in ((moved, project(cloud, previous=before)), (free, project(cloud))):
            found.append(np.median(np.linalg.norm(after[:120] - before, axis=1)) / extent)
    assert np.median(moved) < 0.2
    # The control: drawn anew, the same points end up elsewhere.
    assert np.median(free) > 1.5 * np.median(moved)


def test_alignment_undoes_a_turn_and_a_reflection():
    there = np.random.default_rng(0).normal(size=(50, 2))
    angle = 1.1
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    here = there @ turn * [1, -1] + [3, 4]
    np.testing.assert_allclose(align(here, there), there, atol=1e-9)


def test_standardised_dimensions_weigh_the_same():
    vectors = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32) * [50, 1, 0]
    vectors[3, 1] = np.nan
    found = standardise(vectors.astype(np.float32))
    assert found.shape == (100, 2)
    np.testing.assert_allclose(found.std(axis=0), 1, rtol=1e-4)


def test_the_first_to_label_come_from_every_group():
    vectors, which = blobs(300)
    which[:] = np.arange(300) % 3
    order = labelling_order(vectors)
    assert sorted(order) == list(range(300))
    assert set(which[order[:5]]) == {0, 1, 2}


def test_a_small_group_is_met_early():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(400, 4)).astype(np.float32)
    vectors[395:] += 15
    assert (labelling_order(vectors)[:10] >= 395).any()


def test_what_is_labelled_comes_last_and_covers_its_region():
    vectors, which = blobs(90)
    labelled = which == 0
    order = labelling_order(vectors, labelled=labelled)
    assert labelled[order[-30:]].all()
    assert not labelled[order[:60]].any()


def test_compiled_kernels_are_kept_for_the_next_process():
    from umap.layouts import _nb_optimize_layout_euclidean_single_epoch as layout
    from umap.umap_ import compute_membership_strengths, smooth_knn_dist

    vectors, _ = blobs(40)
    project(vectors)
    for kernel in (layout, smooth_knn_dist, compute_membership_strengths):
        assert kernel.stats.cache_path is not None


def test_a_set_too_large_to_fit_whole_is_placed_around_a_sample(monkeypatch):
    monkeypatch.setattr(projection, "MAX_FIT", 100)
    vectors, which = blobs(300)
    positions = project(vectors)
    assert np.isfinite(positions).all()
    assert adjusted_rand_score(which, find_clusters(positions).cluster) > 0.9
