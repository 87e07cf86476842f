"""Numbers and dates as people write them: other minus signs, thousands apart, units, days first.

Only what has one meaning in the whole column is read; what may have two stays text, with a word.
"""

import datetime as dt
import re
from typing import Any

import pyarrow as pa
import pyarrow.compute

pc: Any = pyarrow.compute  # its functions are made when it is imported: no checker sees them
FLOAT = r"(?i)^[+-]?((\d+\.?\d*|\.\d+)(e[+-]?\d+)?|inf|infinity)$"
MINUS = "^[\u2212\u2013\uff0d]([0-9.,])"  # as word processors write it
SPACES = "[\u00a0\u2009\u202f]"  # that do not break a line
# Cells that leave no doubt what stands between thousands, that sign, and the decimal sign.
GROUPINGS = (
    (r"^[+-]?\d{1,3}(\.\d{3})+,\d+$", ".", ","),
    (r"^[+-]?\d{1,3}(,\d{3})+\.\d+$", ",", "."),
    (r"^[+-]?\d{1,3}(\.\d{3}){2,}$", ".", ","),
    (r"^[+-]?\d{1,3}(,\d{3}){2,}$", ",", "."),
    (r"^[+-]?\d{1,3}('\d{3})+(\.\d+)?$", "'", "."),
    (r"^[+-]?\d{1,3}( \d{3})+([.,]\d+)?$", " ", "."),
)
UNITS = (
    "eV", "keV", "MeV", "GeV", "ADU", "DN", "e-", "px", "pixel", "pixels", "nm", "um", "µm", "μm",
    "mm", "cm", "m", "ns", "us", "µs", "ms", "s", "min", "h", "K", "°C", "°", "deg", "rad", "mV",
    "V", "Hz", "kHz", "MHz", "Pa", "hPa", "mbar", "mg", "g", "kg", "ml", "mL", "L",
)  # fmt: skip
WITH_UNIT = (
    r"^(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(?P<unit>"
    + "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True))
    + ")$"
)
DAY = re.compile(r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?")


def plain_signs(name: str, array: pa.Array) -> tuple[pa.Array, list[str]] | None:
    """The cells with `-` for other minus signs and without thousands apart, and what is to be said
    of it, where all are numbers then and were none before."""
    given, notes = array, []
    if pc.any(pc.match_substring_regex(array, MINUS)).as_py():
        given = pc.replace_substring_regex(array, MINUS, r"-\1")
        notes.append(f"{name}: dashes before numbers are read as minus signs")
    given = pc.replace_substring_regex(given, SPACES, " ")
    for grouped, apart, decimal in GROUPINGS:
        sure = pc.match_substring_regex(given, grouped)
        if not pc.any(sure).as_py() or not _consistent(given.drop_null(), apart, decimal):
            continue
        bare = pc.replace_substring(pc.replace_substring(given, apart, ""), decimal, ".")
        sign = "a blank" if apart == " " else apart
        notes.append(f"{name}: {sign} stands between thousands, {decimal} before decimals "
                     f"({given.filter(sure)[0].as_py()})")  # fmt: skip
        given = bare
        break
    return (given, notes) if notes and matches(given.drop_null(), FLOAT) else None


def _consistent(given: pa.Array, apart: str, decimal: str) -> bool:
    """Whether in every cell `apart` stands between thousands only, and before `decimal`."""
    sign = re.escape(apart)
    pattern = rf"(?i)^[+-]?(\d+|\d{{1,3}}({sign}\d{{3}})+)(\{decimal}\d+)?(e[+-]?\d+)?$"
    return matches(given, pattern)


def matches(given: pa.Array, pattern: str) -> bool:
    """Whether every cell matches."""
    return bool(pc.all(pc.match_substring_regex(given, pattern)).as_py())


def with_unit(array: pa.Array, given: pa.Array) -> tuple[pa.Array, str] | str | None:
    """The numbers of cells such as `3.2 keV` as texts, and their unit; a sentence's half where
    the units differ; None where not every cell has a number and a unit."""
    if not matches(given, WITH_UNIT):
        return None
    units = pc.struct_field(pc.extract_regex(given, WITH_UNIT), "unit").unique().to_pylist()
    if len(units) > 1:
        return f"its units differ ({', '.join(sorted(units)[:4])})"
    return pc.struct_field(pc.extract_regex(array, WITH_UNIT), "number"), units[0]


def _moment(found: re.Match[str], month: int, day: int) -> dt.datetime:
    hour, minute, second = (int(found[k] or 0) for k in (5, 6, 7))
    return dt.datetime(int(found[4]), int(found[month]), int(found[day]), hour, minute, second)


def days_first(cells: list[str | None]) -> tuple[list[dt.datetime | None], str] | str | None:
    """Dates such as 13/04/2024 where the cells tell which number is the month, and how; a
    sentence's half where they leave it open; None where not every cell is such a date."""
    found = [None if cell is None else DAY.fullmatch(cell) for cell in cells]
    if any(m is None for m, cell in zip(found, cells, strict=True) if cell is not None):
        return None
    pairs = [(int(m[1]), int(m[3])) for m in found if m]
    first, second = max(a for a, _ in pairs), max(b for _, b in pairs)
    example = next(cell for cell in cells if cell)
    if (first > 12) == (second > 12):
        return f"{example} may be day/month or month/day: write 2024-12-31"
    month, day = (3, 1) if first > 12 else (1, 3)
    try:
        read = [m and _moment(m, month, day) for m in found]
    except ValueError:
        return f"{example} and others are no dates of one kind: write 2024-12-31"
    order = "day, month, year" if month == 3 else "month, day, year"
    return read, f"dates are read as {order}: {max(first, second)} is no month"
