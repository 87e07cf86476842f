"""TIFF: every page at full resolution, and every plane of it, is one image.

tifffile reads what is not packed, or packed by Deflate, LZMA or PackBits, with every bit; libtiff,
through Pillow, knows the other codecs but makes 8 bits of 16-bit colours, which is refused.

Reference: TIFF Revision 6.0, Adobe 1992; ImageJ and OME-TIFF as tifffile reads them.
"""

import io
import logging
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import tifffile
from PIL import Image as Pillow

from cloudchamber_worker.imaging.behind import behind, tiff_end
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.pixels import (
    MAX_IMAGES,
    MAX_PIXELS,
    Image,
    LeftOut,
    turned,
    with_alpha,
)
from cloudchamber_worker.imaging.png import PALETTE_NOTE

MIN_IS_WHITE, MIN_IS_BLACK, RGB, PALETTE, CMYK, YCBCR = 0, 1, 2, 3, 5, 6
JPEG = (6, 7)
LEFT_OUT = {
    1: "is a thumbnail of another page",
    4: "is the mask of another page",
}
PHOTOMETRIC = {CMYK: "CMYK inks", 8: "CIELAB colours", 9: "ICC LAB colours", 10: "ITU LAB colours"}
MICRON = {"micron": 1.0, "microns": 1.0, "um": 1.0, "µm": 1.0, "\\u00B5m": 1.0, "nm": 1e-3,
          "mm": 1e3, "cm": 1e4, "m": 1e6}  # fmt: skip
logging.getLogger("tifffile").setLevel(logging.CRITICAL)  # what it says, the reasons say


def read_tiff(data: bytes) -> Iterator[Image | LeftOut]:
    """Yield the images of a TIFF."""
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        pages, left = _pages(tiff)
        yield from left
        if not pages:
            raise Unreadable("holds no page at full resolution")
        um = _um_per_px(tiff)
        if tiff.is_ome:
            yield from _absent_planes(tiff)
        elif len(pages) == 1 and not left and tiff.series:
            hidden = _behind_one_page(tiff)
            if hidden is not None:
                for number, plane in enumerate(hidden):
                    yield Image(plane, f"-{number:04d}", um_per_px=um)
                return
        number = 0
        several = len(pages) > 1
        for index, page in pages:
            try:
                images = _images(page, index, data)
            except Unreadable as error:
                if not several:
                    raise
                yield LeftOut(f"page {index + 1}", str(error))
                number += 1
                continue
            for image in images:
                alone = not several and len(images) == 1
                part = "" if alone else f"-{number:04d}"
                number += 1
                yield Image(image.pixels, part, image.mask, image.notes, um)
        yield from behind(data, tiff_end(data, tiff))


def _pages(tiff: tifffile.TiffFile) -> tuple[list[tuple[int, Any]], list[LeftOut]]:
    pages: list[tuple[int, Any]] = []
    left: list[LeftOut] = []
    if len(tiff.pages) > MAX_IMAGES:
        raise Unreadable(f"holds {len(tiff.pages)} pages; the limit is {MAX_IMAGES:_}")
    for index in range(len(tiff.pages)):
        try:
            page: Any = tiff.pages.get(index)
        except Exception as error:
            left.append(LeftOut(f"page {index + 1}", f"cannot be read: {str(error)[:200]}"))
            continue
        kind = next((why for bit, why in LEFT_OUT.items() if int(page.subfiletype) & bit), None)
        if kind is not None:
            left.append(LeftOut(f"page {index + 1}", kind, ignored=True))
            continue
        pages.append((index, page))
        smaller = page.subifds
        if smaller:
            why = f"its {len(smaller)} smaller copies are left out"
            left.append(LeftOut(f"page {index + 1}", why, ignored=True))
    return pages, left


def _absent_planes(tiff: tifffile.TiffFile) -> Iterator[LeftOut]:
    """The planes that an OME-TIFF lists and does not hold, as one of several files does."""
    listed = sum(len(series.pages) for series in tiff.series)
    absent = sum(page is None for series in tiff.series for page in series.pages)
    if absent:
        told = f"{absent} of {listed} planes"
        yield LeftOut(told, "are listed in its OME-XML and not in the file")


def _behind_one_page(tiff: tifffile.TiffFile) -> np.ndarray | None:
    """Planes [n, h, w] or [n, h, w, 3] that stand behind the only page, as ImageJ writes large
    stacks; None when there are none."""
    series = tiff.series[0]
    page = tiff.pages[0]
    if math.prod(series.shape) <= math.prod(page.shape):
        return None
    if math.prod(series.shape) > 3 * MAX_PIXELS:
        raise Unreadable(f"claims {' x '.join(map(str, series.shape))} pixels")
    return series.asarray().reshape(-1, *page.shape)


