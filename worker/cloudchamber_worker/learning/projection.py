"""Embeddings to the plane: UMAP, aligned to the map before it."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import orthogonal_procrustes
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

MAX_FIT = 50_000
LEAST_FOR_UMAP = 8
# UMAP's own initial spread; the final map comes out of about this size.
EXTENT = 10.0


def clean(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors [n, d] with NaN and infinity replaced by the column's median (0 where none is
    known) and columns without variance removed (one of zeros stays if all go)."""
    x = np.array(vectors, np.float32, copy=True)
    x[~np.isfinite(x)] = np.nan
    for column in range(x.shape[1]):
        missing = np.isnan(x[:, column])
        if missing.any():
            x[missing, column] = 0 if missing.all() else np.nanmedian(x[:, column])
    varied = np.ptp(x, axis=0) > 1e-9 if len(x) else np.zeros(x.shape[1], bool)
    return x[:, varied] if varied.any() else np.zeros((len(x), 1), np.float32)


def project(
    vectors: NDArray[np.float32],
    previous: NDArray[np.float32] | None = None,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    seed: int = 0,
) -> NDArray[np.float32]:
    """Positions float32 [n, 2] of vectors [n, d], centred, about 10 units across.

    previous  positions [k, 2] of the first k rows in the map before, NaN where there was none:
              the new map starts from it and is turned, mirrored and moved onto it, so that
              points keep their places as far as the data lets them.

    UMAP (McInnes, Healy & Melville 2018) with a fixed seed on at most 50,000 rows, the others
    transformed into their map. Fewer than 8 different rows get principal components; equal rows
    share a small disc.
    """
    n = len(vectors)
    x = clean(vectors)
    start = padded(previous, n)
    if n < LEAST_FOR_UMAP or len(np.unique(x, axis=0)) < LEAST_FOR_UMAP:
        positions = plane(x, seed)
    else:
        # Equal rows fill each other's neighbourhoods and drift off as islands of their own: they
        # are placed once, and then side by side. (509 DAMIC cutouts, 55 of them copies by their
        # measurements: the farthest point came from 21 to 11 units off the middle.)
        _, first, spot = np.unique(x, axis=0, return_index=True, return_inverse=True)
        fit = _umap if len(first) <= MAX_FIT else _sampled_umap
        apart = fit(x[first], start[first], n_neighbors, min_dist, seed)
        positions = apart[spot] + spread_copies(spot, 0.02)
    positions = positions - positions.mean(axis=0) if n else positions
    return align(positions, start).astype(np.float32)


def padded(previous: NDArray[np.float32] | None, n: int) -> NDArray[np.float32]:
    """Positions [n, 2] of a map that may be missing or of another length; NaN where unknown."""
    start = np.full((n, 2), np.nan, np.float32)
    if previous is not None:
        k = min(n, len(previous))
        start[:k] = previous[:k]
    return start


def align(positions: NDArray[np.floating], previous: NDArray[np.floating]) -> NDArray[np.floating]:
    """Turn, mirror and move positions [n, 2] onto previous [n, 2] (NaN: free) by least squares."""
    turn, shift = alignment(positions, previous)
    return positions @ turn + shift


