"""Cells to columns: what a column of texts holds, the same for every format that writes texts."""

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from cloudchamber_worker.imaging.tables.writings import (
    FLOAT,
    days_first,
    matches,
    plain_signs,
    with_unit,
)

pc: Any = pyarrow.compute  # its functions are made when it is imported: no checker sees them
# What is called so names images, and is read letter by letter.
NAME_COLUMNS = (
    "path", "name", "file_name", "filename", "file", "image", "image_name", "image_file",
    "img_file_name", "filepath", "file_path", "image_path", "cutout", "crop", "object_id", "roi",
    "id", "object", "stem", "img",
)  # fmt: skip
LABEL_COLUMNS = (
    "label", "labels", "class", "class_name", "object_annotation_category", "choice", "category",
    "taxon", "species", "classification", "annotation", "type", "kind", "target", "truth",
    "ground_truth",
)  # fmt: skip
# Words for "no value", lower case; in a column of names only the empty cell is missing.
MISSING = (
    "", "na", "n/a", "#n/a", "nan", "-nan", "null", "none", "-", "--", "#null!", "#div/0!",
    "#value!", "#ref!", "#name?", "#num!", "<na>", "nil", "missing",
)  # fmt: skip
EXACT = 2**53  # integers beyond are not all float64
MAX_WORDS = 3  # different words that a column of numbers may hold
NUMBERS = 0.8  # share of numbers that makes one
INTEGER = r"^[+-]?\d+$"
PERCENT = r"^[+-]?(\d+\.?\d*|\.\d+)\s*%$"
COMMA = r"(?i)^[+-]?(\d+|\d*,\d+)(e[+-]?\d+)?$"
DATE = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?$"
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
NEARLY = r"^[<>~≈$€£+-]?\s*\d\S*$"  # begins as a number does
SEVERAL_GROUPS = r"^[+-]?\d{1,3}([.,' ]\d{3}){2,}$"
GROUPED_POINTS = r"^[+-]?[1-9]\d{0,2}(\.\d{3})+$"


@dataclass
class Column:
    """A typed column; `words` are the cells of a column of numbers that are none, by index."""

    values: pa.Array
    unit: str = ""
    description: str = ""
    notes: list[str] = field(default_factory=list)
    words: dict[int, str] = field(default_factory=dict)


def normal(name: str) -> str:
    """A column's name as it is compared: lower case, blanks and hyphens as underscores."""
    return re.sub(r"[\s\-]+", "_", name.strip().lower())


def holds_names(column: str) -> bool:
    """Whether a column of this name is said to name something: `name`, `object id`, `roi_nr`."""
    bare = normal(column)
    return bare in NAME_COLUMNS or bool(re.search(r"(^|_)(id|name|file|filename|path)$", bare))


def typed(
    name: str, cells: list[str | None], rows: np.ndarray, *, comma: bool = False, text: bool = False
) -> Column:
    """The cells of one column as numbers, booleans, seconds or texts.

    rows : number of each row in the file, for what is said
    comma : whether a decimal comma may stand in it (the file separates cells otherwise)
    text : whether it is text whatever it looks like

    Nothing is rounded: integers beyond 2^53 and numbers with zeros before them stay texts. A word
    or two among numbers become missing and are named; more make the column texts, which is said.
    """
    raw = pc.utf8_trim_whitespace(pa.array(cells, pa.string()))
    if holds_names(name):
        array = pc.if_else(pc.equal(raw, ""), None, raw)
        column = Column(array)
    else:
        gone = pc.is_in(pc.utf8_lower(raw), pa.array(MISSING))
        array = pc.if_else(gone, None, raw)
        column = Column(array)
        said = pc.sum(pc.and_(gone, pc.not_equal(raw, ""))).as_py() or 0
        if said:
            words = sorted({w for w in raw.filter(gone).unique().to_pylist() if w})
            column.notes.append(f"{name}: {said} x {', '.join(words[:5])} taken as missing")
    given = array.drop_null()
    if text or not len(given):
        return column
    if not holds_names(name) and normal(name) not in LABEL_COLUMNS:
        plain = plain_signs(name, array)
        if plain is not None:
            array, notes = plain
            given, column.notes = array.drop_null(), [*column.notes, *notes]
    for attempt in (_integers, _floats, _booleans, _percents, _units, _dates, _days_first):
        if attempt(name, array, given, column):
            return column
    if comma and _decimal_commas(name, array, given, column, rows):
        return column
    if not holds_names(name) and normal(name) not in LABEL_COLUMNS:
        _numbers_with_words(name, array, given, column, rows)
    return column


