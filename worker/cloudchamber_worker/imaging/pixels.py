"""Images as they stand in files, and the rules by which their numbers are kept.

A value is kept exactly, in a type that the database and the pages know, or the image is refused;
what is done to it is said in its notes.
"""

from dataclasses import dataclass, field

import numpy as np

from cloudchamber_worker.imaging.errors import Unreadable

MAX_PIXELS = 100_000_000
MAX_IMAGES = 1_000_000  # of a file
KEPT = "bBhHiIfd"  # NumPy's letters for (u)int8 to (u)int32, float32 and float64
EXACT_FLOAT = 2**53  # up to here float64 holds every whole number
# How an image is turned by EXIF and TIFF orientation, TIFF 6.0, page 36.
TURNS = {2: "mirrored", 3: "turned by 180°", 4: "mirrored upside down", 5: "transposed",
         6: "turned by 90° clockwise", 7: "transposed along the other diagonal",
         8: "turned by 90° anticlockwise"}  # fmt: skip


@dataclass(frozen=True)
class Image:
    """One image of a file.

    pixels : ndarray [height, width] or [height, width, 3]
    part : '' where the file holds one image, else '-0003' or '-name'
    mask : bool ndarray [height, width], what is inside; None for all of it
    notes : what was done to it, in sentences
    um_per_px : size of a pixel in µm, None where the file does not say
    from_text : whether it is a matrix of numbers in a text file
    """

    pixels: np.ndarray
    part: str = ""
    mask: np.ndarray | None = None
    notes: list[str] = field(default_factory=list)
    um_per_px: float | None = None
    from_text: bool = False


@dataclass(frozen=True)
class LeftOut:
    """A part of a file that does not come in, and why; `ignored` where it is no loss."""

    part: str
    reason: str
    ignored: bool = False


def part_of(number: int, count: int) -> str:
    """The suffix of an image among `count` of a file, counted from 0."""
    return "" if count == 1 else f"-{number:04d}"


def checked(image: Image) -> Image:
    """The image with pixels in a type that is kept.

    Raises
    ------
    Unreadable
        When a value would change, or these are no pixels.
    """
    pixels, note = _kept(image.pixels)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] != 3):
        raise Unreadable(f"has shape {pixels.shape}; [height, width] or with 3 colours is needed")
    if 0 in pixels.shape:
        raise Unreadable("has no pixels")
    if pixels is image.pixels and pixels.flags.c_contiguous:
        return image
    notes = [*image.notes, *([note] if note else [])]
    pixels = np.ascontiguousarray(pixels)
    return Image(pixels, image.part, image.mask, notes, image.um_per_px, image.from_text)


def _kept(pixels: np.ndarray) -> tuple[np.ndarray, str]:
    dtype = pixels.dtype
    if dtype.isnative and dtype.char in KEPT:
        return pixels, ""
    if dtype.kind == "b":
        return pixels.astype(np.uint8), "its bool values are kept as 0 and 1"
    if dtype == np.float16:
        return pixels.astype(np.float32), "its float16 values are kept as float32"
    if dtype in (np.int64, np.uint64):
        return _narrow(pixels)
    if dtype.kind == "c":
        raise Unreadable("holds complex numbers: save its real part, or its modulus")
    if dtype.kind not in "uif" or dtype.itemsize > 8:
        raise Unreadable(f"holds {_type_name(dtype)}, no pixel values that can be kept")
    return pixels.astype(dtype.newbyteorder("="), copy=False), ""


def _type_name(dtype: np.dtype) -> str:
    return "a table" if dtype.names else f"{dtype} values"


def _narrow(pixels: np.ndarray) -> tuple[np.ndarray, str]:
    low, high = (int(pixels.min()), int(pixels.max())) if pixels.size else (0, 0)
    for dtype in (np.int32, np.uint32):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            kept = np.dtype(dtype)
            break
    else:
        kept = np.dtype(np.float64)
        if max(-low, high) > EXACT_FLOAT:
            raise Unreadable(
                f"holds {pixels.dtype} values up to {max(-low, high)}: beyond 2^53 a pixel is not "
                "exact; subtract a constant or save it as float64"
            )
    return pixels.astype(kept), f"its {pixels.dtype} values are kept as {kept}"


def turned(image: Image, orientation: int) -> Image:
    """The image upright, by its EXIF or TIFF orientation 1 to 8."""
    if orientation not in TURNS:
        return image
    mask = None if image.mask is None else _turn(image.mask, orientation)
    note = f"{TURNS[orientation]}, by its orientation {orientation}"
    pixels = _turn(image.pixels, orientation)
    return Image(pixels, image.part, mask, [*image.notes, note], image.um_per_px)


def _turn(pixels: np.ndarray, orientation: int) -> np.ndarray:
    turn = {
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: np.swapaxes(a, 0, 1),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.swapaxes(a[::-1, ::-1], 0, 1),
        8: lambda a: np.rot90(a, 1),
    }[orientation]
    return np.ascontiguousarray(turn(pixels))


def with_alpha(samples: np.ndarray, full: float, notes: list[str], part: str = "") -> Image:
    """An image of colours or grey with alpha last: what is not wholly transparent is inside.

    samples : [height, width, 2 or 4]
    full : the alpha that is opaque
    """
    alpha = samples[:, :, -1]
    pixels = samples[:, :, :-1]
    if pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    mask, note = alpha_mask(alpha, full)
    return Image(np.ascontiguousarray(pixels), part, mask, [*notes, note])


def alpha_mask(alpha: np.ndarray, full: float) -> tuple[np.ndarray | None, str]:
    """What is inside by alpha, None for all, and what is to be said of it."""
    inside = alpha > 0
    count = int(inside.sum())
    if (alpha == full).all():
        return None, "its alpha is opaque everywhere, and is left out"
    if not count:
        return None, "its alpha is 0 everywhere: it says nothing, and is left out"
    partly = int((inside & (alpha < full)).sum())
    note = f"its alpha is its mask: {count} of {alpha.size} pixels are inside"
    if partly:
        note += f", {partly} of them partly transparent"
    return (None if count == alpha.size else inside), note
