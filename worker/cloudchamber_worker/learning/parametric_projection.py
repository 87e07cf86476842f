"""A map by a network: drawn like any other, and kept, so that new cutouts have their places."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.parametric_umap import ParametricMap, fit_parametric_umap
from cloudchamber_worker.learning.projection import (
    LEAST_FOR_UMAP,
    MAX_FIT,
    alignment,
    initial,
    padded,
    plane,
    spread_copies,
)
from cloudchamber_worker.learning.training import Row

# Between equal rows, as in ``projection.project``.
STEP = 0.02


@dataclass(frozen=True)
class Placed:
    """positions float32 [n, 2], and the network that gives them."""

    positions: NDArray[np.float32]
    network: ParametricMap


def project_parametric(
    vectors: NDArray[np.float32],
    previous: NDArray[np.float32] | None = None,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    seed: int = 0,
    journal: Journal | None = None,
    on_epoch: Callable[[Row], None] | None = None,
    epochs: int | None = None,
) -> Placed | None:
    """Positions of finite vectors [n, d] by parametric UMAP, fitted on at most 50,000 rows.

    It starts from ``previous`` [k, 2], the first k rows' places on the map before, and is turned,
    mirrored and moved onto it; else from principal components. None with fewer than 8 different
    rows: those need no network.
    """
    distinct, first = np.unique(vectors, axis=0, return_index=True)
    if len(distinct) < LEAST_FOR_UMAP:
        return None
    start = padded(previous, len(vectors))
    if len(first) > MAX_FIT:
        first = np.random.default_rng(seed).permutation(first)[:MAX_FIT]
    first = np.sort(first)
    x = vectors[first]
    begin = initial(x, start[first], seed)
    begin = plane(x, seed) if isinstance(begin, str) else begin
    network = fit_parametric_umap(
        x, begin.astype(np.float32), n_neighbors, min_dist, seed, journal, on_epoch, epochs
    )
    free = network.place(vectors)
    turn, shift = alignment(free, start)
    if not np.isfinite(start).any():
        shift = -free.mean(axis=0)
    network = replace(network, turn=turn.astype(np.float32), shift=shift.astype(np.float32))
    return Placed(place(network, vectors), network)


def place(
    network: ParametricMap,
    vectors: NDArray[np.float32],
    previous: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Positions float32 [n, 2] of vectors [n, d]; rows with a place in ``previous`` keep it, equal
    rows lie side by side."""
    _, spot = np.unique(vectors, axis=0, return_inverse=True)
    positions = network.place(vectors) + spread_copies(spot, STEP)
    before = padded(previous, len(vectors))
    known = np.isfinite(before).all(axis=1)
    positions[known] = before[known]
    return positions.astype(np.float32)
