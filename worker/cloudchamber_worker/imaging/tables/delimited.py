"""Text with separated cells: CSV, TSV and their relatives, with the line each row begins on."""

import csv
import re
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.tables.cells import MISSING, points_may_group, typed
from cloudchamber_worker.imaging.tables.encoding import decoded
from cloudchamber_worker.imaging.tables.result import ReadTable

SEPARATORS = ",;\t|"
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
SAMPLE = 200  # rows that tell the separator
BEGINNING = 32_768  # characters that tell it
LONG = 20  # lines within one pair of quotes, beyond which the quote is taken for a stray one
NO_UNIT = ("", "-", "--", "unit", "units", "[unit]", "none", "n/a", "na", "text", "string")
SEP_LINE = re.compile(r'^"?sep=(.)"?\s*$', re.IGNORECASE)
csv.field_size_limit(1 << 24)


@dataclass
class Rows:
    """The cells of a text: `lines` are the numbers of the lines on which the rows begin."""

    header: list[str]
    cells: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    ignored: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def looks_delimited(text: str) -> bool:
    """Whether text is a table with a header: a first line of words, and as many cells in most of
    the lines below. Neither a matrix nor prose with commas is."""
    lines = text[:BEGINNING].splitlines()
    if len(text) > BEGINNING:
        lines = lines[:-1]
    rows = _sample(lines)
    header = rows[0] if rows else []
    if _has_decimal_commas(lines):
        return False
    if len(header) < 2 or all(_is_number(cell) or not cell.strip() for cell in header):
        return False
    return sum(len(row) == len(header) for row in rows) >= 0.8 * len(rows)


def _has_decimal_commas(lines: list[str]) -> bool:
    """Whether the first line is one of a matrix like ``1,5;2,5``, which looks like cells of
    words between commas."""
    first = next((line for line in lines if line.strip()), "")
    return any(
        separator in first
        and all(_is_number(cell.strip().replace(",", ".", 1)) for cell in first.split(separator))
        for separator in (";", "\t")
    )


def read_delimited(data: bytes) -> ReadTable:
    """A table from text.

    Raises
    ------
    Unreadable
        When it is empty, no text, or has no header.
    """
    text, encoding, guess = decoded(data)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    begin, separator, asked = _begin(lines)
    rows = _rows(lines, begin, separator)
    kind = "TSV" if separator == "\t" else "CSV"
    form = [kind, encoding, NAMES.get(separator, f"separated by {separator}")]
    notes = [guess] if guess else []
    if asked:
        notes.append(f"the line sep={separator} names the separator")
    table = of_rows(rows, comma=separator != ",")
    table.notes[:0] = notes
    if any("decimal comma (" in note for note in table.notes):
        form.append("decimal comma")
    table.format = ", ".join(form)
    return table


def of_rows(rows: Rows, *, comma: bool) -> ReadTable:
    """Typed columns of rows of texts, whatever they came from."""
    types = _type_row(rows)
    units = _unit_row(rows)
    names, keep, notes = _names(rows)
    numbers = np.array(rows.lines, np.int64)
    table = ReadTable(
        pa.table({}), rows=numbers, notes=[*rows.notes, *notes],
        refused_rows=rows.refused, ignored_rows=rows.ignored,
    )  # fmt: skip
    arrays: dict[str, pa.Array] = {}
    doubtful: dict[str, list[str | None]] = {}
    for place, name in zip(keep, names, strict=True):
        cells: list[str | None] = [row[place] for row in rows.cells]
        column = typed(
            name, cells, numbers, comma=comma, text=bool(types) and types[place].strip() == "[t]"
        )
        arrays[name] = column.values
        table.notes += column.notes
        if column.unit or units.get(place):
            table.units[name] = column.unit or units[place]
        if column.description:
            table.descriptions[name] = column.description
        if column.words:
            table.words[name] = column.words
        if comma and points_may_group(cells, column):
            doubtful[name] = cells
    if any("decimal comma (" in note or ", before decimals" in note for note in table.notes):
        for name, cells in doubtful.items():  # 1.234 beside 1,5: a thousand, or a decimal point?
            table.words.pop(name, None)
            arrays[name] = typed(name, cells, numbers, text=True).values
            table.notes.append(f"{name}: texts, since its points may stand between thousands: "
                               "other columns have a decimal comma")  # fmt: skip
    table.table = pa.table(arrays)
    return table


def _begin(lines: list[str]) -> tuple[int, str, bool]:
    """Index of the header's line, the separator, and whether a line `sep=` names it."""
    at = next((i for i, line in enumerate(lines) if line.strip()), None)
    if at is None:
        raise Unreadable("is an empty table: it has no line")
    named = SEP_LINE.match(lines[at])
    if named:
        rest = next((i for i in range(at + 1, len(lines)) if lines[i].strip()), None)
        if rest is None:
            raise Unreadable("is an empty table: it has only a line sep=")
        return rest, named[1], True
    sampled = lines[at : at + 2 * SAMPLE]
    separator = _separator(sampled)
    while at < len(lines) and lines[at].lstrip().startswith("#"):
        below = next((i for i in range(at + 1, len(lines)) if lines[i].strip()), None)
        if below is None:
            raise Unreadable("is an empty table: it has only comments")
        if _is_header(lines[at], lines[below], separator):
            return at, separator, False
        at = below
    return at, separator, False


