"""Units as the page shows them, and as astronomy's file formats spell them (VOUnit, FITS 4.0)."""

import re

# Ours first. FITS keeps units in ASCII, and readers know only these spellings.
SPELLINGS = {
    "px": "pix", "ADU": "adu", "µm": "um", "e⁻": "electron", "°": "deg", "Å": "Angstrom",
    "µs": "us", "µV": "uV", "Ω": "Ohm", "²": "2", "³": "3",
}  # fmt: skip
MICRO = str.maketrans("μ", "µ")  # GREEK SMALL LETTER MU is what many keyboards give


def standard_unit(unit: str) -> str:
    """`unit` as VOTable, FITS and ECSV spell it: ``ADU/px`` is ``adu/pix``."""
    return _words(unit, SPELLINGS)


def shown_unit(unit: str) -> str:
    """`unit` of such a file as it is shown: ``um`` is ``µm``, ``pix`` and ``pixel`` are ``px``."""
    shown = {standard: ours for ours, standard in SPELLINGS.items() if standard.isalpha()}
    shown |= {"pixel": "px", "electron": "electron", "deg": "deg"}
    return _words(re.sub(r"\s*/\s*", "/", unit), shown)  # astropy spells `adu / pix`


def _words(unit: str, spelling: dict[str, str]) -> str:
    parts = re.findall(r"[^\W\d_²³]+⁻?|.", unit.translate(MICRO))
    return "".join(spelling.get(str(part), str(part)) for part in parts)
