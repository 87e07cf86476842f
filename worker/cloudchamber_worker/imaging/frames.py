"""FITS files: every image HDU, and every plane of a cube, is one exposure.

Reference: Pence et al. 2010, A&A 524, A42 (FITS 3.0); Pence et al. 2009, PASP 121, 414 (tiled
image compression).
"""

import contextlib
import math
import warnings
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from astropy.io import fits

from cloudchamber_worker.imaging.dialects.settings import DetectorSettings
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.fits_images import FitsImages, in_words
from cloudchamber_worker.imaging.frame import Frame, NoExposure
from cloudchamber_worker.imaging.options import Skipper

MAX_PIXELS = 200_000_000
MAX_IMAGES = 1_000
NOT_IMAGES = {"BinTableHDU": "a table", "TableHDU": "a table", "GroupsHDU": "random groups"}


def read_frames(
    stream: BinaryIO,
    name: str,
    size: int,
    settings: Callable[[dict[str, Any]], DetectorSettings] = lambda _: DetectorSettings(),
    *,
    skipper: Skipper = "ask",
    as_they_are: bool = False,
) -> Iterator[Frame | NoExposure]:
    """Yield the exposures of an uncompressed FITS stream; .fz tile compression is understood.

    Of several images, those that are errors, variances, weights or masks of another are no
    exposures: masks are applied, and each is named.

    Parameters
    ----------
    stream : binary file, positioned anywhere
    name : str
        File name, for the exposures' names.
    size : int
        Bytes in `stream`; a header that claims more pixels than that is refused unread.
    settings : what is said about the detector of a header
    skipper : as in `Options`
    as_they_are : whether every image is an exposure, whatever its header says

    Raises
    ------
    Unreadable
        When the file is damaged before its first image or holds none. Damage after that ends
        the iteration with the same error, and what was yielded stands.
    NeedsAnswer
        When an image may be a raw Skipper frame or an averaged one.
    """
    stream.seek(0)
    with contextlib.ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # astropy warns of every odd card; the data decides
        try:
            hdus = fits.open(stream, memmap=False, lazy_load_hdus=True)
        except Exception as error:
            raise Unreadable(f"is not readable as FITS: {in_words(error)}") from error
        stack.callback(hdus.close, closed=False)  # the stream is the caller's
        images, seen = _find_images(hdus, size)
        if not images:
            raise Unreadable(f"holds no image, only {_tell(seen)}")
        file = FitsImages(
            hdus, name, size, images[:MAX_IMAGES], settings, skipper, as_they_are=as_they_are
        )
        yield from file.frames()
        if len(images) > MAX_IMAGES:
            raise Unreadable(f"holds {len(images)} images; the first {MAX_IMAGES} were taken")


def _find_images(hdus: fits.HDUList, size: int) -> tuple[list[int], list[str]]:
    images: list[int] = []
    seen: list[str] = []
    index = 0
    while True:
        try:
            hdu = hdus[index]
        except IndexError:
            return images, seen
        except Exception as error:
            if images:
                return images, seen
            raise Unreadable(f"has a damaged header in HDU {index}: {in_words(error)}") from error
        kind = _kind(hdu)
        if kind == "image":
            _check_size(hdu, index, size)
            images.append(index)
        else:
            seen.append(kind)
        index += 1
        if index > 10 * MAX_IMAGES:
            return images, seen


def _kind(hdu: Any) -> str:
    """'image', or what the HDU is instead."""
    compressed = isinstance(hdu, fits.CompImageHDU)
    plain = isinstance(hdu, (fits.PrimaryHDU, fits.ImageHDU)) and not isinstance(
        hdu, fits.GroupsHDU
    )
    if not (compressed or plain):
        kind = NOT_IMAGES.get(type(hdu).__name__, "something else")
        return f"{kind} ({hdu.name or 'unnamed'})"
    shape = hdu.shape
    if len(shape) < 2:
        return "an empty HDU" if not shape else "a one-dimensional HDU"
    if min(shape) <= 0:
        return f"an image of {' x '.join(map(str, shape[::-1]))} pixels"
    return "image"


def _check_size(hdu: Any, index: int, size: int) -> None:
    pixels = math.prod(hdu.shape)
    text = " x ".join(map(str, hdu.shape[::-1]))
    if pixels > MAX_PIXELS:
        raise Unreadable(f"HDU {index} claims {text} pixels; the limit is {MAX_PIXELS:_}")
    if isinstance(hdu, fits.CompImageHDU):
        return
    claimed = pixels * abs(int(hdu.header["BITPIX"])) // 8
    if claimed > size:
        raise Unreadable(
            f"HDU {index} claims {text} pixels ({claimed} bytes), the file has {size}: truncated?"
        )


def _tell(seen: list[str]) -> str:
    kinds = list(dict.fromkeys(seen))
    return ", ".join(kinds[:4]) + (" and more" if len(kinds) > 4 else "") if kinds else "nothing"
