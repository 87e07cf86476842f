"""PNG, with every sample as it stands in the file.

Pillow unpacks what has up to 8 bits a sample, and grey of 16 bits; the other files with 16 bits it
makes 8 of, and the frames of an animation it blends. Those are unpacked here.

Reference: Portable Network Graphics, third edition, W3C 2025.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image as Pillow

from cloudchamber_worker.imaging.behind import behind, png_end
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.pixels import (
    MAX_PIXELS,
    Image,
    LeftOut,
    alpha_mask,
    part_of,
    turned,
    with_alpha,
)
from cloudchamber_worker.imaging.png_samples import CHANNELS, PALETTE, Header, samples

IHDR = struct.Struct(">2I5B")
PALETTE_NOTE = "its palette's colours are taken, not the numbers of its entries"


def read_png(data: bytes) -> Iterator[Image | LeftOut]:
    """Yield the image of a PNG, or every frame of an animated one."""
    if data[12:16] != b"IHDR" or len(data) < 29:
        raise Unreadable("is a damaged PNG: it has no header")
    header = Header(*IHDR.unpack(data[16:29]))
    if header.width * header.height > MAX_PIXELS:
        raise Unreadable(f"claims more than {MAX_PIXELS:_} pixels")
    if header.colour not in CHANNELS or header.depth not in (1, 2, 4, 8, 16):
        raise Unreadable(f"is a damaged PNG: colour type {header.colour}, {header.depth} bits")
    yield from behind(data, png_end(data))
    if data.find(b"acTL", 0, data.find(b"IDAT")) > 0 or (header.depth == 16 and header.colour != 0):
        yield from _own(data, header)
        return
    with Pillow.open(io.BytesIO(data), formats=("PNG",)) as image:
        image.load()
        orientation = _orientation(image)
        if header.colour == PALETTE:
            yield turned(_palette(image), orientation)
            return
        pixels = np.asarray(image)
        key = image.info.get("transparency")
    if header.colour == 0 and header.depth in (2, 4):
        pixels = pixels // (255 // (2**header.depth - 1))  # Pillow stretches them to 0..255
    yield turned(_image(pixels, header, bool(key) if header.depth == 1 else key), orientation)


def _palette(image: Pillow.Image) -> Image:
    if "transparency" not in image.info:
        return Image(np.asarray(image.convert("RGB")), notes=[PALETTE_NOTE])
    return with_alpha(np.asarray(image.convert("RGBA")), 255, [PALETTE_NOTE])


def _image(pixels: np.ndarray, header: Header, key: object, part: str = "") -> Image:
    """Grey or colours, with alpha or a colour that stands for transparent."""
    if header.colour in (4, 6):
        return with_alpha(pixels, 2**header.depth - 1, [], part)
    if key is None:
        return Image(pixels, part)
    hit = pixels == np.asarray(key, pixels.dtype)
    inside = ~(hit.all(axis=2) if hit.ndim == 3 else hit)
    mask, note = alpha_mask(inside, True)
    return Image(pixels, part, mask, [note.replace("alpha", "transparent colour")])


def _orientation(image: Pillow.Image) -> int:
    if not {"exif", "Raw profile type exif"} & image.info.keys():
        return 1
    return int(image.getexif().get(0x0112, 1))


@dataclass
class _Frame:
    """Packed samples of one frame and where they go."""

    x: int
    y: int
    header: Header
    dispose: int
    blend: int
    packed: bytearray


def _own(data: bytes, header: Header) -> Iterator[Image | LeftOut]:
    palette = key = None
    frames: list[_Frame] = []
    animated = False
    default = _Frame(0, 0, header, 0, 0, bytearray())
    into: _Frame | None = default
    claimed = 0
    for tag, body in _chunks(data):
        if tag == b"PLTE":
            palette = np.frombuffer(body, np.uint8).reshape(-1, 3)
        elif tag == b"tRNS" and header.colour in (0, 2):
            values = np.frombuffer(body, ">u2")
            key = values if header.colour == 2 else values[0]
        elif tag == b"acTL":
            animated, claimed = True, struct.unpack(">I", body[:4])[0]
        elif tag == b"fcTL":
            _, width, height, x, y, _, _, dispose, blend = struct.unpack(">5I2H2B", body)
            if x + width > header.width or y + height > header.height:
                raise Unreadable("is a damaged PNG: a frame lies outside the image")
            own = Header(width, height, *header[2:])
            into = _Frame(x, y, own, dispose, blend, bytearray())
            frames.append(into)
        elif tag == b"IDAT":
            (into or default).packed.extend(body)
        elif tag == b"fdAT" and into is not None:
            into.packed.extend(body[4:])
    orientation = 1
    if b"eXIf" in data:
        with Pillow.open(io.BytesIO(data), formats=("PNG",)) as image:
            image.load()
            orientation = _orientation(image)
    if not animated or not frames:
        yield turned(_finished(samples(header, default.packed), header, palette, key), orientation)
        return
    if default.packed:
        yield LeftOut("default image", "stands for the animation where that is not shown", True)
    for shown in _composed(frames, header, palette, key):
        yield shown if isinstance(shown, LeftOut) else turned(shown, orientation)
    if claimed > len(frames):
        yield LeftOut(f"frames {len(frames)} to {claimed - 1}", "are not in the file: cut off")


def _composed(
    frames: list[_Frame], header: Header, palette: np.ndarray | None, key: object
) -> Iterator[Image | LeftOut]:
    """Each frame as it is shown: a part that changed lies on what was there."""
    canvas = np.zeros((header.height, header.width, CHANNELS[header.colour]), np.uint16)
    for number, frame in enumerate(frames):
        part = part_of(number, len(frames))
        try:
            drawn = samples(frame.header, frame.packed)
        except (Unreadable, zlib.error) as error:
            yield LeftOut(part, f"is damaged: {error}")
            return
        place = np.s_[frame.y : frame.y + frame.header.height,
                      frame.x : frame.x + frame.header.width]  # fmt: skip
        before = canvas.copy() if frame.dispose == 2 else None
        if frame.blend and number and (header.colour in (4, 6) or palette is not None):
            yield LeftOut(part, "is blended over the frame before: bring the frames as files")
            return
        canvas[place] = drawn.reshape(canvas[place].shape)
        yield _finished(canvas.astype(drawn.dtype), header, palette, key, part)
        if before is not None:
            canvas = before
        elif frame.dispose == 1:
            canvas[place] = 0


def _finished(
    drawn: np.ndarray, header: Header, palette: np.ndarray | None, key: object, part: str = ""
) -> Image:
    if header.colour == PALETTE:
        if palette is None or int(drawn.max(initial=0)) >= len(palette):
            raise Unreadable("is a damaged PNG: its palette is too short")
        return Image(palette[drawn[:, :, 0]], part, notes=[PALETTE_NOTE])
    return _image(drawn[:, :, 0] if drawn.shape[2] == 1 else drawn, header, key, part)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 8
    while place + 12 <= len(data):
        size = int.from_bytes(data[place : place + 4], "big")
        tag, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + size]
        check = int.from_bytes(data[place + 8 + size : place + 12 + size], "big")
        if len(body) < size or zlib.crc32(tag + body) != check:
            raise Unreadable(f"is a damaged PNG: its {tag!r} is cut off or changed")
        yield tag, body
        place += 12 + size
