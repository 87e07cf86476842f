"""The skeleton of a footprint: a one-pixel-wide line (Zhang & Suen 1984, CACM 27, 236)."""

from functools import cached_property
from typing import cast

import numpy as np
from scipy import ndimage
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from skimage.morphology import skeletonize

EIGHT = np.ones((3, 3), bool)
STEPS = ((0, 1, 1.0), (1, 0, 1.0), (1, 1, np.sqrt(2)), (1, -1, np.sqrt(2)))


class Skeleton:
    """Numbers of the skeleton of a boolean footprint [height, width] with at least one pixel.

    The longest path is the longest of the shortest ways between two pixels of the largest
    component, steps of 1 and sqrt 2 px.
    """

    def __init__(self, inside: np.ndarray) -> None:
        padded = np.pad(inside, 1)
        line = skeletonize(padded)
        if not line.any():
            line = padded
        neighbours = ndimage.convolve(line.astype(np.uint8), EIGHT.astype(np.uint8)) - line
        self.pixels = int(line.sum())
        self.components = _count(padded)
        self.end_points = int((line & (neighbours == 1)).sum())
        crossings = line & (neighbours >= 3)
        self.branches = _count(crossings)  # one crossing is several pixels
        widths = cast(np.ndarray, ndimage.distance_transform_edt(padded))[line]
        self.width_variation = float(widths.std() / widths.mean())
        self._y, self._x = np.nonzero(line)
        self._graph = _graph(line)

    @cached_property
    def _path(self) -> tuple[float, int, float]:
        """Length of the longest path + 1, its number of pixels, and the chord + 1, in px."""
        first = start = 0
        distances = np.zeros(1)
        before = np.zeros(1, int)
        for _ in range(2):  # twice from the farthest: exact on trees, near it with loops
            distances, before = dijkstra(
                self._graph, directed=False, indices=start, return_predecessors=True
            )
            distances = np.where(np.isfinite(distances), distances, -1.0)
            first, start = start, int(np.argmax(distances))
        count, node = 1, start
        while before[node] >= 0:
            node, count = int(before[node]), count + 1
        chord = float(np.hypot(self._x[first] - self._x[start], self._y[first] - self._y[start]))
        return float(distances[start]) + 1, count, chord + 1

    @property
    def path_length(self) -> float:
        """Length of the longest path, px; 1 for a single pixel."""
        return self._path[0]

    @property
    def path_share(self) -> float:
        """Part of the skeleton's pixels that lies on the longest path."""
        return self._path[1] / self.pixels

    @property
    def straightness(self) -> float:
        """Distance of the path's ends over its length: 1 for a straight track; NaN below 3 px."""
        return self._path[2] / self._path[0] if self._path[1] > 2 else float("nan")


def _count(region: np.ndarray) -> int:
    return cast(tuple[np.ndarray, int], ndimage.label(region, EIGHT))[1]


def _graph(line: np.ndarray) -> csr_array:
    """Neighbouring skeleton pixels [n, n], weighted with their distance."""
    index = np.full(line.shape, -1)
    count = int(line.sum())
    index[line] = np.arange(count)
    rows, columns, weights = [], [], []
    for dy, dx, length in STEPS:
        there = np.roll(index, (-dy, -dx), (0, 1))  # the padding keeps the roll from wrapping
        both = (index >= 0) & (there >= 0)
        rows.append(index[both])
        columns.append(there[both])
        weights.append(np.full(int(both.sum()), length))
    return csr_array(
        (np.concatenate(weights), (np.concatenate(rows), np.concatenate(columns))),
        shape=(count, count),
    )
