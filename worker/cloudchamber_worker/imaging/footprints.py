"""The footprint of a crop that came without one, and the signal that is measured in it."""

import numpy as np

from cloudchamber_worker.imaging.noise_floor import (
    CLUMPED,
    above_noise,
    above_ringing,
    clumping,
    without_noise,
)

SPARSE = 0.5  # more zeros than this, and nothing below: the zeros are "no signal"


def signal_of(pixels: np.ndarray, mask: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Signal float64 [height, width] above the background, and the footprint (boolean).

    Colours are averaged. A photograph's signal is its distance from the background, so that a
    dark grain on a bright field and a bright one on a dark field measure alike. NaN and infinite
    pixels are outside every footprint and carry no signal.
    """
    grey, camera = np.asarray(pixels, np.float64), False
    if grey.ndim == 3:
        camera = pixels.dtype == np.uint8 and bool((pixels != pixels[..., :1]).any())
        grey = grey.mean(axis=2)
    finite = np.isfinite(grey)
    if mask is not None:
        return np.where(finite, grey, 0.0), np.asarray(mask, bool) & finite
    grey = np.where(finite, grey, _instead_of_undefined(grey, finite))
    found, background = find_footprint(grey, camera)
    return np.abs(grey - background), found & finite


def _instead_of_undefined(grey: np.ndarray, finite: np.ndarray) -> float:
    """A value by which undefined pixels are no object: 0 where they surround what is defined, as
    around a masked track, else the background, from which a 0 would stand out."""
    defined = border_of(grey)[border_of(finite)]
    if finite.mean() <= 1 - SPARSE or not len(defined) or grey[finite].min() == 0:
        return 0.0
    return float(np.quantile(defined, 0.5, method="lower"))


def border_of(image: np.ndarray) -> np.ndarray:
    """The pixels of the outermost rows and columns, those of the corners twice."""
    return np.concatenate([image[0], image[-1], image[:, 0], image[:, -1]])


def find_footprint(grey: np.ndarray, camera: bool = False) -> tuple[np.ndarray, float]:
    """Footprint boolean [height, width] of a crop, and its background level.

    Three kinds of crop: matrices of 0 and 1 (the ones); sparse ones with mostly zeros and no
    negative value (what is above 0, and above the noise where scattered specks show that there is
    some); photographs (what differs from the border's median by more than Otsu's threshold, both
    ways; by more than the noise where Otsu's threshold takes scattered pixels, which is what it
    does with a small object in a noisy field). A constant crop has none. The sparse picture of a
    ``camera`` (8 bits, colours that differ) also has the ringing of its compression taken off.
    """
    low, high = float(grey.min()), float(grey.max())
    if low == high:
        return np.full(grey.shape, low > 0), 0.0
    zeros = float(np.mean(grey == 0))
    border = border_of(grey)
    if low == 0 and zeros > 0 and np.array_equal(np.unique(grey), [0, high]):
        return grey > 0, 0.0
    if low == 0 and (zeros > SPARSE or (zeros > 0.05 and np.median(border) == 0)):
        found = without_noise(grey)
        return (found & above_ringing(grey) if camera else found), 0.0
    background = float(np.median(border))
    if not np.isfinite(background) or (abs(grey - background) == abs(low - background)).all():
        background = low  # two values in like parts: the median lies between and is neither
    distance = np.minimum(np.abs(grey - background), np.finfo(np.float64).max)
    found = distance > otsu(distance)
    if clumping(found) < CLUMPED:
        found = above_noise(distance)
    return found, background


def otsu(values: np.ndarray) -> float:
    """Threshold that separates two groups of values, not all of them equal, with the least variance
    within (Otsu 1979, IEEE Trans. SMC 9, 62)."""
    least, most = float(values.min()), float(values.max())
    counts, edges = np.histogram((values - least) / (most - least), bins=256, range=(0, 1))
    centres = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)
    above = counts.sum() - below
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_below = np.cumsum(counts * centres) / below
        mean_above = (np.sum(counts * centres) - np.cumsum(counts * centres)) / above
        between = below * above * (mean_below - mean_above) ** 2
    return least + float(centres[int(np.nanargmax(between))]) * (most - least)