def alignment(
    positions: NDArray[np.floating], previous: NDArray[np.floating]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """turn [2, 2] and shift [2] that lay positions @ turn + shift onto previous by least squares;
    those that change nothing where fewer than three rows are shared."""
    shared = np.isfinite(previous).all(axis=1)
    if shared.sum() < 3:
        return np.eye(2), np.zeros(2)
    here, there = positions[shared], previous[shared]
    turn, _ = orthogonal_procrustes(here - here.mean(axis=0), there - there.mean(axis=0))
    return turn, there.mean(axis=0) - here.mean(axis=0) @ turn


def plane(x: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Principal components where there are any; rows on one spot are spread over a small disc."""
    n = len(x)
    positions = np.zeros((n, 2), np.float32)
    parts = min(2, n - 1, x.shape[1])
    if parts > 0 and np.ptp(x, axis=0).max() > 1e-9:
        positions[:, :parts] = PCA(parts, random_state=seed).fit_transform(x)
        positions *= EXTENT / 2 / max(float(np.abs(positions).max()), 1e-9)
    _, spot = np.unique(x, axis=0, return_inverse=True)
    return positions + spread_copies(spot, 0.1)


def spread_copies(spot: NDArray[np.intp], step: float) -> NDArray[np.float32]:
    """Offsets [n, 2] that spread the rows of one spot over a sunflower's disc."""
    order = np.argsort(spot, kind="stable")
    begins = np.searchsorted(spot[order], spot[order])
    place = np.empty(len(spot))
    place[order] = np.arange(len(spot)) - begins
    angle, radius = place * np.pi * (3 - np.sqrt(5)), step * np.sqrt(place)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).astype(np.float32)


def initial(x: NDArray[np.float32], start: NDArray[np.float32], seed: int):
    """The previous map where it reaches, new rows among their nearest old ones; else principal
    components, which keep groups without neighbours in common near each other."""
    known = np.isfinite(start).all(axis=1)
    if known.sum() < max(10, len(x) // 10):
        return "pca"
    init = start.copy()
    if not known.all():
        nearest = NearestNeighbors(n_neighbors=min(5, int(known.sum()))).fit(x[known])
        init[~known] = start[known][nearest.kneighbors(x[~known])[1]].mean(axis=1)
    jitter = np.random.default_rng(seed).normal(
        0, 1e-3 * max(float(np.ptp(init)), 1e-3), init.shape
    )
    return (init + jitter).astype(np.float32)


def _reducer(x: NDArray[np.float32], init: Any, n_neighbors: int, min_dist: float, seed: int):
    # numba compiles on import: only what draws a map pays for it
    from cloudchamber_worker.learning.umap_graph import ExactNeighbours, umap

    k = min(n_neighbors, len(x) - 1)
    index = ExactNeighbours(x)
    reducer = umap.UMAP(
        n_neighbors=k,
        precomputed_knn=index.graph(k),
        min_dist=min_dist,
        init=init,
        # From the previous map, fewer and shorter steps: with UMAP's usual 500 of length 1 the
        # groups drift apart again. Five new groups still separate wholly from a random start.
        n_epochs=None if isinstance(init, str) else 100,
        learning_rate=1.0 if isinstance(init, str) else 0.5,
        random_state=seed,
        n_jobs=1,
    )
    reducer.fit(x)
    reducer._knn_search_index = index  # what `transform` asks; a given graph leaves it empty
    return reducer


def _umap(
    x: NDArray[np.float32], start: NDArray[np.float32], n_neighbors: int, min_dist: float, seed: int
) -> NDArray[np.float32]:
    init = initial(x, start, seed)
    if x.shape[1] < 2 and isinstance(init, str):
        init = "random"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # disconnected graphs are ordinary here
        return np.asarray(_reducer(x, init, n_neighbors, min_dist, seed).embedding_)


def _sampled_umap(
    x: NDArray[np.float32], start: NDArray[np.float32], n_neighbors: int, min_dist: float, seed: int
) -> NDArray[np.float32]:
    chosen = np.sort(np.random.default_rng(seed).permutation(len(x))[:MAX_FIT])
    rest = np.setdiff1d(np.arange(len(x)), chosen)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        init = initial(x[chosen], start[chosen], seed)
        reducer = _reducer(x[chosen], init, n_neighbors, min_dist, seed)
        positions = np.empty((len(x), 2), np.float32)
        positions[chosen] = reducer.embedding_
        for part in np.array_split(rest, -(-len(rest) // 20_000)):
            positions[part] = reducer.transform(x[part])
    return positions


def warm() -> None:
    """Let numba compile and keep what UMAP needs, so that the first map does not wait."""
    rows = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
    project(rows)


def standardise(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors [n, d] cleaned, each dimension with mean 0 and standard deviation 1."""
    x = clean(vectors)
    return ((x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-6)).astype(np.float32)
