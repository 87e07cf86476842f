"""Border, hull and holes of a boolean footprint [height, width]."""

from typing import cast

import numpy as np
from scipy import ndimage
from scipy.spatial import ConvexHull
from skimage.measure import perimeter as _perimeter


def perimeter(inside: np.ndarray) -> float:
    """Length of the border in pixels (Benkrid & Crookes 2000), never below that of a disc of the
    same area, which the estimate for a few pixels would be."""
    disc = 2 * np.sqrt(np.pi * inside.sum())
    return max(float(_perimeter(np.pad(inside, 1), neighborhood=4)), float(disc))


def convex_area(inside: np.ndarray) -> float:
    """Area of the convex hull of the pixels' corners, in px."""
    rows = np.flatnonzero(inside.any(axis=1))
    first = inside[rows].argmax(axis=1)
    last = inside.shape[1] - inside[rows][:, ::-1].argmax(axis=1)
    ends = [(x, y + dy) for y, a, b in zip(rows, first, last, strict=True)
            for x in (a, b) for dy in (0, 1)]  # fmt: skip
    return float(ConvexHull(np.array(ends, np.float64)).volume)  # of two dimensions: the area


def count_holes(inside: np.ndarray) -> int:
    """Background regions (4-connected, the complement of 8-connected footprints) enclosed."""
    _, regions = cast(tuple[np.ndarray, int], ndimage.label(~np.pad(inside, 1)))
    return regions - 1
