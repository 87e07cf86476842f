"""The graph UMAP lays out, and its kernels: compiled once and kept, neighbours found exactly."""

import logging
import sys
import warnings

import numba
import numpy as np
import torch
from numba.core.dispatcher import Dispatcher
from numpy.typing import NDArray
from scipy.sparse import coo_matrix

from cloudchamber_worker.learning.neighbours import Neighbours

with warnings.catch_warnings():
    warnings.simplefilter("ignore", ImportWarning)  # it misses TensorFlow, which nothing here does
    import umap
    from umap.umap_ import find_ab_params, fuzzy_simplicial_set

log = logging.getLogger(__name__)

SPREAD = 1.0


def keep_kernels() -> None:
    """Let numba keep on disk what it compiles of umap-learn, which asks for that nowhere.

    Every job runs in a process of its own. Measured on one core, a map of 509 rows by 42 in a
    fresh process: 8.2 s, of which 7.6 s compiling; 0.6 s once the kernels are kept.
    """
    for name, module in list(sys.modules.items()):
        if not name.startswith("umap."):
            continue
        for kernel in vars(module).values():
            if isinstance(kernel, Dispatcher) and not kernel.signatures:
                try:
                    kernel.enable_caching()
                except RuntimeError as error:  # no folder to write to: compiled each time
                    log.info("numba keeps no kernels: %s", error)
                    return


def launch_threads() -> None:
    """Start numba's threads now, and leave torch the number that it had.

    numba's first parallel kernel sets the number of threads of the OpenMP that torch computes with
    too: whatever was trained behind a map had other bits than before it wherever torch had been
    given fewer threads than the machine has cores (``OMP_NUM_THREADS``).
    """
    before = torch.get_num_threads()
    numba.get_num_threads()  # starts them
    torch.set_num_threads(before)


keep_kernels()
launch_threads()


class ExactNeighbours:
    """All neighbours by brute force, in the form UMAP asks an index.

    In 42 dimensions this is faster on one core than PyNNDescent, which UMAP takes above 4096 rows,
    and has nothing to compile: 0.1 s for 5,000 rows, 1.4 s for 20,000, 8.8 s for 50,000, where
    PyNNDescent compiles for 20 s before it begins.
    """

    _angular_trees = False  # what UMAP looks at to choose a tolerance, which is none here

    def __init__(self, vectors: NDArray[np.float32]) -> None:
        self._found = Neighbours(vectors)
        self._vectors = vectors

    def graph(self, k: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """Of each row its k nearest, itself the first: rows int32 and distances float32 [n, k]."""
        return self.query(self._vectors, k)

    def query(
        self, vectors: NDArray[np.float32], k: int, epsilon: float = 0.0
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The k nearest rows of each vector, nearest first; ``epsilon`` changes nothing."""
        distance, row = self._found.query(vectors, k)
        return row.astype(np.int32), distance.astype(np.float32)


def fuzzy_graph(vectors: NDArray[np.float32], n_neighbors: int, seed: int = 0) -> coo_matrix:
    """UMAP's fuzzy simplicial set of finite vectors [n, d]: symmetric memberships [n, n] in 0..1
    (McInnes, Healy & Melville 2018, section 3.1)."""
    k = min(n_neighbors, len(vectors) - 1)
    row, distance = ExactNeighbours(vectors).graph(k)
    graph, *_ = fuzzy_simplicial_set(
        vectors,
        k,
        np.random.RandomState(seed),
        "euclidean",
        knn_indices=row,
        knn_dists=distance,
    )
    return coo_matrix(graph)


def curve(min_dist: float) -> tuple[float, float]:
    """a and b of 1 / (1 + a d^2b), UMAP's membership at the distance d on the map."""
    a, b = find_ab_params(SPREAD, min_dist)
    return float(a), float(b)


__all__ = ["ExactNeighbours", "curve", "fuzzy_graph", "keep_kernels", "launch_threads", "umap"]