def _integers(name: str, array: pa.Array, given: pa.Array, column: Column) -> bool:
    if not matches(given, INTEGER):
        return False
    if pc.any(pc.match_substring_regex(given, r"^[+-]?0\d")).as_py():
        if not holds_names(name):
            column.notes.append(f"{name}: texts, since numbers in it begin with a zero")
        return True
    beyond = _beyond(given)
    if beyond:
        column.notes.append(
            f"{name}: texts, to keep {len(beyond)} integers beyond 2^53 exact ({beyond[0]})"
        )
        return True
    column.values = pc.replace_substring_regex(array, r"^\+", "").cast(pa.int64())
    return True


def _floats(name: str, array: pa.Array, given: pa.Array, column: Column) -> bool:
    if not matches(given, FLOAT):
        return False
    beyond = _beyond(given)
    if beyond:
        column.notes.append(
            f"{name}: texts, to keep {len(beyond)} integers beyond 2^53 exact ({beyond[0]})"
        )
        return True
    column.values = _numbers(array)
    infinite = pc.sum(pc.is_inf(column.values)).as_py()
    said = pc.sum(pc.match_substring_regex(array, r"(?i)^[+-]?inf")).as_py()
    if said:
        column.notes.append(f"{name}: {said} infinite values stay infinite")
    if infinite and infinite > (said or 0):
        column.notes.append(f"{name}: {infinite - (said or 0)} numbers beyond 1.8e308 are infinite")
    return True


def _beyond(given: pa.Array) -> list[str]:
    """Whole numbers among the cells that float64 does not hold."""
    long = pc.and_(pc.greater(pc.utf8_length(given), 15), pc.match_substring_regex(given, INTEGER))
    if not pc.any(long).as_py():
        return []
    return [v for v in given.filter(long).to_pylist() if abs(int(v)) > EXACT]


def points_may_group(cells: list[str | None], column: Column) -> bool:
    """Whether a column of numbers has a point before three digits in all its numbers: 1.234."""
    if not pa.types.is_floating(column.values.type):
        return False
    raw = pc.utf8_trim_whitespace(pa.array(cells, pa.string()))
    given = raw.filter(pc.is_valid(column.values))
    points = given.filter(pc.match_substring(given, "."))
    return len(points) > 0 and matches(points, GROUPED_POINTS)


def _booleans(name: str, array: pa.Array, given: pa.Array, column: Column) -> bool:
    if not matches(given, r"(?i)^(true|false)$"):
        return False
    column.values = pc.equal(pc.utf8_lower(array), "true")
    return True


def _percents(name: str, array: pa.Array, given: pa.Array, column: Column) -> bool:
    if not matches(given, PERCENT):
        return False
    column.values = _numbers(pc.utf8_rtrim(array, characters="% "))
    column.unit = "%"
    column.notes.append(f"{name}: the sign % became the unit")
    return True


def _units(name: str, array: pa.Array, given: pa.Array, column: Column) -> bool:
    if normal(name) in LABEL_COLUMNS or holds_names(name):
        return False
    found = with_unit(array, given)
    if isinstance(found, tuple):
        cells, column.unit = found
        column.values = _numbers(cells)
        column.notes.append(f"{name}: the unit {column.unit} is that of its cells")
    elif found is not None:
        column.notes.append(f"{name}: texts, since {found}")
    return found is not None


def _days_first(name: str, array: pa.Array, given: pa.Array, column: Column) -> bool:
    if not matches(given, r"^\d{1,2}[/.-]\d{1,2}[/.-]\d{4}"):
        return False
    found = days_first(array.to_pylist())
    if isinstance(found, tuple):
        _put_dates(name, found[0], column, f"; {found[1]}")
    elif found is not None:
        column.notes.append(f"{name}: texts, since {found}")
    return found is not None


