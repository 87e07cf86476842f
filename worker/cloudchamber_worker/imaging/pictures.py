"""JPEG, BMP, GIF and WebP, by Pillow: formats of colours with 8 bits a sample."""

import io
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from PIL import GifImagePlugin, ImageSequence
from PIL import Image as Pillow

from cloudchamber_worker.imaging.behind import ENDS, behind
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.pixels import Image, LeftOut, part_of, turned, with_alpha
from cloudchamber_worker.imaging.png import PALETTE_NOTE

INK = {"CMYK": "CMYK inks", "LAB": "CIELAB colours", "HSV": "HSV colours", "YCCK": "YCCK inks"}
# Frames of a GIF have palettes of their own: colours are what they have in common.
GifImagePlugin.LOADING_STRATEGY = GifImagePlugin.LoadingStrategy.RGB_ALWAYS


def read_picture(data: bytes, kind: str) -> Iterator[Image | LeftOut]:
    """Yield every image of a 'jpeg', 'bmp', 'gif' or 'webp'.

    A JPEG may hold further images behind the first, mostly previews: these are named.
    """
    if kind == "bmp" and int.from_bytes(data[28:30], "little") == 16:
        raise Unreadable("holds colours of 5 or 6 bits, which no type here keeps: save it as PNG")
    with Pillow.open(io.BytesIO(data), formats=(kind.upper(),)) as opened:
        count = int(getattr(opened, "n_frames", 1))
        orientation = int(opened.getexif().get(0x0112, 1)) if kind != "bmp" else 1
        if kind == "jpeg":
            yield turned(_image(opened, ""), orientation)
            for number in range(1, count):
                yield LeftOut(f"image {number}", "is a further image inside the JPEG", True)
            if count > 1:
                return
        else:
            for number, frame in enumerate(ImageSequence.Iterator(opened)):
                image = turned(_image(frame, part_of(number, count)), orientation)
                yield replace(image, notes=[PALETTE_NOTE, *image.notes]) if kind == "gif" else image
    yield from behind(data, ENDS[kind](data))


def _image(image: Pillow.Image, part: str) -> Image:
    """Grey, or colours; a palette becomes its colours, transparency a mask."""
    image.load()
    if image.mode in INK:
        raise Unreadable(
            f"holds {INK[image.mode]}, which are no measured values: convert it to RGB"
        )
    if image.mode == "1":
        return Image(np.asarray(image).astype(np.uint8), part)
    notes = [PALETTE_NOTE] if image.mode in ("P", "PA") else []
    if image.mode in ("PA", "LA", "RGBA") or "transparency" in image.info:
        return with_alpha(np.asarray(image.convert("RGBA")), 255, notes, part)
    if image.mode in ("P", "RGBX"):
        image = image.convert("RGB")
    if image.mode not in ("L", "RGB"):
        raise Unreadable(f"is of mode {image.mode}, which is not read: save it as PNG")
    return Image(np.asarray(image), part, notes=notes)
