"""The unit of an exposure's pixels, read by `astropy.units` where the header states one.

What is not stated is assumed to be ADU, and said to be assumed. Units are never converted; what
makes electrons of them is a factor beside.
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

# Spellings that instruments write and astropy does not know, or reads as something else.
SPELLINGS = {
    "": "", "adu": "ADU", "adus": "ADU", "dn": "DN", "dns": "DN", "data number": "DN",
    "digital number": "DN", "count": "count", "counts": "count", "ct": "count", "cts": "count",
    "e": "electron", "e-": "electron", "e⁻": "electron", "el": "electron", "els": "electron",
    "electron": "electron", "electrons": "electron", "photoelectron": "electron",
    "photoelectrons": "electron", "photo-electron": "electron", "photo-electrons": "electron",
    "unitless": "1", "none": "", "dimensionless": "1", "1": "1", "normalised": "1",
    "normalized": "1",
}  # fmt: skip
PER_TIME = re.compile(r"(.*?)\s*(?:/\s*|\s+per\s+|[\s.*]\s*)(s|sec|second|seconds)(\^?-1|\*\*-1)?$")
COUNTS = ("ADU", "DN", "count")  # what a converter gives, before any gain
LONGEST = 20


@dataclass(frozen=True)
class PixelUnit:
    """A unit, and how it is known.

    text : 'ADU', 'electron', 'electron/s', 'DN', 'keV', 'normalised' ...
    source : half a sentence
    stated : by the header or a person; else it is assumed
    """

    text: str
    source: str
    stated: bool = True

    @property
    def is_rate(self) -> bool:
        """Whether it is per second."""
        return self.text.endswith("/s")

    @property
    def of_charge(self) -> str:
        """'ADU' for what a converter counts, 'electron', or '' for another kind."""
        base = self.text.removesuffix("/s")
        return "ADU" if base in COUNTS else "electron" if base == "electron" else ""


def pixel_unit(header: dict[str, Any], pixels: np.ndarray, said: str | None = None) -> PixelUnit:
    """The unit of pixels [height, width].

    Parameters
    ----------
    header : BUNIT states it
    pixels : floats from 0 to 1 that no header gives a unit are normalised
    said : what a person has said it is
    """
    if said:
        return PixelUnit(read_unit(said)[0], "said by you")
    bunit = str(header.get("BUNIT", "")).strip()
    text, known = read_unit(bunit)
    if text and text != "1":
        source = f"BUNIT is {bunit!r}"
        return PixelUnit(text, source if known else f"{source}, a unit that is not known")
    if _is_normalised(pixels):
        return PixelUnit("normalised", "all values lie in 0 to 1", stated=text == "1")
    if text == "1":
        return PixelUnit("normalised", f"BUNIT is {bunit!r}")
    return PixelUnit("ADU", "no BUNIT", stated=False)


def read_unit(written: str) -> tuple[str, bool]:
    """A unit as it is written here, and whether it is one that is known."""
    plain = " ".join(written.strip().split())
    rate = PER_TIME.fullmatch(plain.lower())
    # `e-1` would be a power: a rate needs a sign of division, or the power -1.
    if rate and (("/" in plain or " per " in plain.lower()) != bool(rate[3])):
        base, known = read_unit(plain[: len(rate[1])].rstrip("/.* "))
        return (f"{base}/s", known) if base not in ("", "1") else ("1/s", True)
    if (ours := SPELLINGS.get(plain.lower())) is not None:
        return ours, True
    from astropy import units  # half a second: only for what is not met every day

    for spelling in (plain, plain.lower()):
        try:
            return units.Unit(spelling).to_string().replace(" ", "")[:LONGEST], True
        except (ValueError, TypeError):
            continue
    return plain[:LONGEST], False


def electrons_per_unit(
    unit: PixelUnit, gain: float | None, exposure_time: float | None
) -> float | None:
    """What a value is multiplied by to become electrons; None where something is not known."""
    seconds = exposure_time if unit.is_rate else 1.0
    per_count = gain if unit.of_charge == "ADU" else 1.0 if unit.of_charge else None
    return None if seconds is None or per_count is None else seconds * per_count


def exposure_time(header: dict[str, Any]) -> float | None:
    """Seconds by EXPTIME, EXPOSURE or DARKTIME; None where none states more than 0."""
    for key in ("EXPTIME", "EXPOSURE", "DARKTIME", "TEXPTIME"):
        value = header.get(key)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0:
            return float(value)
    return None


def _is_normalised(pixels: np.ndarray) -> bool:
    if pixels.dtype.kind != "f":
        return False
    sample = pixels[:: max(1, pixels.shape[0] // 256)]
    with np.errstate(invalid="ignore"):
        low, high = np.nanmin(sample, initial=np.inf), np.nanmax(sample, initial=-np.inf)
    if not 0 <= low < high <= 1:
        return False
    return bool(np.nanmin(pixels) >= 0 and np.nanmax(pixels) <= 1)