def _put_dates(name: str, read: list[dt.datetime | None], column: Column, how: str = "") -> None:
    column.values, zoned = seconds(read)
    column.unit, column.description = "s", f"Time since 1970-01-01 00:00 UTC{zoned}"
    column.notes.append(f"{name}: dates became seconds since 1970-01-01 00:00 UTC{zoned}{how}")


def _dates(name: str, array: pa.Array, given: pa.Array, column: Column) -> bool:
    if not matches(given, DATE):
        return False
    try:
        read = [None if v is None else dt.datetime.fromisoformat(v) for v in array.to_pylist()]
    except ValueError:
        return False
    _put_dates(name, read, column)
    return True


def seconds(read: list[dt.datetime | None]) -> tuple[pa.Array, str]:
    """Seconds since 1970 as float64, and what to add where no time zone was given."""
    naive = any(v is not None and v.tzinfo is None for v in read)
    values = [
        None if v is None
        else ((v if v.tzinfo else v.replace(tzinfo=dt.UTC)) - EPOCH).total_seconds()
        for v in read
    ]  # fmt: skip
    return pa.array(values, pa.float64()), " (no time zone is given: taken as UTC)" if naive else ""


def _decimal_commas(
    name: str, array: pa.Array, given: pa.Array, column: Column, rows: np.ndarray
) -> bool:
    """Numbers such as 1,5; not where every comma stands before three digits, as in 1,234."""
    if not matches(given, COMMA):
        return False
    commas = given.filter(pc.match_substring(given, ",")).to_pylist()
    digits = [re.split(r"[eE]", v.partition(",")[2])[0] for v in commas]
    whole = [v.partition(",")[0].lstrip("+-") for v in commas]
    plain = any(
        len(d) != 3 or w in ("", "0") or len(w) > 3 for d, w in zip(digits, whole, strict=True)
    )
    if not plain:
        row = next(i for i, v in enumerate(array.to_pylist()) if v is not None and "," in v)
        column.notes.append(
            f"{name}: texts, since {commas[0]} in row {rows[row]} may be a decimal comma or "
            "thousands; write it with a point"
        )
        return True
    column.values = _numbers(pc.replace_substring(array, ",", "."))
    column.notes.append(f"{name}: the comma is a decimal comma ({commas[0]})")
    return True


def _numbers_with_words(
    name: str, array: pa.Array, given: pa.Array, column: Column, rows: np.ndarray
) -> None:
    number = pc.match_substring_regex(given, FLOAT)
    n = pc.sum(number).as_py()
    if not n:
        if matches(given, NEARLY):
            column.notes.append(f"{name}: texts, since {given[0]} is no number with one meaning")
        return
    cells = array.to_pylist()
    there = {i: v for i, v in enumerate(cells) if v is not None}
    odd = {i: v for i, v in there.items() if re.match(FLOAT, v, re.ASCII) is None}
    first = next(iter(odd))
    example = f"{odd[first]} in row {rows[first]}"
    exact = not any(
        re.match(r"^[+-]?0\d", v, re.ASCII)
        or (re.match(INTEGER, v, re.ASCII) and abs(int(v)) > EXACT)
        for v in there.values()
    )
    apart = next((v for v in odd.values() if re.match(SEVERAL_GROUPS, v, re.ASCII)), None)
    if apart is not None:
        column.notes.append(f"{name}: texts, since {apart} has thousands apart, and others may")
    elif exact and n >= NUMBERS * len(given) and len(set(odd.values())) <= MAX_WORDS:
        column.values = _numbers(
            pa.array([None if i in odd else v for i, v in enumerate(cells)], pa.string())
        )
        column.words = odd
        column.notes.append(
            f"{name}: {len(odd)} of {len(given)} values are no numbers and taken as missing "
            f"({example})"
        )
    else:
        column.notes.append(
            f"{name}: texts, since {len(odd)} of {len(given)} values are no numbers ({example})"
        )


def _numbers(cells: pa.Array) -> pa.Array:
    """Texts that are all numbers (`FLOAT`) as float64."""
    bare = pc.replace_substring_regex(cells, r"^\+", "")
    return pc.utf8_lower(bare).cast(pa.float64())
