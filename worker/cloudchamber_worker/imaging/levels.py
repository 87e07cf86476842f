"""The level and the noise of pixels that hold tracks.

Median and 1.4826 times the median absolute deviation (Rousseeuw & Croux 1993, JASA 88, 1273), of
what a clip at four of them leaves. Neither depends on the unit: pixels times a factor have a noise
times that factor.
"""

import numpy as np

MAD_TO_SIGMA = 1.4826
SAMPLE = 1 << 20  # pixels that a level is estimated from
CLIP = 4.0


def baseline_and_noise(pixels: np.ndarray) -> tuple[float, float]:
    """Sigma-clipped median and noise of pixels of any shape, in their unit.

    NaN and infinite values are left out. Where more than half of the pixels are equal the MAD is
    0; the noise is then the RMS of what lies below the median, mirrored (tracks lie above), and
    0 only for an image without noise. (NaN, NaN) where no pixel is finite.
    """
    flat = np.asarray(pixels).ravel()
    if flat.size > SAMPLE:
        flat = flat[:: flat.size // SAMPLE + 1]
    values = flat[np.isfinite(flat)].astype(np.float64)
    if not values.size:
        return float("nan"), float("nan")
    # At a level of 1e9 the squares of float64 differ from 0 in what should be equal: from there on
    # what counts is the distance from a value among them.
    origin = float(np.median(values))
    values -= origin
    median, sigma = _about_zero(values)
    return origin + median, sigma


def _about_zero(values: np.ndarray) -> tuple[float, float]:
    median = 0.0
    sigma = MAD_TO_SIGMA * float(np.median(np.abs(values)))
    if sigma == 0:
        below = -values[values < 0]
        for _ in range(5):
            sigma = float(np.sqrt(2 * np.sum(below**2) / values.size))
            kept = below[below <= 5 * sigma]
            if len(kept) == len(below):
                break
            below = kept
        return median, sigma
    values = _dithered(values)
    for _ in range(5):
        kept = values[np.abs(values - median) <= CLIP * sigma]
        if len(kept) == len(values) or len(kept) < 16:
            break
        values = kept
        median = float(np.median(values))
        sigma = MAD_TO_SIGMA * float(np.median(np.abs(values - median))) or sigma
    return median, sigma


def _dithered(values: np.ndarray) -> np.ndarray:
    """Digitised values with a uniform half step of noise: the MAD of whole ADU moves in steps of
    1.48 ADU, which at 6 ADU of noise is a quarter of the threshold. Always the same noise."""
    steps = np.diff(np.unique(values[:: len(values) // 10_000 + 1]))
    # Equal values may differ in their last bits once a factor or a level was taken off them.
    steps = steps[steps > 1e-4 * np.median(steps)] if steps.size else steps
    if not steps.size:
        return values
    step = float(steps.min())
    if np.abs(steps / step - np.rint(steps / step)).max() > 0.01:
        return values
    return values + np.random.default_rng(0).uniform(-step / 2, step / 2, values.size)
