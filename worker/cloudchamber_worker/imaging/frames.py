"""FITS files: every image HDU, and every plane of a cube, is one exposure.

Reference: Pence et al. 2010, A&A 524, A42 (FITS 3.0); Pence et al. 2009, PASP 121, 414 (tiled
image compression).
"""

import contextlib
import math
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any, BinaryIO

import numpy as np
from astropy.io import fits

from cloudchamber_worker.imaging.errors import Unreadable

MAX_PIXELS = 200_000_000
MAX_IMAGES = 1_000
NOT_IMAGES = {"BinTableHDU": "a table", "TableHDU": "a table", "GroupsHDU": "random groups"}
# Longest first: `x.fits.gz` is called x.
SUFFIXES = (".fits.fz", ".fits.gz", ".fit.gz", ".fts.gz", ".fits", ".fit", ".fts", ".fz", ".gz")


@dataclass(frozen=True)
class Frame:
    """One readout as it stands in the file.

    stem : of the file's name
    suffix : '-' and the HDU's name when the file holds several, `-pN` for a plane, else ''
    data : ndarray [height, width], the file's own dtype after BSCALE and BZERO
    header : JSON values of the HDU's cards, the primary header's below them
    """

    stem: str
    suffix: str
    hdu: int
    plane: int | None
    data: np.ndarray
    header: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Stem and suffix."""
        return self.stem + self.suffix

    @property
    def unit(self) -> str:
        """'electron' when BUNIT says so, else 'ADU'."""
        return unit_of(self.header)


def unit_of(header: dict[str, Any]) -> str:
    """Unit of the pixels by BUNIT: 'electron' or 'ADU' (the default)."""
    bunit = str(header.get("BUNIT", "")).strip().lower().rstrip("s")
    return "electron" if bunit in ("electron", "e", "e-") else "ADU"


def stem_of(name: str) -> str:
    """File name without folder and FITS suffixes."""
    base = PurePath(name.replace("\\", "/")).name
    for suffix in SUFFIXES:
        if base.lower().endswith(suffix) and len(base) > len(suffix):
            return base[: -len(suffix)]
    return PurePath(base).stem or base


def read_frames(stream: BinaryIO, name: str, size: int) -> Iterator[Frame]:
    """Yield the exposures of an uncompressed FITS stream; .fz tile compression is understood.

    Parameters
    ----------
    stream : binary file, positioned anywhere
    name : str
        File name, for the exposures' names.
    size : int
        Bytes in `stream`; a header that claims more pixels than that is refused unread.

    Raises
    ------
    Unreadable
        When the file is damaged before its first image or holds none. Damage after that ends
        the iteration with the same error, and what was yielded stands.
    """
    stream.seek(0)
    with contextlib.ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")  # astropy warns of every odd card; the data decides
        try:
            hdus = fits.open(stream, memmap=False, lazy_load_hdus=True)
        except Exception as error:
            raise Unreadable(f"is not readable as FITS: {_words(error)}") from error
        stack.callback(hdus.close, closed=False)  # the stream is the caller's
        images, seen = _find_images(hdus, size)
        if not images:
            raise Unreadable(f"holds no image, only {_tell(seen)}")
        for index in images[:MAX_IMAGES]:
            yield from _frames_of(hdus, index, name, alone=len(images) == 1)
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
            raise Unreadable(f"has a damaged header in HDU {index}: {_words(error)}") from error
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
    if 0 in shape:
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


def _frames_of(hdus: fits.HDUList, index: int, name: str, *, alone: bool) -> Iterator[Frame]:
    hdu: Any = hdus[index]
    primary: Any = hdus[0]
    try:
        data = np.asarray(hdu.data)
        header = {**_cards(primary.header), **_cards(hdu.header)}
    except MemoryError as error:
        raise Unreadable(f"HDU {index} does not fit in the decoder's memory") from error
    except Exception as error:
        raise Unreadable(f"HDU {index} cannot be read: {_words(error)}") from error
    if data.dtype.kind not in "uif" or data.ndim < 2:
        raise Unreadable(f"HDU {index} holds {data.dtype} values, no pixels")
    suffix = ""
    if not alone:
        suffix = f"-{hdu.name.strip() or index}"
        if hdu.name.strip() and hdu.ver != 1:
            suffix = f"{suffix}-{hdu.ver}"
    planes = data.reshape(-1, *data.shape[-2:])
    for number, plane in enumerate(planes):
        single = len(planes) == 1
        yield Frame(
            stem_of(name),
            suffix if single else f"{suffix}-p{number:03d}",
            index,
            None if single else number,
            plane,
            header,
        )


def _cards(header: fits.Header) -> dict[str, Any]:
    cards: dict[str, Any] = {}
    for card in header.cards:
        try:
            key, value = card.keyword, card.value
        except Exception as error:
            cards.setdefault("UNREADABLE", _words(error))
            continue
        if key in ("COMMENT", "HISTORY", "", "SIMPLE", "XTENSION", "EXTEND"):
            continue
        if isinstance(value, float) and not math.isfinite(value):
            value = str(value)
        if isinstance(value, (bool, int, float, str)):
            cards[key] = value
    return cards


def _tell(seen: list[str]) -> str:
    kinds = list(dict.fromkeys(seen))
    return ", ".join(kinds[:4]) + (" and more" if len(kinds) > 4 else "") if kinds else "nothing"


def _words(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [""])[0][:200] or type(error).__name__
