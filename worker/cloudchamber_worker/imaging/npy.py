"""NPY arrays: one image, a stack of them, or a question where the shape leaves it open."""

import io
import math
from collections.abc import Iterator

import numpy as np

from cloudchamber_worker.imaging.errors import NeedsAnswer, Unreadable
from cloudchamber_worker.imaging.pixels import MAX_IMAGES, Image, LeftOut, part_of, with_alpha

MAGIC = b"\x93NUMPY"
COLOUR_SIDE = 16  # a side from which [height, width, 3] of whole numbers are colours


def read_npy(data: bytes) -> np.ndarray:
    """A .npy array, its header checked against its size; never unpickles."""
    return _array(data, 0)[0]


def read_arrays(data: bytes) -> Iterator[Image | LeftOut]:
    """Yield the images of a .npy file; several arrays may stand one behind the other.

    A second one of booleans and of the first one's height and width is its mask, as our own
    exports write it.
    """
    arrays, place = [], 0
    while data[place : place + len(MAGIC)] == MAGIC:
        array, place = _array(data, place)
        arrays.append(array)
    found = [list(images_of(array)) for array in arrays]
    sides = [image.pixels.shape[:2] for image in found[0]]
    if len(arrays) == 2 and arrays[1].dtype == bool and sides == [arrays[1].shape]:
        (image,), mask = found[0], arrays[1]
        told = f"the array behind it is its mask: {mask.sum()} of {mask.size} pixels are inside"
        yield Image(image.pixels, image.part, mask, [*image.notes, told])
        found = []
    for number, images in enumerate(found):
        name = part_of(number, len(arrays))
        for image in images:
            yield Image(image.pixels, name + image.part, image.mask, image.notes)
    if place < len(data):
        yield LeftOut("end", f"{len(data) - place} bytes behind the array are no array")


def _array(data: bytes, place: int) -> tuple[np.ndarray, int]:
    stream = io.BytesIO(data)
    stream.seek(place)
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
    start = stream.tell()
    if claimed > len(data) - start:
        raise Unreadable(f"claims {shape} {dtype} = {claimed} bytes, the file has {len(data)}")
    flat = np.frombuffer(data, dtype, math.prod(shape), start)
    array = flat.reshape(shape, order="F" if fortran else "C")
    return array.astype(dtype.newbyteorder("=")), start + claimed


def images_of(array: np.ndarray) -> Iterator[Image]:
    """Yield the images of an array, by its shape.

    [h, w], [h, w, 1] and [1, h, w] are one image; [n, h, w], [n, h, w, 1] and [n, c, h, w] are
    planes; [n, h, w, 3 or 4] are colours (4: with alpha), and so is [h, w, 3 or 4] of uint8 or
    uint16 with both sides from `COLOUR_SIDE` px.

    Raises
    ------
    NeedsAnswer
        Where a side of 2, 3 or 4 may be colours, or a number of images, or of pixels.
    Unreadable
        When it has fewer than 2 dimensions, more than 4, or too many images.
    """
    shape = array.shape
    if array.dtype.names:
        raise Unreadable(f"holds a table with the columns {', '.join(array.dtype.names)[:200]}")
    if array.ndim not in (2, 3, 4):
        raise Unreadable(f"has shape {shape}; [height, width] or a stack of those is needed")
    if array.ndim == 2:
        if _is_label_array(array):
            raise NeedsAnswer(
                f"Of shape {shape}, its first row rising: label numbers by index, or an image? "
                f"Save an image as {(1, *shape)}",
                asks="labels_or_image",
            )
        yield Image(array)
    elif shape[-1] == 1:
        yield from _planes(array[..., 0], shape)
    elif shape[-1] in (3, 4) and (array.ndim == 4 or _is_picture(array)):
        yield from _colours(array, shape)
    else:
        _ask_for_colours(shape)
        yield from _planes(array, shape)


def _is_picture(array: np.ndarray) -> bool:
    whole = array.dtype in (np.uint8, np.uint16)
    return whole and min(array.shape[:2]) >= COLOUR_SIDE


def _ask_for_colours(shape: tuple[int, ...]) -> None:
    if shape[-1] in (2, 3, 4) and (len(shape) == 4 or shape[0] > 1):
        *_, height, width, last = shape
        raise NeedsAnswer(
            f"Of shape {shape}: {math.prod(shape[:-2])} images of {last} x {width} px, or "
            f"{width} x {height} px with {last} channels? Save images as {(*shape, 1)}"
            + (f", and colours as {(1, *shape)}" if len(shape) == 3 and last > 2 else "")
        )
    if shape[-3] == 3:
        *before, _, height, width = shape
        raise NeedsAnswer(
            f"Of shape {shape}: images of {width} x {height} px, or with their colours first? "
            f"Save images as {(*shape, 1)}, and colours as {(*(before or [1]), height, width, 3)}"
        )


def _is_label_array(array: np.ndarray) -> bool:
    """Whether two rows are the indices and class numbers of a label array."""
    if array.shape[0] != 2 or array.shape[1] < 3 or array.dtype.kind not in "uif":
        return False
    whole = array.dtype.kind in "ui" or bool((array == np.rint(array)).all())
    return whole and bool((np.diff(array[0].astype(float)) > 0).all())


def _colours(array: np.ndarray, shape: tuple[int, ...]) -> Iterator[Image]:
    if not array.size:
        raise Unreadable(f"has shape {shape}: no pixels")
    stack = array.reshape(-1, *array.shape[-3:])
    notes = [f"is taken as {len(stack)} x [height, width, {shape[-1]}]: its shape is {shape}"]
    full = np.iinfo(array.dtype).max if array.dtype.kind in "ui" else 1.0
    for number, image in enumerate(stack):
        part = part_of(number, len(stack))
        if image.shape[2] == 4:
            yield with_alpha(image, full, notes, part)
        else:
            yield Image(image, part, notes=notes)


def _planes(array: np.ndarray, shape: tuple[int, ...]) -> Iterator[Image]:
    if not array.size:
        raise Unreadable(f"has shape {shape}: no pixels")
    stack = array.reshape(-1, *array.shape[-2:])
    if len(stack) > MAX_IMAGES:
        raise Unreadable(f"holds {len(stack)} images; the limit is {MAX_IMAGES:_}")
    notes = [f"is taken as {len(stack)} x [height, width]: its shape is {shape}"]
    for number, image in enumerate(stack):
        yield Image(image, part_of(number, len(stack)), notes=notes)
