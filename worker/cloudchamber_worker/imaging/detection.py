"""Footprints: sets of 8-connected pixels above threshold, and the cutouts around them.

What the seed did with a depth-first search from pixel to pixel (binary by threshold, neighbours
joined until none is left) is connected-component labelling (Rosenfeld & Pfaltz 1966, JACM 13,
471), done here by `scipy.ndimage.label`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

import numpy as np
from scipy import ndimage

EDGE, CROPPED, SATURATED = 1, 2, 4
ROW, COLUMN, BLEEDING, BESIDE_MASKED = 16, 32, 64, 128  # 8 is the database's, for NaN
LINE = 32  # px in one row or column, beyond which a footprint may be a bad one
LINE_SHARE = 0.5  # of the amplifier's or frame's side
BLED = 8  # saturated px in a row, beyond which charge has run along its column
BLED_ASPECT = 4
SINGLE_ELECTRON_NOISE = 0.3  # electrons; below it the peaks of 0 and 1 electron do not overlap
EIGHT = np.ones((3, 3), bool)


@dataclass(frozen=True)
class Cut:
    """A footprint with its margin.

    pixels : float32 [height, width], the calibrated values, neighbours' included
    mask : boolean [height, width], the footprint
    x0, y0 : place of the first pixel in the calibrated image
    flags : bits EDGE (touches the border), CROPPED (was longer than allowed), SATURATED, ROW and
        COLUMN (most of it lies in one row or column that it fills), BLEEDING (saturated along a
        row or column), BESIDE_MASKED (touches a pixel without a value)
    """

    pixels: np.ndarray
    mask: np.ndarray
    x0: int
    y0: int
    flags: int


def threshold_of(
    noise: np.ndarray, value: float = 6.0, unit: str = "sigma", *, electrons: bool = False
) -> np.ndarray:
    """The pixel value a footprint must exceed, in the image's unit, shaped like `noise`.

    `unit` is 'sigma' (multiples of the noise) or 'adu' (the image's own unit). Where an image in
    electrons has so little noise that single electrons stand apart (skipper CCDs; Tiffenberg et
    al. 2017, PRL 119, 131802), 'sigma' counts from one electron up: one electron is dark current
    and no track. Ask in the image's unit to see them.
    """
    if unit != "sigma":
        return np.full_like(noise, value)
    single = np.where(noise < SINGLE_ELECTRON_NOISE, 1.0, 0.0) if electrons else 0.0
    return (single + value * noise).astype(np.float32)


def above_threshold(image: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """Boolean [height, width]: pixels above a threshold that broadcasts. NaN is never above;
    without noise every positive pixel is."""
    with np.errstate(invalid="ignore"):
        return image > threshold


def find_footprints(above: np.ndarray) -> tuple[np.ndarray, list[tuple[slice, slice]]]:
    """Label the 8-connected components of a boolean [height, width].

    Returns the labels int32 (0 background) and the bounding slices of label 1, 2, …
    """
    labels, _ = cast(tuple[np.ndarray, int], ndimage.label(above, structure=EIGHT))
    return labels, ndimage.find_objects(labels)


def cut_out(
    image: np.ndarray,
    labels: np.ndarray,
    boxes: list[tuple[slice, slice]],
    *,
    min_pixels: int = 1,
    margin: int = 3,
    max_size: int = 512,
    saturated: np.ndarray | None = None,
) -> Iterator[Cut]:
    """Yield a cutout for every footprint of at least `min_pixels`, in reading order.

    Footprints whose box is longer than `max_size` pixels are kept: cropped around their brightest
    pixel and flagged.
    """
    height, width = image.shape
    some_saturated = saturated is not None and bool(saturated.any())
    sizes = np.bincount(labels[labels > 0], minlength=len(boxes) + 1)
    for label, (rows, columns) in enumerate(boxes, 1):
        if sizes[label] < min_pixels:
            continue
        flags = 0
        if rows.start == 0 or columns.start == 0 or rows.stop == height or columns.stop == width:
            flags |= EDGE
        if rows.stop - rows.start > max_size or columns.stop - columns.start > max_size:
            flags |= CROPPED
            inside = np.where(labels[rows, columns] == label, image[rows, columns], -np.inf)
            y, x = np.unravel_index(np.argmax(inside), inside.shape)
            rows = _window(rows, rows.start + int(y), max_size)
            columns = _window(columns, columns.start + int(x), max_size)
        y0, x0 = max(rows.start - margin, 0), max(columns.start - margin, 0)
        box = (
            slice(y0, min(rows.stop + margin, height)),
            slice(x0, min(columns.stop + margin, width)),
        )
        mask = labels[box] == label
        if flags & CROPPED:  # the margin may hold more of the same footprint
            inner = np.zeros_like(mask)
            inner[rows.start - y0 : rows.stop - y0, columns.start - x0 : columns.stop - x0] = True
            mask &= inner
        if some_saturated and saturated is not None:
            flags |= _flags_of_saturation(saturated[box] & mask)
        if max(mask.shape) >= LINE:
            flags |= _flags_of_lines(mask, (height, width))
        if _touches_nothing(image[box], mask):
            flags |= BESIDE_MASKED
        yield Cut(image[box].copy(), mask, x0, y0, flags)


def _touches_nothing(pixels: np.ndarray, mask: np.ndarray) -> bool:
    """Whether a footprint has a neighbour without a value, so that it may go on beneath it."""
    absent = np.isnan(pixels)
    if not absent.any():
        return False
    return bool((ndimage.binary_dilation(mask, EIGHT) & absent).any())


def _flags_of_saturation(saturated: np.ndarray) -> int:
    """SATURATED, and BLEEDING where the saturated pixels are a line: charge beyond the full well
    runs along its column (Janesick 2001, Scientific Charge-Coupled Devices, 4.2)."""
    if not saturated.any():
        return 0
    rows, columns = np.count_nonzero(saturated.any(1)), np.count_nonzero(saturated.any(0))
    long, short = max(rows, columns), min(rows, columns)
    return SATURATED | (BLEEDING if long >= BLED and long >= BLED_ASPECT * short else 0)


def _flags_of_lines(mask: np.ndarray, shape: tuple[int, int]) -> int:
    """ROW or COLUMN where one of the footprint holds half of it and of the frame's side."""
    flags = 0
    for axis, side, flag in ((1, shape[1], ROW), (0, shape[0], COLUMN)):
        longest = int(mask.sum(axis=axis).max())
        if longest >= max(LINE, LINE_SHARE * side) and longest >= 0.5 * mask.sum():
            flags |= flag
    return flags


def _window(side: slice, centre: int, size: int) -> slice:
    if side.stop - side.start <= size:
        return side
    start = min(max(centre - size // 2, side.start), side.stop - size)
    return slice(start, start + size)
