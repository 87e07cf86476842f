"""Which image HDUs of a file are exposures, and what the others are.

By EXTNAME, by EXTTYPE or HDUCLAS2 (OGIP 92-002; ESO data products), and where these say nothing by
content: flags beside an image of the same size are a mask.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Kind = Literal["science", "mask", "error", "variance", "weight", "auxiliary"]
NAMES: tuple[tuple[Kind, frozenset[str]], ...] = (
    ("mask", frozenset(
        ("DQ", "DQI", "MASK", "MSK", "BPM", "FLAGS", "FLAG", "QUALITY", "QUAL", "PIXELDQ",
         "GROUPDQ", "BADPIX", "BADPIXELS", "BADPIXEL", "DATAQUALITY", "CRMASK", "PIXMASK")
    )),
    ("error", frozenset(
        ("ERR", "ERROR", "ERRORS", "UNCERT", "UNCERTAINTY", "SIGMA", "STDDEV", "STD", "RMS",
         "STAT", "NOISE", "NOISEMAP")
    )),
    ("variance", frozenset(("VAR", "VARIANCE", "VARPOISSON", "VARRNOISE", "VARFLAT", "COVAR"))),
    ("weight", frozenset(("IVAR", "WEIGHT", "WEIGHTS", "WHT", "WGT", "WT", "INVVAR", "STATIVAR"))),
    ("auxiliary", frozenset(
        ("SAMP", "TIME", "CTX", "CON", "AREA", "READNOISE", "EXPMAP", "PSF", "WAVELENGTH",
         "D2IMARR", "WCSDVARR", "THUMBNAIL", "PREVIEW", "BACKGROUND", "BKG", "SKYMODEL")
    )),
)  # fmt: skip
SCIENCE = frozenset(("SCI", "SCIENCE", "DATA", "IMAGE", "IMG", "RAW", "SIGNAL", "PRIMARY"))
CLASSES: Mapping[str, Kind] = {
    "DATA": "science", "SCIENCE": "science", "SCI": "science", "IMAGE": "science",
    "QUALITY": "mask", "MASK": "mask", "DQ": "mask", "BPM": "mask",
    "ERROR": "error", "ERR": "error", "STAT": "variance", "VARIANCE": "variance",
    "VAR": "variance", "WEIGHT": "weight", "IVAR": "weight",
}  # fmt: skip
WORDS: Mapping[Kind, str] = {
    "science": "an exposure", "mask": "a mask", "error": "errors", "variance": "variances",
    "weight": "weights", "auxiliary": "no exposure",
}  # fmt: skip
FLAG_VALUES = 64  # a mask has few values: sums of bits


@dataclass(frozen=True)
class Extension:
    """An image HDU as its header tells it; shape as NumPy has it, [..., height, width]."""

    index: int
    name: str
    version: int
    shape: tuple[int, ...]
    integer: bool
    kind: Kind
    named: bool

    @property
    def label(self) -> str:
        """What it is called in words."""
        version = f",{self.version}" if self.version != 1 else ""
        return f"HDU {self.index}" + (f" ({self.name}{version})" if self.name else "")


def kind_by_header(header: Mapping[str, Any]) -> tuple[Kind, bool]:
    """What an HDU is by its own header, and whether that says it."""
    for key in ("HDUCLAS2", "EXTTYPE"):
        said = str(header.get(key, "")).strip().upper()
        if said in CLASSES:
            return CLASSES[said], True
    tokens = _tokens(str(header.get("EXTNAME", "")))
    for kind, names in NAMES:
        if tokens & names:
            return kind, True
    return "science", bool(tokens & SCIENCE)


def looks_like_flags(pixels: np.ndarray) -> bool:
    """Whether pixels are flags: whole numbers from 0 up, few different ones, most of them 0."""
    if pixels.dtype.kind == "b":
        return True
    if pixels.dtype.kind not in "ui" or np.count_nonzero(pixels) > pixels.size / 2:
        return False
    values = np.unique(pixels)
    return bool(values[0] == 0 and len(values) <= FLAG_VALUES)


def science_of(mask: Extension, sciences: Sequence[Extension]) -> list[Extension]:
    """The exposures that an extension belongs to: that of the same version or name, else the last
    one before it; of those whose size it has. One mask for all of one size where it says nothing.
    """
    alike = [one for one in sciences if one.shape[-2:] == mask.shape[-2:]]
    if len(alike) < 2:
        return list(alike)
    stem = _stem(mask.name)
    if stem and (named := [one for one in alike if _stem(one.name) == stem]):
        alike = named
    versions = [one for one in alike if one.version == mask.version]
    if len({one.version for one in alike}) > 1 and versions:
        alike = versions
    if len(alike) == 1:
        return alike
    before = [one for one in alike if one.index < mask.index]
    return [before[-1] if before else alike[0]]


def _tokens(name: str) -> set[str]:
    """Words of a name, without the digits behind them: `CHIP1.DATA_2` has CHIP and DATA."""
    whole = re.sub(r"[^A-Z]", "", name.upper())
    return {word for word in re.split(r"[^A-Z]+", name.upper()) if word} | {whole}


def _stem(name: str) -> str:
    """A name without the words that say what kind of extension it is."""
    kinds = SCIENCE.union(*(names for _, names in NAMES))
    words = re.split(r"[^A-Za-z0-9]+", name.upper())
    return ".".join(word for word in words if word and re.sub(r"\d+$", "", word) not in kinds)
