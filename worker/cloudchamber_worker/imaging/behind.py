"""Where an image's file ends, and what stands behind: no viewer shows it, and no reader says it."""

import re
from collections.abc import Iterator
from typing import Any

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.kinds import HEAD, kind_of
from cloudchamber_worker.imaging.pixels import LeftOut

TIFFS = (b"II*\x00", b"MM\x00*")
IMAGES = ("png", "jpeg", "gif", "bmp", "webp", "pnm", "tiff", "npy", "fits", "hdf5")
# In a JPEG's data 0xFF is followed by 0 or stands for a restart; else a segment begins.
SEGMENT = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")


def behind(data: bytes, end: int) -> Iterator[LeftOut]:
    """What follows an image that ends at `end`: another image, which is refused, or nothing that
    is one; zeros are padding."""
    rest = data[end:]
    if not rest.strip(b"\0"):
        return
    try:
        kind = kind_of(rest[:HEAD])
    except Unreadable:
        kind = ""
    if kind in IMAGES:
        told = f"are another {kind.upper()}: one file holds one"
        yield LeftOut("end", f"{len(rest)} bytes behind it {told}")
    else:
        yield LeftOut("end", f"{len(rest)} bytes behind it are no part of the image", ignored=True)


def png_end(data: bytes) -> int:
    """Behind the chunk IEND."""
    place = 8
    while place + 12 <= len(data):
        tag = data[place + 4 : place + 8]
        place += 12 + int.from_bytes(data[place : place + 4], "big")
        if tag == b"IEND":
            return place
    return len(data)


def jpeg_end(data: bytes) -> int:
    """Behind the marker EOI of the first image."""
    place = 2
    while place + 4 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xD9:
            return place + 2
        place += 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        if marker == 0xDA:
            found = SEGMENT.search(data, place)
            if found is None:
                break
            place = found.start()
    return len(data)


def gif_end(data: bytes) -> int:
    """Behind the trailer."""
    place = 13 + _colours(data, 10)
    while place < len(data):
        block = data[place]
        if block == 0x3B:
            return place + 1
        if block == 0x2C:
            place += 10 + _colours(data, place + 9) + 1
        elif block == 0x21:
            place += 2
        else:
            break
        while place < len(data) and data[place]:  # sub-blocks
            place += 1 + data[place]
        place += 1
    return len(data)


def _colours(data: bytes, place: int) -> int:
    """Bytes of the colour table that the flags at `place` announce."""
    flags = data[place] if place < len(data) else 0
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def bmp_end(data: bytes) -> int:
    """By the size in its header."""
    return int.from_bytes(data[2:6], "little") or len(data)


def webp_end(data: bytes) -> int:
    """By the size of its RIFF chunk, which is even."""
    size = int.from_bytes(data[4:8], "little")
    return 8 + size + size % 2


def tiff_end(data: bytes, tiff: Any) -> int:
    """Where another TIFF begins behind the directories and strips of an opened
    `tifffile.TiffFile`; the end of the file where none does. What else is there are values."""
    end = 8
    for page in tiff.pages:
        strips = zip(page.dataoffsets, page.databytecounts, strict=False)
        end = max(end, page.offset, *(offset + size for offset, size in strips))
    found = [place for magic in TIFFS if (place := data.find(magic, end)) >= 0]
    return min(found, default=len(data))


ENDS = {"jpeg": jpeg_end, "gif": gif_end, "bmp": bmp_end, "webp": webp_end}
