"""An exposure small enough to send: a picture of it, and its bright pixels one by one.

From these a page tells the footprints of any threshold by itself: a pixel belongs to one exactly
where its significance exceeds the threshold.
"""

from dataclasses import dataclass

import numpy as np

from cloudchamber_worker.imaging.calibration import Calibrated
from cloudchamber_worker.imaging.detection import SINGLE_ELECTRON_NOISE

PICTURE_SIDE = 1024
FLOOR_SIGMA = 3.0
MAX_BRIGHT = 400_000


@dataclass(frozen=True)
class BrightPixels:
    """Pixels above `floor` sigma, in reading order.

    index : uint32 [n], y * width + x
    sigma : float32 [n], what a threshold in sigma is compared with
    value : float32 [n], in the image's unit
    """

    floor: float
    index: np.ndarray
    sigma: np.ndarray
    value: np.ndarray


def significance(frame: Calibrated, *, electrons: bool) -> np.ndarray:
    """Float32 [height, width]: a pixel exceeds `detection.threshold_of` of t sigma exactly where
    this exceeds t. NaN stays; without noise every positive pixel is infinitely significant."""
    noise = np.broadcast_to(frame.noise, frame.image.shape)
    above = frame.image
    if electrons:
        above = above - np.where(noise < SINGLE_ELECTRON_NOISE, np.float32(1.0), np.float32(0.0))
    with np.errstate(divide="ignore", invalid="ignore"):
        without = np.where(above > 0, np.inf, np.where(np.isnan(above), np.nan, 0.0))
        return np.where(noise > 0, above / noise, without).astype(np.float32)


def bright_pixels(sigma: np.ndarray, image: np.ndarray) -> BrightPixels:
    """The pixels above three sigma, or above so many that they are not too many to send."""
    floor = FLOOR_SIGMA
    with np.errstate(invalid="ignore"):
        bright = sigma > floor
        while int(bright.sum()) > MAX_BRIGHT:
            floor *= 1.5
            bright = sigma > floor
    index = np.flatnonzero(bright).astype(np.uint32)
    values = sigma.ravel()[index]
    # A page draws and compares finite numbers; beyond this none differs in what it means.
    values = np.minimum(values, np.float32(1e30))
    return BrightPixels(floor, index, values, image.ravel()[index].astype(np.float32))


def picture(sigma: np.ndarray) -> tuple[np.ndarray, int]:
    """The frame at most 1024 px long, float32, and how many pixels went into one: their maximum,
    so that a track of one pixel stays visible; NaN loses against any number, and stays where there
    is none."""
    scale = max(1, -(-max(sigma.shape) // PICTURE_SIDE))
    height, width = (-(-side // scale) for side in sigma.shape)
    padded = np.full((height * scale, width * scale), np.nan, np.float32)
    padded[: sigma.shape[0], : sigma.shape[1]] = sigma
    blocks = padded.reshape(height, scale, width, scale)
    small = np.fmax.reduce(np.fmax.reduce(blocks, axis=3), axis=1)
    return np.clip(small, -1e30, 1e30), scale
