"""Which footprint of one detection is which of another: by the pixels they have in common.

Matching is greedy: the pair that shares most pixels is matched first, then the next of which
neither is matched yet. So where two footprints have become one, the one that shares more with it is
it; where one has become two, it is the part that shares more. Footprints of one detection have no
pixel in common, so every pixel is of at most one on either side, and one sort of the pixels finds
all overlaps.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Overlaps:
    """What two detections have in common.

    partner : int64 [new], the old footprint that each new one is, -1 for none
    old, new : int64 [pairs], footprints with a pixel in common
    shared : int64 [pairs], how many
    """

    partner: np.ndarray
    old: np.ndarray
    new: np.ndarray
    shared: np.ndarray

    def successors(self, old: int) -> np.ndarray:
        """The new footprints that have a pixel of an old one, those that share most first."""
        rows = np.flatnonzero(self.old == old)
        return self.new[rows[np.argsort(-self.shared[rows], kind="stable")]]


def pixels_of(mask: np.ndarray, x0: int, y0: int, width: int) -> np.ndarray:
    """Places y * width + x, int64 [n], of a footprint's pixels in a frame of this width."""
    y, x = np.nonzero(mask)
    return (y + y0).astype(np.int64) * width + (x + x0)


def match_footprints(old: Sequence[np.ndarray], new: Sequence[np.ndarray]) -> Overlaps:
    """Match footprints, each given by the places [n] of its pixels, each pixel in one of a side.

    Of pairs that share equally many pixels, the earlier new footprint, then the earlier old one
    comes first.
    """
    partner = np.full(len(new), -1, np.int64)
    places, owners = _sorted(old)
    others, takers = _sorted(new)
    if not len(places) or not len(others):
        none = np.empty(0, np.int64)
        return Overlaps(partner, none, none, none)
    at = np.searchsorted(places, others)
    at[at == len(places)] = 0
    both = places[at] == others
    pairs = np.stack([takers[both], owners[at[both]]])
    (mine, theirs), shared = np.unique(pairs, axis=1, return_counts=True)
    free = np.ones(len(old), bool)
    for row in np.argsort(-shared, kind="stable"):  # np.unique gave them by new, then by old
        if partner[mine[row]] < 0 and free[theirs[row]]:
            partner[mine[row]] = theirs[row]
            free[theirs[row]] = False
    return Overlaps(partner, theirs, mine, shared)


def _sorted(footprints: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The pixels of all in rising order, and of which footprint each is."""
    places = np.concatenate([np.empty(0, np.int64), *footprints])
    owners = np.repeat(np.arange(len(footprints)), [len(pixels) for pixels in footprints])
    order = np.argsort(places, kind="stable")
    return places[order], owners[order]
