"""Frames with five tracks whose pixels are known, for the tests of what detectors write."""

from typing import Any

import numpy as np
from scipy import ndimage

from cloudchamber_worker.imaging.calibration import Calibrated
from cloudchamber_worker.imaging.detection import above_threshold, find_footprints, threshold_of
from fits_files import dark

SHAPE = (96, 160)
# Row, column of the first pixel, steps of a diagonal, straight or single track, and its height.
TRACKS = ((12, 12, 12, 1, 400), (40, 30, 9, 0, 300), (70, 100, 10, 1, 250), (20, 120, 1, 0, 900),
          (60, 60, 8, 0, 500))  # fmt: skip
N_TRACKS = len(TRACKS)
CHARGE = sum(n * height for _, _, n, _, height in TRACKS)


def signal(shape: tuple[int, int] = SHAPE) -> np.ndarray:
    """What the tracks alone are, float64 [height, width]."""
    image = np.zeros(shape)
    for row, column, n, slope, height in TRACKS:
        for k in range(n):
            image[row + slope * k, column + k] = height
    return image


def exposure(seed: int = 0, level: float = 1000.0) -> np.ndarray:
    """Bias, 6 ADU of noise and the tracks, uint16 [96, 160]."""
    return (dark(SHAPE, seed=seed, level=level) + signal()).astype(np.uint16)


def found(frame: Calibrated, sigma: float = 6.0) -> tuple[int, float]:
    """Footprints above a threshold, and the charge in them."""
    above = above_threshold(frame.image, threshold_of(frame.noise, sigma))
    _, boxes = find_footprints(above)
    return len(boxes), float(frame.image[above].sum())


def footprints_by_hand(image: np.ndarray, sigma: float = 6.0) -> int:
    """The reference: median and MAD of one amplifier, pixels that touch by side or corner."""
    median = np.median(image)
    noise = 1.4826 * np.median(np.abs(image - median))
    labels: Any = ndimage.label(image > median + sigma * noise, np.ones((3, 3)))
    return labels[1]
