"""Pixels as image files that lose nothing: PNG where it holds them, else TIFF.

Written here because the backend has no image library.
References: PNG (ISO/IEC 15948), TIFF 6.0 with Adobe's Deflate.
"""

import struct
import zlib

import numpy as np

from cloudchamber.data.arrays import little_endian

LEVEL = 3  # of zlib
SAMPLE_FORMATS = {"u": 1, "i": 2, "f": 3}


def image_suffix(dtype: str, channels: int) -> str:
    """The suffix of the file that `image_file` makes of such pixels.

    uint8, grey or colour, and grey uint16 become PNG; signed, longer and floating numbers, 16-bit
    colour (which many readers of PNG cut to 8 bit) and other numbers of channels become TIFF.
    """
    as_png = (dtype, channels) in {("uint8", 1), ("uint8", 3), ("uint16", 1)}
    return ".png" if as_png else ".tif"


def image_file(pixels: np.ndarray, mask: np.ndarray | None = None) -> bytes:
    """An image file that reads back as the same array, PNG or TIFF as `image_suffix` says.

    mask : boolean [height, width], what is inside; unless all is, it becomes the alpha of grey and
        colours
    """
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    masked = False
    if mask is not None and not mask.all() and channels in (1, 3):
        masked = True
        full = 1 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
        alpha = np.where(mask, full, 0).astype(pixels.dtype)
        pixels = np.dstack([pixels, alpha])
    if image_suffix(pixels.dtype.name, channels) == ".png":
        return _png(pixels, channels, masked)
    return _tiff(pixels, channels, masked)


def _png(pixels: np.ndarray, colours: int, masked: bool) -> bytes:
    height, width = pixels.shape[:2]
    channels, kind = colours + masked, (0 if colours == 1 else 2) + 4 * masked
    size = pixels.dtype.itemsize
    rows = pixels.astype(pixels.dtype.newbyteorder(">"), copy=False).reshape(height, -1)
    lines = np.zeros((height, 1 + width * channels * size), np.uint8)  # a filter byte before each
    lines[:, 1:] = np.ascontiguousarray(rows).view(np.uint8)
    head = struct.pack(">IIBBBBB", width, height, 8 * size, kind, 0, 0, 0)
    data = zlib.compress(lines.tobytes(), LEVEL)
    chunks = _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _tiff(pixels: np.ndarray, colours: int, masked: bool) -> bytes:
    height, width = pixels.shape[:2]
    channels = colours + masked
    # Of samples beyond grey or RGB: 0 is of no known meaning, 2 is alpha that nothing was
    # multiplied by.
    extra = [2] if masked else [0] * (channels - (3 if channels >= 3 else 1))
    strip = zlib.compress(little_endian(pixels).tobytes(), LEVEL)
    bits, form = 8 * pixels.dtype.itemsize, SAMPLE_FORMATS[pixels.dtype.kind]
    tags = {  # number: (values, LONG or SHORT)
        256: ([width], "I"), 257: ([height], "I"), 258: ([bits] * channels, "H"),
        259: ([8], "H"), 262: ([2 if colours >= 3 else 1], "H"), 273: ([8], "I"),
        277: ([channels], "H"), 278: ([height], "I"), 279: ([len(strip)], "I"), 284: ([1], "H"),
        338: (extra, "H"), 339: ([form] * channels, "H"),
    }  # fmt: skip
    entries, beyond = [], b""
    padding = b"\0" * (len(strip) % 2)  # the directory begins at an even place
    at = 8 + len(strip) + len(padding)
    for number, (values, kind) in tags.items():
        if not values:
            continue
        packed = struct.pack(f"<{len(values)}{kind}", *values)
        if len(packed) > 4:
            place = struct.pack("<I", at + len(beyond))
            beyond += packed + b"\0" * (len(packed) % 2)
        else:
            place = packed.ljust(4, b"\0")
        kind_number = 4 if kind == "I" else 3
        entries.append(struct.pack("<HHI", number, kind_number, len(values)) + place)
    directory = struct.pack("<H", len(entries)) + b"".join(entries) + struct.pack("<I", 0)
    head = struct.pack("<2sHI", b"II", 42, at + len(beyond))
    return head + strip + padding + beyond + directory
