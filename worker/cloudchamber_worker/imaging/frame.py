"""One readout as it stands in a file, and what it is called."""

from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

import numpy as np

# `x.fits.gz` is called x.
PACKED_SUFFIXES = (".fz", ".gz", ".bz2", ".xz", ".z")
SUFFIXES = (".fits", ".fit", ".fts")


@dataclass(frozen=True)
class Frame:
    """One readout as it stands in the file.

    stem : of the file's name
    suffix : '-' and the HDU's name when the file holds several, `-pN` for a plane, else ''
    data : ndarray [height, width], the file's own dtype after BSCALE and BZERO; float64 where the
        samples of a raw Skipper frame were averaged
    header : JSON values of the HDU's cards, the primary header's below them
    mask : boolean [height, width], True for what the file says is no data; None where it says none
    extension, place : EXTNAME, and which of the file's exposures it is, from 0
    step : columns and rows of the file that a pixel covers
    flags : pixels by the bit of the quality extension that is set
    used_flags : the bits of them that mask
    colour : which of the values of a pixel it is, -1 where a pixel has one
    notes : what was done to it, and what was assumed
    """

    stem: str
    suffix: str
    hdu: int
    plane: int | None
    data: np.ndarray
    header: dict[str, Any] = field(default_factory=dict)
    mask: np.ndarray | None = None
    extension: str = ""
    place: int = 0
    step: tuple[int, int] = (1, 1)
    flags: dict[int, int] = field(default_factory=dict)
    used_flags: int = 0
    notes: tuple[str, ...] = ()
    colour: int = -1

    @property
    def name(self) -> str:
        """Stem and suffix."""
        return self.stem + self.suffix


@dataclass(frozen=True)
class NoExposure:
    """An HDU with an image that is not searched: what it is, or why it is `refused`."""

    part: str
    reason: str
    refused: bool = False


def stem_of(name: str) -> str:
    """File name without folder and FITS suffixes."""
    base = PurePath(name.replace("\\", "/")).name
    for suffixes in (PACKED_SUFFIXES, SUFFIXES):
        for suffix in suffixes:
            if base.lower().endswith(suffix) and len(base) > len(suffix):
                base = base[: -len(suffix)]
                break
        else:
            if suffixes is SUFFIXES:
                return PurePath(base).stem or base
    return base
