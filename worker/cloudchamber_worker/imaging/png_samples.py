"""Samples of a PNG: inflate, undo the filters, take the bits apart.

Reference: Portable Network Graphics, third edition, W3C 2025, sections 8 (interlacing) and 9
(filters).
"""

import zlib
from typing import NamedTuple

import numpy as np

from cloudchamber_worker.imaging.errors import Unreadable

PALETTE = 3
CHANNELS = {0: 1, 2: 3, PALETTE: 1, 4: 2, 6: 4}  # samples a pixel, by colour type
# First column and row, and the steps, of the seven passes of an interlaced image.
ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
         (0, 1, 1, 2))  # fmt: skip


class Header(NamedTuple):
    """IHDR: pixels, bits a sample, colour type, and whether it is interlaced."""

    width: int
    height: int
    depth: int
    colour: int
    compression: int = 0
    filtering: int = 0
    interlaced: int = 0

    @property
    def bits(self) -> int:
        """Of a pixel."""
        return self.depth * CHANNELS[self.colour]

    def row_bytes(self, width: int) -> int:
        """Of `width` pixels, without the filter's byte."""
        return (width * self.bits + 7) // 8


def samples(header: Header, packed: bytes | bytearray) -> np.ndarray:
    """Values [height, width, channels], uint8 or uint16, as they stand in the file."""
    dtype = np.uint16 if header.depth == 16 else np.uint8
    shape = (header.height, header.width, CHANNELS[header.colour])
    passes = ADAM7 if header.interlaced else ((0, 0, 1, 1),)
    sizes = [
        (max(0, -(-(header.width - x) // dx)), max(0, -(-(header.height - y) // dy)))
        for x, y, dx, dy in passes
    ]
    lengths = [h * (1 + header.row_bytes(w)) if w else 0 for w, h in sizes]
    raw = zlib.decompressobj().decompress(bytes(packed), sum(lengths) or 1)
    if len(raw) < sum(lengths):
        raise Unreadable("is a damaged PNG: its image data is cut off")
    values = np.empty(shape, dtype)
    place = 0
    for (x, y, dx, dy), (w, h), length in zip(passes, sizes, lengths, strict=True):
        if not length:
            continue
        rows = np.frombuffer(raw, np.uint8, length, place).reshape(h, -1)
        values[y::dy, x::dx] = _bits_apart(_unfiltered(rows, header), header, w)
        place += length
    return values


def _unfiltered(rows: np.ndarray, header: Header) -> np.ndarray:
    """Bytes [height, row bytes] behind the filters.

    A byte depends on those left of it, above it, and above left: all on one anti-diagonal are
    independent of each other, and are computed at once.
    """
    step = max(1, header.bits // 8)
    kinds = rows[:, 0]
    if kinds.max(initial=0) > 4:
        raise Unreadable("is a damaged PNG: a row has an unknown filter")
    if not kinds.any():
        return rows[:, 1:]
    height, length = rows.shape[0], rows.shape[1] - 1
    width = length // step
    given = rows[:, 1:].reshape(height, width, step)
    out = np.zeros((height + 1, width + 1, step), np.int16)
    for diagonal in range(height + width - 1):
        y = np.arange(max(0, diagonal - width + 1), min(height - 1, diagonal) + 1)
        x = diagonal - y
        left, above, corner = out[y + 1, x], out[y, x + 1], out[y, x]
        guess = left + above - corner
        to_left, to_above = np.abs(guess - left), np.abs(guess - above)
        to_corner = np.abs(guess - corner)
        nearest = np.where(
            (to_left <= to_above) & (to_left <= to_corner),
            left,
            np.where(to_above <= to_corner, above, corner),
        )
        kind = kinds[y][:, None]
        predicted = np.select(
            [kind == 1, kind == 2, kind == 3, kind == 4],
            [left, above, (left + above) // 2, nearest],
            0,
        )
        out[y + 1, x + 1] = (given[y, x] + predicted) & 0xFF
    return out[1:, 1:].reshape(height, length).astype(np.uint8)


def _bits_apart(rows: np.ndarray, header: Header, width: int) -> np.ndarray:
    """Bytes [height, row bytes] as values [height, width, channels]."""
    height, channels = rows.shape[0], CHANNELS[header.colour]
    if header.depth == 16:
        return np.ascontiguousarray(rows).view(">u2").reshape(height, width, channels)
    if header.depth == 8:
        return rows.reshape(height, width, channels)
    bits = np.unpackbits(rows, axis=1)[:, : width * header.depth]
    weights = 1 << np.arange(header.depth - 1, -1, -1)
    values = bits.reshape(height, width, header.depth) @ weights
    return values.astype(np.uint8)[:, :, None]
