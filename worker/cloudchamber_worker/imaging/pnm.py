"""PBM, PGM, PPM, PAM and PFM: the values as they stand in the file, whatever its largest is.

Reference: netpbm.sourceforge.net/doc, pgm(5), pbm(5), ppm(5), pam(5), pfm(5).
"""

import re
from collections.abc import Iterator

import numpy as np

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.pixels import MAX_PIXELS, Image, LeftOut, part_of, with_alpha

TOKEN = re.compile(rb"(?:\s|#[^\n]*\n)*([^\s#]+)")
PLAIN = {b"P1": 1, b"P2": 1, b"P3": 3}  # numbers as text
CHANNELS = {**PLAIN, b"P4": 1, b"P5": 1, b"P6": 3, b"Pf": 1, b"PF": 3}
BLACK_IS_ONE = "1 is black in a PBM: its values are as stored"


def is_pnm(head: bytes) -> bool:
    """Whether a file that begins so is one of these, and no text that only looks like it."""
    if re.match(rb"P7\s*\n(#[^\n]*\n|\s)*WIDTH\s", head):
        return True
    return bool(re.match(rb"P[1-6fF](?:\s|#[^\n]*\n)+\d+(?:\s|#[^\n]*\n)+\d+\s", head))


def read_pnm(data: bytes) -> Iterator[Image | LeftOut]:
    """Yield the images of a file: the binary forms may stand one behind the other."""
    found: list[Image] = []
    place = 0
    damage: Unreadable | None = None
    while place < len(data) and data[place:].strip(b"\0\t\n\r "):
        try:
            image, place = _image(data, place)
        except (Unreadable, ValueError) as error:
            damage = error if isinstance(error, Unreadable) else Unreadable(str(error))
            break
        found.append(image)
    if damage is not None and not found:
        raise damage
    count = len(found) + (damage is not None)
    for number, image in enumerate(found):
        yield Image(image.pixels, part_of(number, count), image.mask, image.notes)
    if damage is not None:
        yield LeftOut(part_of(len(found), count), str(damage))


def _image(data: bytes, place: int) -> tuple[Image, int]:
    magic = data[place : place + 2]
    if magic == b"P7":
        return _pam(data, place + 2)
    if magic not in CHANNELS:
        raise Unreadable(f"has {len(data) - place} bytes behind its image that are none")
    width, place = _number(data, place + 2)
    height, place = _number(data, place)
    shape = (height, width, CHANNELS[magic]) if CHANNELS[magic] == 3 else (height, width)
    _refuse_large(shape)
    if magic in (b"P1", b"P4"):
        return _bits(data, place, shape, plain=magic == b"P1")
    if magic in (b"Pf", b"PF"):
        return _floats(data, place, shape)
    largest, place = _number(data, place)
    if magic in PLAIN:
        return _plain(data[place:], shape, largest), len(data)
    pixels, place = _binary(data, place + 1, shape, largest)
    return Image(pixels), place


def _number(data: bytes, place: int) -> tuple[int, int]:
    match = TOKEN.match(data, place)
    if match is None or not match[1].isdigit():
        raise Unreadable("is a damaged PNM: its header is not complete")
    return int(match[1]), match.end()


def _refuse_large(shape: tuple[int, ...]) -> None:
    if shape[0] * shape[1] > MAX_PIXELS:
        raise Unreadable(f"claims {shape[1]} x {shape[0]} pixels")
    if 0 in shape:
        raise Unreadable("has no pixels")


def _plain(text: bytes, shape: tuple[int, ...], largest: int) -> Image:
    numbers = re.sub(rb"#[^\n]*", b"", text).split()
    size = int(np.prod(shape))
    if len(numbers) != size:
        raise Unreadable(f"holds {len(numbers)} values, its header says {size}")
    values = np.array([int(number) for number in numbers], np.int64)
    return Image(_within(values, largest).reshape(shape))


def _binary(
    data: bytes, place: int, shape: tuple[int, ...], largest: int
) -> tuple[np.ndarray, int]:
    dtype = np.dtype(np.uint8 if largest < 256 else ">u2")
    values, place = _values(data, place, shape, dtype)
    return _within(values, largest), place


def _values(
    data: bytes, place: int, shape: tuple[int, ...], dtype: np.dtype
) -> tuple[np.ndarray, int]:
    size = int(np.prod(shape))
    end = place + size * dtype.itemsize
    if end > len(data):
        raise Unreadable(f"is cut off: {len(data) - place} of {end - place} bytes")
    return np.frombuffer(data, dtype, size, place).reshape(shape), end


def _within(values: np.ndarray, largest: int) -> np.ndarray:
    if not 0 < largest < 65536:
        raise Unreadable(f"says that its largest value is {largest}; 1 to 65535 is possible")
    if values.min() < 0 or values.max() > largest:
        raise Unreadable(f"holds a value above {largest}, which its header calls the largest")
    return values.astype(np.uint8 if largest < 256 else np.uint16)


def _bits(data: bytes, place: int, shape: tuple[int, ...], *, plain: bool) -> tuple[Image, int]:
    height, width = shape
    if plain:
        bits = re.sub(rb"#[^\n]*|\s", b"", data[place:])
        if len(bits) != height * width or bits.strip(b"01"):
            raise Unreadable(f"holds {len(bits)} values, its header says {height * width} of 0, 1")
        pixels = (np.frombuffer(bits, np.uint8) - ord("0")).reshape(shape)
        return Image(pixels, notes=[BLACK_IS_ONE]), len(data)
    rows, end = _values(data, place + 1, (height, (width + 7) // 8), np.dtype(np.uint8))
    return Image(np.unpackbits(rows, axis=1)[:, :width], notes=[BLACK_IS_ONE]), end


def _floats(data: bytes, place: int, shape: tuple[int, ...]) -> tuple[Image, int]:
    match = TOKEN.match(data, place)
    scale = float(match[1]) if match else 0.0
    if match is None or not scale:
        raise Unreadable("is a damaged PFM: it has no scale")
    dtype = np.dtype("<f4" if scale < 0 else ">f4")
    rows, end = _values(data, match.end() + 1, shape, dtype)
    notes = [] if abs(scale) == 1 else [f"its scale of {abs(scale):g} is not applied"]
    return Image(rows[::-1].astype(np.float32), notes=notes), end  # the lowest row is first


def _pam(data: bytes, place: int) -> tuple[Image, int]:
    end = data.find(b"ENDHDR\n", place)
    if end < 0:
        raise Unreadable("is a damaged PAM: its header has no end")
    lines = [line.split(None, 1) for line in data[place:end].splitlines() if line[:1] != b"#"]
    fields = {line[0]: line[1].strip() for line in lines if len(line) == 2}
    height, width, depth, largest = (
        int(fields.get(key, b"0")) for key in (b"HEIGHT", b"WIDTH", b"DEPTH", b"MAXVAL")
    )
    _refuse_large((height, width))
    alpha = fields.get(b"TUPLTYPE", b"").endswith(b"_ALPHA")
    if depth - alpha not in (1, 3):
        raise Unreadable(f"is a PAM of {depth} channels; grey or 3 colours are read, with alpha")
    values, end = _binary(data, end + len(b"ENDHDR\n"), (height, width, depth), largest)
    if alpha:
        return with_alpha(values, largest, []), end
    return Image(values[:, :, 0] if depth == 1 else values), end