def _images(page: Any, index: int, data: bytes) -> list[Image]:
    """The planes of one page."""
    if math.prod(page.shape) > 3 * MAX_PIXELS:
        raise Unreadable(f"claims {' x '.join(map(str, page.shape))} pixels")
    photometric = int(page.photometric)
    if photometric in PHOTOMETRIC:
        raise Unreadable(
            f"holds {PHOTOMETRIC[photometric]}, which are no measured values: convert it to RGB"
        )
    notes: list[str] = []
    ends = [o + n for o, n in zip(page.dataoffsets, page.databytecounts, strict=False)]
    if max(ends, default=0) > len(data):
        raise Unreadable("is cut off: its pixels lie behind the end of the file")
    if 0 in page.databytecounts:
        notes.append(f"{page.databytecounts.count(0)} of its strips hold no data, and are 0")
    pixels = _unpacked(page, index, data)
    if photometric == MIN_IS_WHITE:
        notes.append("0 is white in it: its values are as stored")
    planes = _planes(pixels, page, notes)
    tag = page.tags.get(274)
    return [turned(plane, int(tag.value) if tag else 1) for plane in planes]


def _planes(pixels: np.ndarray, page: Any, notes: list[str]) -> list[Image]:
    photometric = int(page.photometric)
    samples = int(page.samplesperpixel)
    if photometric == PALETTE:
        return [Image(_colours(pixels, page), notes=[*notes, PALETTE_NOTE])]
    if samples == 1:
        return [Image(plane, notes=notes) for plane in pixels.reshape(-1, *pixels.shape[-2:])]
    axes = page.axes
    if axes.endswith("S"):
        stack = pixels.reshape(-1, *pixels.shape[-3:])
    elif "S" in axes:
        stack = np.moveaxis(pixels, axes.index("S"), -1)
        stack = stack.reshape(-1, *stack.shape[-3:])
    else:
        raise Unreadable(f"has axes {axes}, which are not read")
    extra = [int(kind) for kind in page.extrasamples]
    colours = samples - len(extra)
    images: list[Image] = []
    for image in stack:
        if colours in (1, 3) and extra in ([1], [2]):
            full = 1.0 if image.dtype.kind == "f" else np.iinfo(image.dtype).max
            told = [*notes, "its colours are multiplied by alpha"] if extra == [1] else notes
            images.append(with_alpha(image, full, list(told)))
        elif colours == 3 and photometric in (RGB, YCBCR):
            told = [f"{len(extra)} further channels are left out"] if extra else []
            images.append(Image(image[:, :, :3], notes=[*notes, *told]))
        else:
            told = f"its {samples} channels are images of their own"
            images += [Image(image[:, :, k], notes=[*notes, told]) for k in range(samples)]
    return images


def _colours(numbers: np.ndarray, page: Any) -> np.ndarray:
    """The colours of a palette's entries: uint8 where nothing is lost by it, else uint16."""
    table = np.asarray(page.colormap, np.uint16).T
    if numbers.max(initial=0) >= len(table):
        raise Unreadable("is a damaged TIFF: its palette is too short")
    low, high = table & 0xFF, table >> 8
    if not low.any() or np.array_equal(low, high):
        table = high.astype(np.uint8)
    return table[numbers]


def _unpacked(page: Any, index: int, data: bytes) -> np.ndarray:
    if int(page.compression) not in JPEG and int(page.photometric) != YCBCR:
        try:
            return page.asarray()
        except MemoryError:
            raise
        except Exception as error:
            if "imagecodecs" not in str(error):
                raise Unreadable(f"is damaged: {str(error)[:200]}") from error
    return _by_libtiff(page, index, data)


def _by_libtiff(page: Any, index: int, data: bytes) -> np.ndarray:
    bits, samples = int(page.bitspersample), int(page.samplesperpixel)
    if samples > 1 and bits != 8:
        name = getattr(page.compression, "name", page.compression)
        raise Unreadable(
            f"holds colours of {bits} bits packed by {name}, of which 8 would be lost: save it "
            "unpacked, or packed by Deflate"
        )
    with Pillow.open(io.BytesIO(data), formats=("TIFF",)) as image:
        image.seek(index)
        image.load()
        if image.mode == "YCbCr":
            image = image.convert("RGB")
        pixels = np.asarray(image)
    if bits in (2, 4) and samples == 1 and int(page.photometric) != PALETTE:
        pixels = pixels // (255 // (2**bits - 1))  # Pillow stretches them to 0..255
    if int(page.photometric) == MIN_IS_WHITE and bits <= 8:
        top = np.array(2**bits - 1, np.uint8)
        pixels = ~pixels if pixels.dtype == bool else top - pixels  # Pillow inverts them
    dtype = np.dtype(page.dtype) if page.dtype is not None else pixels.dtype
    if dtype != pixels.dtype and np.array_equal(pixels.astype(dtype), pixels):
        pixels = pixels.astype(dtype)
    return pixels


def _um_per_px(tiff: tifffile.TiffFile) -> float | None:
    """Size of a pixel by ImageJ's unit or OME's PhysicalSizeX; a printer's dpi say nothing."""
    if tiff.is_imagej:
        unit = MICRON.get(str((tiff.imagej_metadata or {}).get("unit", "")))
        first: Any = tiff.pages[0]
        tag = first.tags.get("XResolution")
        if unit and tag and tag.value[0]:
            return unit * tag.value[1] / tag.value[0]
    return None
