"""The nearest rows by brute force, at distances that are exactly 0 between equal rows."""

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

CHUNK_VALUES = 8_000_000  # differences held at a time: 64 MB


class Neighbours:
    """Rows [n, d] (finite) that are asked for the nearest to others.

    scikit-learn finds them by |a|² + |b|² - 2ab, whose rounding depends on the BLAS and the
    processor and leaves about 1e-7 of a row's length between equal rows. That is more than
    nothing: UMAP takes the smallest distance above 0 for that to the nearest neighbour, and on
    600 normal rows in 42 dimensions took the row itself for it in 24 to 32 % of them. So what was
    found is measured once more by the differences.
    """

    def __init__(self, rows: NDArray[np.floating]) -> None:
        self._rows = rows
        self._found = NearestNeighbors(algorithm="brute").fit(rows)

    def query(
        self, vectors: NDArray[np.floating], k: int
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Distance and row number [m, k] of the k nearest (k ≤ n) to each of the vectors [m, d],
        nearest first; equal distances in the order of the rows."""
        row = np.sort(self._found.kneighbors(vectors, k, return_distance=False), axis=1)
        distance = np.empty(row.shape)
        step = max(1, CHUNK_VALUES // max(k * self._rows.shape[1], 1))
        for start in range(0, len(vectors), step):
            part = slice(start, start + step)
            apart = self._rows[row[part]].astype(np.float64) - vectors[part, None]
            distance[part] = np.sqrt(np.einsum("ijk,ijk->ij", apart, apart))
        order = np.argsort(distance, axis=1, kind="stable")
        return np.take_along_axis(distance, order, 1), np.take_along_axis(row, order, 1)
