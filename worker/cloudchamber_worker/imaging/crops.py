"""Crops: images that are cutouts already, as files of pictures, arrays, or text matrices.

The type is decided by the first bytes, never by the name. Pixels keep their values and types;
whatever is done to them is said in their notes.
"""

import itertools
import math
import warnings
from collections.abc import Iterator

from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from cloudchamber_worker.imaging.errors import NeedsAnswer, Unreadable
from cloudchamber_worker.imaging.hdf5 import read_hdf5
from cloudchamber_worker.imaging.matrices import read_matrix
from cloudchamber_worker.imaging.npy import read_arrays
from cloudchamber_worker.imaging.pictures import read_picture
from cloudchamber_worker.imaging.pixels import MAX_PIXELS, Image, LeftOut, checked
from cloudchamber_worker.imaging.png import read_png
from cloudchamber_worker.imaging.pnm import read_pnm
from cloudchamber_worker.imaging.tiffs import read_tiff

MAX_SIDE = 8192
LARGE_SIDE = 512  # both sides from here: a whole exposure as likely as a cutout
DEEP_SIDE = 256  # the same with more than 8 bits a pixel
Pillow.MAX_IMAGE_PIXELS = MAX_PIXELS
READERS = {
    "png": read_png,
    "jpeg": lambda data: read_picture(data, "jpeg"),
    "gif": lambda data: read_picture(data, "gif"),
    "bmp": lambda data: read_picture(data, "bmp"),
    "webp": lambda data: read_picture(data, "webp"),
    "tiff": read_tiff,
    "pnm": read_pnm,
    "npy": read_arrays,
    "hdf5": read_hdf5,
    "text": read_matrix,
}
PICTURES = ("jpeg", "gif", "bmp", "webp")  # no detector writes its exposures so


def read_crops(data: bytes, kind: str) -> Iterator[Image | LeftOut]:
    """Yield the images of one file, and the parts of it that are none.

    Raises
    ------
    Unreadable
        With the reason, for the import's report.
    NeedsAnswer
        When it can be read in two ways.
    """
    try:
        for image in _quietly(READERS[kind](data)):
            if isinstance(image, LeftOut):
                yield image
                continue
            try:
                yield checked(image)
            except Unreadable as error:
                if not image.part:
                    raise
                yield LeftOut(image.part, str(error))
    except (Unreadable, NeedsAnswer):
        raise
    except MemoryError as error:
        raise Unreadable("does not fit in the decoder's memory") from error
    except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
        raise Unreadable(f"claims more than {MAX_PIXELS:_} pixels") from error
    except Exception as error:
        words = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        if isinstance(error, UnidentifiedImageError):
            words = "its header cannot be read"
        raise Unreadable(f"is a damaged {kind.upper()}: {words}") from error


def _quietly(images: Iterator[Image | LeftOut]) -> Iterator[Image | LeftOut]:
    """The same, with the warnings of the libraries off, but for that of a bomb.

    Two at a time: nearly every file holds one, and changing the filters takes time.
    """
    more = True
    while more:
        pair: list[Image | LeftOut] = []
        failure: Exception | None = None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Pillow.DecompressionBombWarning)
            try:
                pair.extend(itertools.islice(images, 2))
            except Exception as error:
                failure = error
        more = len(pair) == 2
        yield from pair
        if failure is not None:
            raise failure


def refuse_large(image: Image) -> None:
    """Raise `Unreadable` when an image is larger than a crop may be."""
    height, width = image.pixels.shape[:2]
    if max(height, width) > MAX_SIDE:
        raise Unreadable(
            f"is {width} x {height} px; crops go to {MAX_SIDE} px, whole exposures beyond"
        )


def ask_for_exposure(image: Image, kind: str) -> None:
    """Raise `NeedsAnswer` when an image may be a whole exposure.

    That is one with a single channel, in a format that detectors' programs write, both of whose
    sides have at least `LARGE_SIDE` px, or `DEEP_SIDE` px with more than 8 bits.
    """
    if image.pixels.ndim != 2 or kind in PICTURES:
        return
    height, width = image.pixels.shape
    least = LARGE_SIDE if image.pixels.dtype.itemsize == 1 else DEEP_SIDE
    if min(height, width) >= least:
        raise NeedsAnswer(
            f"{width} x {height} px of {image.pixels.dtype}: a whole exposure, to be cut into "
            "cutouts, or one cutout?",
            asks="exposure_or_crop",
        )


def refuse_exposure(image: Image) -> None:
    """Raise `Unreadable` when an image cannot be an exposure."""
    if image.pixels.ndim != 2:
        raise Unreadable("has 3 colours; an exposure has one value a pixel")
    if math.prod(image.pixels.shape) > MAX_PIXELS:
        raise Unreadable(f"holds more than {MAX_PIXELS:_} pixels")
