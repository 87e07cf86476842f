"""Where a footprint is: one rule for columns, exports, the page and regions.

`x`, `y` are the charge-weighted centre in pixels of the trimmed frame, counted from 0 at the
centre of its first pixel. `x_file`, `y_file` are the same place in the image of the file, counted
from 1 as FITS and ds9 do. `y` counts the rows of the file from its first, which ds9 draws at the
bottom.
"""

import numpy as np


def charge_centre(pixels: np.ndarray, mask: np.ndarray | None) -> tuple[float, float]:
    """Charge-weighted centre (x, y) of a footprint, in 0-based pixel centres of its cutout.

    Parameters
    ----------
    pixels : ndarray [height, width] or [height, width, channels], NaN allowed
        Values above baseline. What is not above 0 has no weight.
    mask : boolean [height, width], the footprint; None for all of it

    Returns
    -------
    The middle of the footprint's pixels where none is above 0, that of the cutout where the
    footprint is empty.
    """
    values = pixels if pixels.ndim == 2 else pixels.mean(axis=2)
    inside = np.ones(values.shape, bool) if mask is None else mask
    rows, columns = np.nonzero(inside)
    if not len(rows):
        return (values.shape[1] - 1) / 2, (values.shape[0] - 1) / 2
    weights = values[rows, columns].astype(np.float64)
    weights[~(weights > 0) | ~np.isfinite(weights)] = 0
    if not weights.any():
        weights[:] = 1
    weights /= weights.max()
    return float(np.average(columns, weights=weights)), float(np.average(rows, weights=weights))


def in_file(
    x: np.ndarray, y: np.ndarray, origin: tuple[int, int], step: tuple[int, int] = (1, 1)
) -> tuple[np.ndarray, np.ndarray]:
    """Places x, y of the trimmed frame as 1-based pixels of the file's image.

    origin : 0-based column and row of the file at which the frame begins
    step : columns and rows of the file that a pixel of the frame covers
    """
    (x0, y0), (columns, rows) = origin, step
    return x0 + columns * x + (columns + 1) / 2, y0 + rows * y + (rows + 1) / 2
