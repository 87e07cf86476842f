"""Pixels that are hot in most exposures of one detector: no particle hits the same pixel so often.

A track covers a pixel in one exposure of thousands; one above the threshold in more than half of
them is a defect.
"""

import math
from collections import Counter
from dataclasses import dataclass, field

import numpy as np

LEAST_EXPOSURES = 3
SHARE = 0.5
MAX_BRIGHT = 0.05  # part of a frame: one with more above the threshold says nothing of its pixels


@dataclass(frozen=True)
class Readout:
    """What exposures must share for their pixels to be the same: detector, HDU, colour, and the
    size [height, width] of the image in the file. `colour` is -1 for what is none: the colours of
    one image show the same tracks."""

    detector: str
    extension: str
    place: int
    shape: tuple[int, int]
    colour: int = -1


@dataclass(frozen=True)
class HotPixels:
    """The hot pixels of a readout.

    mask : boolean [height, width] of the data area
    n : how many they are, in `exposures` exposures
    """

    mask: np.ndarray
    n: int
    exposures: int


@dataclass
class HotPixelSearch:
    """Counts how often each pixel of a readout is above the threshold."""

    _sizes: dict[Readout, tuple[int, int]] = field(default_factory=dict)
    _bright: dict[Readout, list[np.ndarray]] = field(default_factory=dict)
    _seen: Counter[Readout] = field(default_factory=Counter)
    _hashes: set[bytes] = field(default_factory=set)

    def add(
        self, readout: Readout, bright: np.ndarray, size: tuple[int, int], content: bytes
    ) -> None:
        """Count the pixels above the threshold of one exposure.

        Parameters
        ----------
        bright : integers [n], y * width + x
        size : [height, width] of the data area they are of
        content : what tells the exposure from others: a copy counts once
        """
        known = self._sizes.setdefault(readout, size)
        if content in self._hashes or known != size or len(bright) > MAX_BRIGHT * math.prod(size):
            return
        self._hashes.add(content)
        self._seen[readout] += 1
        self._bright.setdefault(readout, []).append(bright.astype(np.uint32))

    def found(self) -> dict[Readout, HotPixels]:
        """The hot pixels of every readout that has some."""
        result = {}
        for readout, parts in self._bright.items():
            exposures = self._seen[readout]
            if exposures < LEAST_EXPOSURES:
                continue
            index, counts = np.unique(np.concatenate(parts), return_counts=True)
            hot = index[counts > SHARE * exposures]
            if len(hot):
                mask = np.zeros(self._sizes[readout], bool)
                mask.ravel()[hot] = True
                result[readout] = HotPixels(mask, len(hot), exposures)
        return result