def _is_header(line: str, below: str, separator: str) -> bool:
    """Whether a line that begins with # names the columns of what follows."""
    if below.lstrip().startswith("#"):
        return False
    names, cells = _split(line, separator), _split(below, separator)
    return (
        len(names) == len(cells) > 1
        and not any(_is_number(c) for c in names)
        and any(_is_number(c) for c in cells)
    )


def _rows(lines: list[str], begin: int, separator: str) -> Rows:
    """Every row from the header on; a stray quote costs its own line only."""
    rows: Rows | None = None
    at = begin
    while at < len(lines):
        reader = csv.reader((line + "\n" for line in lines[at:]), delimiter=separator)
        start, stray = at, None
        for cells in reader:
            first, start = start, at + reader.line_num
            if rows is None:
                header = [cell.strip() for cell in cells]
                if header[0].startswith("#"):
                    header[0] = header[0].lstrip("# ")
                rows = Rows(header)
                continue
            while first < start - 1 and not lines[first].strip() and not "".join(cells).strip():
                first += 1
            if start - first > LONG and len(cells) != len(rows.header):
                stray = first
                break
            _add(rows, cells, first + 1, lines[first])
        if stray is None:
            break
        assert rows is not None
        rows.refused.append((stray + 1, "has a quote that is not closed"))
        at = stray + 1
    assert rows is not None
    return rows


def _add(rows: Rows, cells: list[str], line: int, text: str) -> None:
    width = len(rows.header)
    if not cells or not any(cell.strip() for cell in cells):
        return
    if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
        cells = cells[:width]  # separators at the end, as spreadsheets leave them
    if len(cells) == width:
        rows.cells.append(cells)
        rows.lines.append(line)
    elif text.lstrip().startswith("#"):
        rows.ignored.append((line, "is a comment"))
    else:
        rows.refused.append((line, f"has {len(cells)} cells where the header has {width}"))


def _type_row(rows: Rows) -> list[str]:
    """The row of types that EcoTaxa wants below the header; it is taken out."""
    if not rows.cells or any(cell.strip() not in ("[t]", "[f]") for cell in rows.cells[0]):
        return []
    rows.ignored.append((rows.lines.pop(0), "is EcoTaxa's row of types"))
    return rows.cells.pop(0)


def _unit_row(rows: Rows) -> dict[int, str]:
    """The units below the header, by the place of the column: a row that has words over columns of
    numbers and nothing over those of texts. It is taken out."""
    if len(rows.cells) < 2:
        return {}
    first, *below = ([cell.strip() for cell in cells] for cells in rows.cells[: SAMPLE + 1])
    units: dict[int, str] = {}
    for place, cell in enumerate(first):
        values = [row[place].replace(",", ".", 1) for row in below if row[place]]
        if values and all(map(_is_number, values)) and cell.lower() not in MISSING:
            if _is_number(cell.replace(",", ".", 1)):
                return {}
            units[place] = cell.strip("[]()")
        elif cell.lower() not in NO_UNIT:
            return {}
    if units:
        rows.cells.pop(0)
        rows.ignored.append((rows.lines.pop(0), "is a row of units"))
    return units


def _names(rows: Rows) -> tuple[list[str], list[int], list[str]]:
    """Names of the columns, their places, and what is said: no name is empty or comes twice."""
    names: list[str] = []
    keep: list[int] = []
    notes: list[str] = []
    given = Counter(rows.header)
    for place, name in enumerate(rows.header):
        if not name:
            if not any(row[place].strip() for row in rows.cells):
                notes.append(f"column {place + 1} has neither name nor value: left out")
                continue
            name = f"column {place + 1}"
            notes.append(f"column {place + 1} has no name")
        new, number = name, 1
        while new in names or (number > 1 and new in given):
            number += 1
            new = f"{name}_{number}"
        if new != name:
            notes.append(f"two columns are called {name}: the later one is {new} here")
        names.append(new)
        keep.append(place)
    return names, keep, notes


def _separator(lines: list[str]) -> str:
    best, merit = ",", (0.0, 0)
    plain = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    for separator in SEPARATORS:
        rows = [r for r in csv.reader(iter(plain), delimiter=separator) if r][:SAMPLE]
        width = len(rows[0]) if rows else 0
        if width < 2:
            continue
        # A header with its cells apart decides between two that both fit: `a;b` over `1,0;2,5`.
        alike = sum(len(row) == width for row in rows) / len(rows)
        if (alike, width) > merit:
            best, merit = separator, (alike, width)
    return best


def _sample(lines: list[str]) -> list[list[str]]:
    full = [line for line in lines if line.strip()]
    if not full:
        return []
    try:
        begin, separator, _ = _begin(full)
    except Unreadable:
        return []
    return [row for row in csv.reader(iter(full[begin:]), delimiter=separator) if row]


def _split(line: str, separator: str) -> list[str]:
    return next(csv.reader([line.lstrip("# ")], delimiter=separator), [])


def _is_number(cell: str) -> bool:
    try:
        float(cell.strip())
    except ValueError:
        return False
    return True
