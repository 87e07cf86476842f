"""Embeddings to the plane: UMAP, aligned to the map before it."""

import logging
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import orthogonal_procrustes
from sklearn.decomposition import PCA
from sklearn.neighbors import NearestNeighbors

log = logging.getLogger(__name__)

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
    transformed into their map. Fewer than 8 rows, or rows that are all equal, get principal
    components and a disc.
    """
    n = len(vectors)
    x = clean(vectors)
    start = np.full((n, 2), np.nan, np.float32)
    if previous is not None:
        k = min(n, len(previous))
        start[:k] = previous[:k]
    if n < LEAST_FOR_UMAP or len(np.unique(x[:10_000], axis=0)) < 3:
        positions = _plane(x, seed)
    elif n <= MAX_FIT:
        positions = _umap(x, start, n_neighbors, min_dist, seed)
    else:
        positions = _sampled_umap(x, start, n_neighbors, min_dist, seed)
    positions = positions - positions.mean(axis=0) if n else positions
    return align(positions, start).astype(np.float32)


def align(positions: NDArray[np.floating], previous: NDArray[np.floating]) -> NDArray[np.floating]:
    """Turn, mirror and move positions [n, 2] onto previous [n, 2] (NaN: free) by least squares."""
    shared = np.isfinite(previous).all(axis=1)
    if shared.sum() < 3:
        return positions
    here, there = positions[shared], previous[shared]
    rotation, _ = orthogonal_procrustes(here - here.mean(axis=0), there - there.mean(axis=0))
    return (positions - here.mean(axis=0)) @ rotation + there.mean(axis=0)


def _plane(x: NDArray[np.float32], seed: int) -> NDArray[np.float32]:
    """Principal components where there are any; rows on one spot are spread over a small disc."""
    n = len(x)
    positions = np.zeros((n, 2), np.float32)
    parts = min(2, n - 1, x.shape[1])
    if parts > 0 and np.ptp(x, axis=0).max() > 1e-9:
        positions[:, :parts] = PCA(parts, random_state=seed).fit_transform(x)
        positions *= EXTENT / 2 / max(float(np.abs(positions).max()), 1e-9)
    _, spot, counts = np.unique(x, axis=0, return_inverse=True, return_counts=True)
    if n > 1 and counts.max() > 1:
        place = np.zeros(n)
        for c in np.flatnonzero(counts > 1):
            place[spot == c] = np.arange(counts[c])
        angle, radius = place * np.pi * (3 - np.sqrt(5)), 0.1 * np.sqrt(place)
        positions += np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).astype("f4")
    return positions


def _initial(x: NDArray[np.float32], start: NDArray[np.float32], seed: int):
    """The previous map where it reaches, new rows among their nearest old ones; else spectral."""
    known = np.isfinite(start).all(axis=1)
    if known.sum() < max(10, len(x) // 10):
        return "spectral"
    init = start.copy()
    if not known.all():
        nearest = NearestNeighbors(n_neighbors=min(5, int(known.sum()))).fit(x[known])
        init[~known] = start[known][nearest.kneighbors(x[~known])[1]].mean(axis=1)
    jitter = np.random.default_rng(seed).normal(
        0, 1e-3 * max(float(np.ptp(init)), 1e-3), init.shape
    )
    return (init + jitter).astype(np.float32)


def _reducer(init: Any, n: int, n_neighbors: int, min_dist: float, seed: int):
    import umap  # numba compiles on import: only what draws a map pays for it

    return umap.UMAP(
        n_neighbors=min(n_neighbors, n - 1),
        min_dist=min_dist,
        init=init,
        # From the previous map, fewer steps: with UMAP's usual 500 the groups drift apart again.
        n_epochs=None if isinstance(init, str) else 100,
        random_state=seed,
        n_jobs=1,
    )


def _umap(
    x: NDArray[np.float32], start: NDArray[np.float32], n_neighbors: int, min_dist: float, seed: int
) -> NDArray[np.float32]:
    init = _initial(x, start, seed)
    if isinstance(init, str) and len(x) < 30:
        init = "pca"  # the eigensolver needs more rows than this to be meaningful
    with warnings.catch_warnings():
        # Disconnected graphs and equal rows are ordinary here, and handled by umap itself.
        warnings.simplefilter("ignore")
        try:
            return _reducer(init, len(x), n_neighbors, min_dist, seed).fit_transform(x)
        except (ValueError, TypeError, np.linalg.LinAlgError):
            log.warning(
                "spectral start failed on %d rows; starting from principal components", len(x)
            )
            return _reducer("pca", len(x), n_neighbors, min_dist, seed).fit_transform(x)


def _sampled_umap(
    x: NDArray[np.float32], start: NDArray[np.float32], n_neighbors: int, min_dist: float, seed: int
) -> NDArray[np.float32]:
    chosen = np.sort(np.random.default_rng(seed).permutation(len(x))[:MAX_FIT])
    rest = np.setdiff1d(np.arange(len(x)), chosen)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reducer = _reducer(
            _initial(x[chosen], start[chosen], seed), MAX_FIT, n_neighbors, min_dist, seed
        )
        positions = np.empty((len(x), 2), np.float32)
        positions[chosen] = reducer.fit_transform(x[chosen])
        for part in np.array_split(rest, -(-len(rest) // 20_000)):
            positions[part] = reducer.transform(x[part])
    return positions


def warm() -> None:
    """Let numba compile what UMAP needs, on a few rows, so that the first map does not wait."""
    rows = np.random.default_rng(0).normal(size=(64, 4)).astype(np.float32)
    project(rows)


def blend(*embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Embeddings [n, d_i] side by side as [n, sum of d_i], each with the same total variance."""
    parts = []
    for vectors in embeddings:
        if vectors.shape[1] == 0:
            continue
        x = clean(vectors)
        spread = np.maximum(x.std(axis=0), 1e-6)
        parts.append((x - x.mean(axis=0)) / spread / np.sqrt(x.shape[1]))
    return np.concatenate(parts, axis=1).astype(np.float32)
