"""The noise of a crop, and what stands above it.

A crop as a cluster finder writes it holds the object and zeros. A camera's crop (a phone's, a
compressed picture) holds specks beside the object: pixels of a few counts that are scattered, each
for itself. They say how high the noise reaches, and nothing else does: whether an image holds noise
is read off where its pixels lie, never off their values alone.
"""

from typing import cast

import numpy as np
from scipy import ndimage

EIGHT = np.ones((3, 3), bool)
# A speck is a component of so few pixels, or one fainter than this part of the brightest pixel.
SPECK_PIXELS, SPECK_SHARE, SPIKE = 3, 0.05, 0.1
LEAST_SPECKS = 3
LEAST_RUNS = 5  # separate stretches of the border: a track crosses it in one or two
# The noise's median plus so many times the distance from there to its 84 % quantile, which is one
# standard deviation if it is normal, and 1.14 decay lengths if it falls exponentially, as that of
# a camera does that cuts at black. Of 5,000 pixels, less than one passes the upper level.
ACCEPT, GROW = 6.0, 3.0
RINGING, RINGS_OVER = 0.12, 8
# Chance that the neighbour of a pixel inside lies inside as well, beyond what chance gives: 0 for
# noise, 0.4 to 0.8 for the objects of 3,000 micrographs.
CLUMPED = 0.2


def clumping(inside: np.ndarray) -> float:
    """How far the pixels of a boolean [height, width] keep together: 0 where each lies for itself,
    1 where all 8 neighbours of every pixel are inside too, whatever their number."""
    share = float(inside.mean())
    if share in (0.0, 1.0):
        return share
    pairs = ends = 0
    for one, other in (
        (inside[:, 1:], inside[:, :-1]),
        (inside[1:], inside[:-1]),
        (inside[1:, 1:], inside[:-1, :-1]),
        (inside[1:, :-1], inside[:-1, 1:]),
    ):
        pairs += 2 * np.count_nonzero(one & other)
        ends += np.count_nonzero(one) + np.count_nonzero(other)
    return (pairs / max(ends, 1) - share) / (1 - share)


def without_noise(signal: np.ndarray) -> np.ndarray:
    """Of a signal float64 [height, width] that is 0 where nothing is: the pixels (boolean) that
    stand above the noise, all that are above 0 where no noise is seen.

    Noise is seen where three specks or more are scattered about, or where the border of the crop
    is met in many places: what is dense, or blurred by a compression, hangs together.
    """
    above = signal > 0
    labels, n = cast(tuple[np.ndarray, int], ndimage.label(above, EIGHT))
    ring = _ring(signal)
    crossings = _runs(ring > 0)
    if n == 1 and crossings < LEAST_RUNS:
        return above
    index = np.arange(1, n + 1)
    size = np.bincount(labels.ravel(), minlength=n + 1)[1:]
    peak = np.asarray(ndimage.maximum(signal, labels, index))
    small, faint = size <= SPECK_PIXELS, peak < SPECK_SHARE * signal.max()
    specks = (small | faint) & (peak < signal.max())
    if specks.sum() >= LEAST_SPECKS:
        # Each speck has one vote: its pixels are not independent where a compression blurred them.
        noise = peak[specks]
    elif crossings >= LEAST_RUNS:
        noise = ring[ring > 0]
    else:
        # Too few to say how high the noise reaches; what is small and faint is part of it.
        return above & ~np.isin(labels, index[small & faint])
    level = _Level(noise, pure=False)
    if noise.min() > 0.5 * level.median and level.high > SPIKE * signal.max():
        return above  # small objects of like brightness, cut at a threshold
    core = np.asarray(ndimage.binary_dilation(_standing(signal, level), EIGHT, iterations=2), bool)
    rest = signal[above & ~core]
    if len(rest) >= LEAST_SPECKS:
        level = _Level(rest)
    found = _without_spikes(signal, _standing(signal, level))
    return found if found.any() else above


def above_ringing(signal: np.ndarray) -> np.ndarray:
    """The pixels (boolean) of a compressed picture's signal, float64 [height, width] from 0 up,
    that are more than the ringing of something brighter: JPEG rounds the waves of blocks of 8 (16
    for colours) pixels, and leaves up to a tenth of an edge beside it."""
    return signal >= RINGING * ndimage.maximum_filter(signal, 2 * RINGS_OVER + 1, mode="constant")


def above_noise(distance: np.ndarray) -> np.ndarray:
    """The pixels (boolean) of a distance from the background, float64 [height, width], that stand
    above its noise, where most of the image is background; the farthest alone where none does."""
    level = _Level(distance[distance > 0])
    found = _without_spikes(distance, _standing(distance, level))
    return found if found.any() else distance == distance.max()


def _ring(image: np.ndarray) -> np.ndarray:
    """The border's pixels, in the order in which they lie."""
    return np.concatenate([image[0], image[1:, -1], image[-1, -2::-1], image[-2:0:-1, 0]])


def _runs(ring: np.ndarray) -> int:
    """Stretches of pixels inside, around a closed boolean ring."""
    begins = int(np.count_nonzero(ring[1:] & ~ring[:-1]))
    return begins + int(ring[0] and not ring[-1])


class _Level:
    """How high noise reaches: the quantiles of a sample of it that lie one and two standard
    deviations up if it is normal, whichever says more."""

    def __init__(self, noise: np.ndarray, *, pure: bool = True) -> None:
        self.median, one, two = (float(q) for q in np.quantile(noise, (0.5, 0.84, 0.977)))
        self.high = one
        # Counts of one value have no spread, and yet are known to a count only.
        self._step = max(one - self.median, 0.5 * float(noise.min()))
        if pure:
            self._step = max(self._step, (two - self.median) / 2)

    def above(self, steps: float) -> float:
        return self.median + steps * self._step


def _standing(signal: np.ndarray, level: _Level) -> np.ndarray:
    """Components above the lower level that somewhere pass the upper one."""
    grown, n = cast(tuple[np.ndarray, int], ndimage.label(signal > level.above(GROW), EIGHT))
    seen = np.zeros(n + 1, bool)
    seen[np.unique(grown[signal > level.above(ACCEPT)])] = True
    seen[0] = False
    return seen[grown]


def _without_spikes(signal: np.ndarray, found: np.ndarray) -> np.ndarray:
    """Less the specks that are under a tenth of the brightest pixel: in an image that has noise,
    rare and higher noise beside the common one, of which a threshold sees nothing."""
    labels, n = cast(tuple[np.ndarray, int], ndimage.label(found, EIGHT))
    if n < 2:
        return found
    index = np.arange(1, n + 1)
    size = np.bincount(labels.ravel(), minlength=n + 1)[1:]
    peak = np.asarray(ndimage.maximum(signal, labels, index))
    return found & ~np.isin(labels, index[(size <= SPECK_PIXELS) & (peak < SPIKE * signal.max())])
