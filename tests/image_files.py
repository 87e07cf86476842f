"""Image files as tests write them, and what the readers make of them."""

import io
import struct
import zlib

import h5py
import numpy as np
import tifffile
from PIL import Image

from cloudchamber_worker.imaging import pixels
from cloudchamber_worker.imaging.crops import read_crops
from cloudchamber_worker.imaging.kinds import kind_of


def read(data: bytes) -> list[pixels.Image | pixels.LeftOut]:
    return list(read_crops(data, kind_of(data[:512])))


def images(data: bytes) -> list[pixels.Image]:
    return [found for found in read(data) if isinstance(found, pixels.Image)]


def left_out(data: bytes) -> list[pixels.LeftOut]:
    return [found for found in read(data) if isinstance(found, pixels.LeftOut)]


def saved(image: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def tiff(array, **options) -> bytes:
    out = io.BytesIO()
    tifffile.imwrite(out, array, **options)
    return out.getvalue()


def npy(*arrays) -> bytes:
    out = io.BytesIO()
    for array in arrays:
        np.save(out, array)
    return out.getvalue()


def hdf5(**datasets) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        for name, data in datasets.items():
            file[name] = data
    return out.getvalue()


def chunk(tag: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + tag + body + struct.pack(">I", zlib.crc32(tag + body))


def packed_rows(values: np.ndarray, depth: int) -> bytes:
    """Unfiltered scan lines of [height, width, channels], deflated."""
    height = values.shape[0]
    if depth == 16:
        rows = values.astype(">u2").reshape(height, -1).view(np.uint8)
    elif depth == 8:
        rows = values.astype(np.uint8).reshape(height, -1)
    else:
        flat = values.reshape(height, -1, 1)
        bits = (flat >> np.arange(depth - 1, -1, -1)) & 1
        rows = np.packbits(bits.reshape(height, -1).astype(np.uint8), axis=1)
    return zlib.compress(np.insert(rows, 0, 0, axis=1).tobytes())


def png(values: np.ndarray, depth: int, colour: int, *between: tuple[bytes, bytes]) -> bytes:
    """A PNG of [height, width, channels] sample values, with further chunks before the pixels."""
    height, width = values.shape[:2]
    head = struct.pack(">2I5B", width, height, depth, colour, 0, 0, 0)
    chunks = [(b"IHDR", head), *between, (b"IDAT", packed_rows(values, depth)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(tag, body) for tag, body in chunks)


def filtered_png16(values: np.ndarray, colour: int, kinds: list[int]) -> bytes:
    """A 16-bit PNG whose rows have these filters, one after the other."""
    height, width, channels = values.shape
    step = 2 * channels
    rows = values.astype(">u2").reshape(height, -1).view(np.uint8).astype(int)
    lines = b""
    for y, row in enumerate(rows):
        kind = kinds[y % len(kinds)]
        above = rows[y - 1] if y else np.zeros_like(row)
        left = np.concatenate([np.zeros(step, int), row[:-step]])
        corner = np.concatenate([np.zeros(step, int), above[:-step]])
        paeth = np.array([_paeth(*three) for three in zip(left, above, corner, strict=True)])
        predicted = [0, left, above, (left + above) // 2, paeth][kind]
        lines += bytes([kind]) + ((row - predicted) % 256).astype(np.uint8).tobytes()
    head = struct.pack(">2I5B", width, height, 16, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(lines))
        + chunk(b"IEND", b"")
    )


def _paeth(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda value: abs(guess - value))
