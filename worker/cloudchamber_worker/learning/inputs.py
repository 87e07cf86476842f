"""From cutouts of any size, dtype and channel count to arrays a network can take.

Three representations, the architecture's own or as asked, stored with the model version:

``two_scale``   [2C, 32, 32]: a 32-pixel window at native scale beside the whole cutout zoomed to
                fit, because a 3-pixel dot and a 200-pixel track differ first of all in size.
``downscaled``  [C, 64, 64]: the CCD seed's: averages of four neighbours until it fits, then padded.

Packed images are uint8 (0..255 of the unit interval): 100,000 cutouts of one channel are 200 MB.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Representation = Literal["two_scale", "downscaled", "fitted"]
ScalingKind = Literal["auto", "linear", "asinh", "binary"]
WINDOW = 32
DOWNSCALED = 64
# A smaller cutout is not blown up further than this: one pixel must not fill the frame.
SMALLEST_ZOOM_SIDE = 8


@dataclass(frozen=True)
class CutoutSet:
    """What a classifier sees of a dataset; row i is cutout ordinal i.

    images        uint8 [n, channels, height, width], or None for models of numbers alone
    measurements  float32 [n, m], NaN where undefined
    groups        int32 [n], cutouts that must stay on one side of a split share a number
    names         the m measurement names
    """

    images: NDArray[np.uint8] | None
    measurements: NDArray[np.float32]
    groups: NDArray[np.int32]
    names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.measurements)


@dataclass(frozen=True)
class PixelScaling:
    """Maps pixel values to the unit interval; part of a model version.

    kind      ``linear`` or ``asinh`` (for CCD frames, whose range spans decades), or ``binary``
              (pixel above ``low``: the seed's other input)
    low, high pixel values of 0 and 1, in the cutouts' own unit
    softening scale below which ``asinh`` is linear, same unit
    channels  1 or 3; other cutouts are averaged or repeated to this number
    """

    kind: Literal["linear", "asinh", "binary"]
    low: float
    high: float
    softening: float
    channels: int

    def unit(self, pixels: NDArray[Any]) -> NDArray[np.float32]:
        """[H, W] or [H, W, C] as float32 [channels, H, W] in 0..1; NaN takes the border's value."""
        image = _channels_first(pixels, self.channels)
        image = np.where(np.isfinite(image), image, background(image)[:, None, None])
        if self.kind == "binary":
            return (image > self.low).astype(np.float32)
        if self.kind == "asinh":
            top = np.arcsinh((self.high - self.low) / self.softening)
            image = np.arcsinh((image - self.low) / self.softening) / top
        else:
            image = (image - self.low) / (self.high - self.low)
        return np.clip(image, 0, 1).astype(np.float32)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def _channels_first(pixels: NDArray[Any], channels: int) -> NDArray[np.float64]:
    image = np.asarray(pixels, dtype=np.float64)
    image = image[None] if image.ndim == 2 else np.moveaxis(image, -1, 0)
    if image.shape[0] == channels:
        return image
    return np.repeat(image.mean(axis=0, keepdims=True), channels, axis=0)


def background(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Median of the finite border pixels per channel, [C]; 0 where there is none."""
    border = np.concatenate([image[:, 0], image[:, -1], image[:, :, 0], image[:, :, -1]], axis=1)
    values = np.zeros(len(border))
    for channel, row in enumerate(border):
        finite = row[np.isfinite(row)]
        if finite.size:
            values[channel] = np.median(finite)
    return values


def fit_pixel_scaling(sample: Iterable[NDArray[Any]], kind: ScalingKind = "auto") -> PixelScaling:
    """Choose the scaling from a sample of cutouts.

    ``auto`` is linear for 8-bit pixels (photographs, 0/1 matrices) and asinh for all others.
    Constant or empty samples give a scaling that maps everything to 0.
    """
    values, borders = [], []
    channels, eight_bit = 1, True
    for pixels in sample:
        channels = max(channels, 1 if pixels.ndim == 2 else pixels.shape[-1])
        eight_bit = eight_bit and pixels.dtype.itemsize == 1
        image = _channels_first(pixels, 1)
        borders.append(background(image)[0])
        flat = image.ravel()
        flat = flat[np.isfinite(flat)]
        values.append(flat[:: max(1, flat.size // 2000)])
    pool = np.concatenate(values) if values else np.zeros(1)
    pool = pool if pool.size else np.zeros(1)
    if kind == "auto":
        kind = "linear" if eight_bit else "asinh"
    if kind == "linear":
        low, high = float(pool.min()), float(pool.max())
    else:
        low = float(np.median(borders)) if borders else 0.0
        high = float(np.quantile(pool, 0.999))
    high = high if high > low else low + 1.0
    spread = 1.4826 * float(np.median(np.abs(pool - np.median(pool))))
    # MAD is 0 for noise-free frames; a thousandth of the range then keeps faint pixels visible.
    softening = max(3 * spread, (high - low) / 1000)
    return PixelScaling(kind, low, high, softening, channels)


@lru_cache(maxsize=4096)
def _box_matrix(size: int, target: int) -> NDArray[np.float32]:
    """Area-averaging matrix [target, size]: output pixel o covers o*size/target .. (o+1)*..."""
    edges = np.linspace(0, size, target + 1)
    cell = np.arange(size)
    overlap = np.minimum(edges[1:, None], cell + 1) - np.maximum(edges[:-1, None], cell)
    weights = np.clip(overlap, 0, None)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _centred(image: NDArray[np.floating], side: int) -> NDArray[np.float32]:
    """Crop or pad [C, H, W] to [C, side, side] about its centre; padding is the border's median."""
    channels, height, width = image.shape
    out = np.empty((channels, side, side), np.float32)
    if height < side or width < side:
        out[:] = background(image.astype(np.float64))[:, None, None]
    source, target = [], []
    for size in (height, width):
        take = min(size, side)
        source.append(slice((size - take) // 2, (size - take) // 2 + take))
        target.append(slice((side - take) // 2, (side - take) // 2 + take))
    out[:, target[0], target[1]] = image[:, source[0], source[1]]
    return out


def native_window(image: NDArray[np.float32], side: int = WINDOW) -> NDArray[np.float32]:
    """The centre of [C, H, W] at its own pixel scale, [C, side, side]."""
    return _centred(image, side)


def zoom_to_fit(image: NDArray[np.float32], side: int = WINDOW) -> NDArray[np.float32]:
    """The whole of [C, H, W] by area averaging, aspect kept, [C, side, side]."""
    whole = max(image.shape[1], image.shape[2], SMALLEST_ZOOM_SIDE)
    square = _centred(image, whole)
    weights = _box_matrix(whole, side)
    return (weights @ square @ weights.T).astype(np.float32)


@lru_cache(maxsize=1024)
def _binomial_matrix(size: int, target: int) -> NDArray[np.float32]:
    """Averaging two neighbours, size - target times over, as one matrix [target, size]."""
    matrix = np.eye(size)
    for _ in range(size - target):
        matrix = (matrix[:-1] + matrix[1:]) / 2
    return matrix.astype(np.float32)


def downscale(image: NDArray[np.float32], side: int = DOWNSCALED) -> NDArray[np.float32]:
    """The CCD seed's downscaling of [C, H, W] to [C, side, side].

    Each step averages four nearest neighbours and so takes one row and one column away; it is
    repeated until the image fits, and a smaller image is padded. Written as two matrix products,
    which is the same sum. It blurs and crops rather than shrinks: use ``zoom_to_fit`` to see
    the whole of a long track.
    """
    rows = _binomial_matrix(image.shape[1], min(image.shape[1], side))
    columns = _binomial_matrix(image.shape[2], min(image.shape[2], side))
    return _centred(rows @ image @ columns.T, side)


def represent(
    pixels: NDArray[Any], scaling: PixelScaling, representation: Representation
) -> NDArray[np.uint8]:
    """One cutout as a packed image, uint8 [channels, side, side]."""
    if pixels.size == 0:
        pixels = np.zeros((1, 1), np.float32)
    unit = scaling.unit(pixels)
    if representation == "two_scale":
        image = np.concatenate([native_window(unit), zoom_to_fit(unit)])
    elif representation == "fitted":
        image = zoom_to_fit(unit, DOWNSCALED)
    else:
        image = downscale(unit)
    return np.rint(image * 255).astype(np.uint8)


def side_of(representation: Representation | None) -> int:
    """Side of the packed images in pixels; 0 without images."""
    return {None: 0, "two_scale": WINDOW}.get(representation, DOWNSCALED)


def packed_shape(scaling: PixelScaling, representation: Representation) -> tuple[int, int, int]:
    """Shape [channels, height, width] of what ``represent`` gives."""
    if representation == "two_scale":
        return (2 * scaling.channels, WINDOW, WINDOW)
    return (scaling.channels, DOWNSCALED, DOWNSCALED)


def pack(
    cutouts: Iterable[NDArray[Any]],
    n: int,
    scaling: PixelScaling,
    representation: Representation,
) -> NDArray[np.uint8]:
    """Pack n cutouts as they stream by, uint8 [n, channels, side, side]; only those stay."""
    packed = np.zeros((n, *packed_shape(scaling, representation)), np.uint8)
    for row, pixels in enumerate(cutouts):
        packed[row] = represent(pixels, scaling, representation)
    return packed


def canonical(pixels: NDArray[Any], representation: Representation) -> tuple[NDArray[Any], int]:
    """Pixels [H, W] or [H, W, C] in that one of their 8 orientations whose shape and bytes come
    first, and which of ``augmentation.symmetry`` that is; ``in_circle`` where the representation
    zooms to fit.

    All turned and mirrored copies of a cutout become one array. Packed as they lie they would
    differ by half a pixel wherever an odd side is centred in an even one.
    """
    height, width = pixels.shape[:2]
    # Of those that lie flat: even quarter turns keep the shape, odd ones exchange the sides.
    turns = range(8) if height == width else range(int(height > width), 8, 2)
    best, chosen, which = None, pixels, 0
    for turn in turns:
        turned = np.rot90(pixels, turn % 4, axes=(0, 1))
        turned = turned[:, ::-1] if turn >= 4 else turned
        key = turned.tobytes()
        if best is None or key < best:
            best, chosen, which = key, turned, turn
    chosen = np.ascontiguousarray(chosen)
    return (chosen if representation == "downscaled" else in_circle(chosen)), which


def in_circle(pixels: NDArray[Any]) -> NDArray[Any]:
    """Pixels [H, W] or [H, W, C] in a square as wide as their diagonal, background around them.

    A track along the diagonal fills a smaller box than one along a side, and zoomed to fit would be
    the larger of the two: its size would tell how it lies. And no turn loses a corner.
    """
    height, width = pixels.shape[:2]
    side = int(np.ceil(np.hypot(height, width)))
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    square = np.empty((side, side, *pixels.shape[2:]), pixels.dtype)
    if pixels.size:
        level = background(_channels_first(pixels, channels))
        square[:] = level[0] if pixels.ndim == 2 else level
        top, left = (side - height) // 2, (side - width) // 2
        square[top : top + height, left : left + width] = pixels
    return square


def turned_back(images: NDArray[np.uint8], which: NDArray[np.integer] | None) -> NDArray[np.uint8]:
    """Packed images [n, channels, side, side] of ``canonical`` cutouts as these lie; ``which`` [n]
    is what it said of them, None for images that were packed as they lie."""
    if which is None:
        return images
    lying = np.empty_like(images)
    for turn in range(8):
        rows = which == turn
        part = images[rows]
        part = part[..., ::-1] if turn >= 4 else part
        lying[rows] = np.rot90(part, -(turn % 4), axes=(2, 3))
    return lying
