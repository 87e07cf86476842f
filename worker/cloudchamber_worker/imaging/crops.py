"""Crops: images that are cutouts already, as PNG, TIFF, JPEG, NPY or a CSV matrix.

The type is decided by the first bytes, never by the name. Pixels keep their dtype; only bit masks
become uint8 0/1 and palettes become colours.
"""

import io
import math
import re
import warnings
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import tifffile
from PIL import Image, UnidentifiedImageError

from cloudchamber_worker.imaging.errors import Unreadable

NO_NUMBERS = "is text, neither a matrix of numbers nor a table with a header"
MAX_PIXELS = 100_000_000
# Pillow's modes that become RGB; 1, L, I;16, I and F are pixel values and stay.
COLOURS = ("P", "PA", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "LAB", "HSV")
MAX_SIDE = 8192
MAX_ITEMS = 1_000_000  # of a stack
Image.MAX_IMAGE_PIXELS = MAX_PIXELS


def read_crops(data: bytes, kind: str) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (suffix, pixels [height, width] or [height, width, 3]) of one file.

    `suffix` is '' for a file with one image, else '-0001' and so on.

    Raises
    ------
    Unreadable
        With the reason, for the import's report.
    """
    readers = {"png": _pillow, "jpeg": _pillow, "tiff": _tiff, "npy": _npy, "text": _matrix}
    try:
        images = readers[kind](data)
    except Unreadable:
        raise
    except MemoryError as error:
        raise Unreadable("does not fit in the decoder's memory") from error
    except Exception as error:
        words = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        if isinstance(error, UnidentifiedImageError):
            words = "its header cannot be read"
        raise Unreadable(f"is a damaged {kind.upper()}: {words}") from error
    for number, image in enumerate(images):
        yield ("" if len(images) == 1 else f"-{number:04d}"), _checked(image)


def _checked(image: np.ndarray) -> np.ndarray:
    if image.dtype == bool:
        image = image.astype(np.uint8)
    if image.dtype == np.float16:
        image = image.astype(np.float32)
    if image.dtype in (np.int64, np.uint64):
        image = _narrow(image)
    if image.dtype.kind not in "uif":
        raise Unreadable(f"holds {image.dtype} values, no pixels")
    if image.ndim == 3 and image.shape[2] in (2, 4):
        image = image[:, :, : image.shape[2] - 1]  # transparency is no measurement
    if image.ndim == 3 and image.shape[2] == 1:
        image = image[:, :, 0]
    if image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] != 3):
        raise Unreadable(f"has shape {image.shape}; [height, width] or with 3 colours is needed")
    if 0 in image.shape:
        raise Unreadable("has no pixels")
    if max(image.shape) > MAX_SIDE:
        raise Unreadable(f"is {image.shape[1]} x {image.shape[0]} px; crops go to {MAX_SIDE} px")
    return np.ascontiguousarray(image)


def _narrow(image: np.ndarray) -> np.ndarray:
    if image.size and np.abs(image).max() < 2**31:
        return image.astype(np.int32)
    return image.astype(np.float64)


def _pillow(data: bytes) -> list[np.ndarray]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        warnings.filterwarnings("ignore", category=UserWarning)
        try:
            with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "TIFF")) as image:
                image.load()
                if image.mode == "LA":
                    image = image.getchannel("L")
                elif image.mode in COLOURS:
                    image = image.convert("RGB")
                return [np.asarray(image)]
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise Unreadable(f"claims more than {MAX_PIXELS:_} pixels") from error


def _tiff(data: bytes) -> list[np.ndarray]:
    """Pages of a TIFF. tifffile first: it keeps 16 bits of a colour; Pillow knows more codecs."""
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as tiff:
            pages = tiff.pages[:MAX_ITEMS] if len(tiff.pages) > 1 else [tiff.pages[0]]
            for page in pages:
                if math.prod(page.shape) > 3 * MAX_PIXELS:
                    raise Unreadable(f"claims {' x '.join(map(str, page.shape))} pixels")
            images = [page.asarray() for page in pages]
    except Unreadable:
        raise
    except Exception:
        return _pillow(data)
    found: list[np.ndarray] = []
    for image in images:
        if image.ndim == 3 and image.shape[0] in (3, 4) and image.shape[2] not in (3, 4):
            image = np.moveaxis(image, 0, 2)  # planar colours
        if image.ndim == 3 and image.shape[2] not in (1, 2, 3, 4):
            found.extend(image)
        else:
            found.append(image)
    return found


def read_npy(data: bytes) -> np.ndarray:
    """A .npy array, its header checked against its size; never unpickles."""
    stream: BinaryIO = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    reader = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }.get(version)
    if reader is None:
        raise Unreadable(f"is NPY version {version}")
    shape, fortran, dtype = reader(stream)
    if dtype.hasobject:
        raise Unreadable("holds Python objects, which could run code; save plain numbers")
    claimed = math.prod(shape) * dtype.itemsize
    if claimed > len(data):
        raise Unreadable(f"claims {shape} {dtype} = {claimed} bytes, the file has {len(data)}")
    flat = np.frombuffer(data, dtype, math.prod(shape), stream.tell())
    array = flat.reshape(shape, order="F" if fortran else "C")
    return array.astype(dtype.newbyteorder("="))


def _npy(data: bytes) -> list[np.ndarray]:
    array = read_npy(data)
    if array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (1, 3, 4)):
        return [array]
    if array.ndim in (3, 4):
        return list(array[:MAX_ITEMS])
    raise Unreadable(f"has shape {array.shape}; [height, width] or a stack of those is needed")


def _matrix(data: bytes) -> list[np.ndarray]:
    """A matrix of numbers separated by comma, semicolon, tab or blanks."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(NO_NUMBERS) from error
    lines = [line for line in text.splitlines() if line.strip() and line.strip()[0] != "#"]
    line = lines[0] if lines else ""
    separator = next((s for s in (",", ";", "\t") if s in line), None)
    try:
        matrix = np.loadtxt(
            io.StringIO(text), delimiter=separator, ndmin=2, dtype=np.float64, comments="#"
        )
    except ValueError as error:
        if not re.match(r"[-+]?\.?\d", line.strip()):
            raise Unreadable(NO_NUMBERS) from error
        raise Unreadable(f"is no matrix of numbers: {str(error).split(';')[0][:120]}") from error
    if not matrix.size:
        raise Unreadable("holds no numbers")
    whole = bool(np.isfinite(matrix).all()) and np.array_equal(matrix, np.rint(matrix))
    if whole and matrix.min() >= 0 and matrix.max() <= 255:
        return [matrix.astype(np.uint8)]
    if whole and np.abs(matrix).max() < 2**31:
        return [matrix.astype(np.int32)]
    return [matrix]
