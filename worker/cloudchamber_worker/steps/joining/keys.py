"""Which column of a table names the cutouts, and which cutout each of its rows means."""

import re
from collections.abc import Iterable, Sequence
from urllib.parse import unquote, urlsplit

import numpy as np
import pyarrow as pa

from cloudchamber.data.names import Names, Resolved
from cloudchamber_worker.imaging.tables import NAME_COLUMNS, ReadTable, holds_names, normal
from cloudchamber_worker.imaging.tables.delimited import Rows, of_rows

# Numbers of other things than images; texts in such a column may still be names.
OTHERS = frozenset(
    f"{what}_id" for what in (
        "run", "event", "batch", "sample", "class", "category", "label", "annotator", "user",
        "person", "site", "station", "camera", "detector", "ccd", "amp", "project", "task",
        "night", "exposure", "parent", "group", "cluster", "taxon", "annotation", "session",
    )
)  # fmt: skip
SAMPLE = 2_000  # rows that tell the key column
# Label Studio stores an upload as data/upload/PROJECT/8 hexadecimal digits-NAME.
UPLOADED = re.compile(r"^(?:.*/)?(?:data/upload/(?:\d+/)?)?(?:[0-9a-f]{8}-)?(?P<name>[^/]+)$")
HASHED = re.compile(r"(^|/)[0-9a-f]{8}-[^/]+$|(^|/)data/upload/")


def column_texts(read: ReadTable, column: str) -> list[str | None]:
    """A column as texts: whole numbers without a point, and the words that stood among numbers."""
    values = read.table[column].to_pylist()
    words = read.words.get(column, {})
    texts = [
        None if v is None
        else str(int(v)) if isinstance(v, float) and v.is_integer() and abs(v) < 2**53
        else str(v)
        for v in values
    ]  # fmt: skip
    for index, word in words.items():
        texts[index] = word
    return texts


def resolve(names: Names, texts: Sequence[str | None]) -> Resolved:
    """`Names.resolve`; what means nothing so is tried as a web address or an annotator's upload."""
    resolved = names.resolve(texts)
    other = {row: alternative(texts[row] or "") for row in resolved.unknown}
    if not any(other.values()):
        return resolved
    return names.resolve([other.get(row) or text for row, text in enumerate(texts)])


def alternative(text: str) -> str | None:
    """The file that an address or an upload's name stands for; None for a plain name."""
    plain = text.strip()
    if "?d=" in plain:  # Label Studio's files on its own disk
        plain = unquote(plain.partition("?d=")[2])
    elif re.match(r"^[a-z][a-z0-9+.-]*://", plain, re.IGNORECASE):
        plain = unquote(urlsplit(plain).path).lstrip("/")
    if HASHED.search(plain):
        match = UPLOADED.match(plain)
        plain = unquote(match["name"]) if match else plain
    return plain if plain != text.strip() else None


def choose_key(read: ReadTable, names: Names, asked: str | None) -> tuple[str | None, str]:
    """The key column and why: as asked, as the format says, else the one that names most cutouts,
    and of two such columns the one whose names are exact, folders and case included.

    Texts may be names; whole numbers only in a column that is called so and has each once.
    """
    there = read.table.column_names
    if asked is not None:
        found = next((c for c in there if c == asked), None) or next(
            (c for c in there if normal(c) == normal(asked)), None
        )
        return found, "as asked" if found else f"has no column {asked}: {_list(there)}"
    if read.key in there:
        return read.key, "the key of its format"
    best, merit = None, (0, 0, 0)
    for column in candidates(read):
        part = column_texts(read, column)[:SAMPLE]
        found = resolve(names, part)
        met = len(np.unique(found.ordinals[found.ordinals >= 0]))
        loosely = len(found.by_file_name) + len(found.by_case)
        this = met, -loosely, len(found.ambiguous)
        if this > merit:
            best, merit = column, this
        if met == len(part) and not loosely:  # no other can be better, and looking is slow
            break
    if best is not None:
        return best, "its values are names of cutouts"
    if read.table.num_rows > SAMPLE:
        for column in candidates(read):
            found = resolve(names, column_texts(read, column))
            if found.n or found.ambiguous:
                return column, "its values are names of cutouts"
    return None, "no column of it names a cutout"


def candidates(read: ReadTable) -> list[str]:
    """Columns whose values may be names, the likeliest first."""
    likely = {name: place for place, name in enumerate(NAME_COLUMNS)}
    found = []
    for field in read.table.schema:
        if pa.types.is_string(field.type):
            if holds_names(field.name) or not _are_numbers(read, field.name):
                found.append(field.name)
        elif holds_names(field.name) and normal(field.name) not in OTHERS:
            values = read.table[field.name].drop_null()
            if len(values.unique()) == len(values) and _are_whole(values):
                found.append(field.name)
    return sorted(found, key=lambda c: likely.get(normal(c), 99 - holds_names(c)))


def _are_whole(values: pa.ChunkedArray) -> bool:
    """Whether a column of numbers holds whole ones only, as ids beside a missing one do."""
    if pa.types.is_floating(values.type):
        numbers = values.to_numpy()
        return bool(np.isfinite(numbers).all() and (numbers == np.rint(numbers)).all())
    return pa.types.is_integer(values.type)


def _are_numbers(read: ReadTable, column: str) -> bool:
    """Whether a column of texts holds numbers kept as texts (0012) and is not called a name.

    Without a header its title is a number too, and it may hold names."""
    if column.strip().isdecimal():
        return False
    values = read.table[column].drop_null()
    return len(values) > 0 and all(v.isdecimal() for v in values.slice(0, SAMPLE).to_pylist())


def with_header_as_row(read: ReadTable, names: Names, key: str) -> ReadTable | None:
    """The table anew where its first line was no header but a row; None where it was one.

    So it is where the name of the column `key`, whose values name cutouts, names one too.
    """
    if holds_names(key) or names.find(key).ordinal is None:
        return None
    there = read.table.column_names
    cells = [[text or "" for text in column_texts(read, name)] for name in there]
    rows = Rows([f"column {k + 1}" for k in range(len(there))])
    rows.cells = [list(there), *map(list, zip(*cells, strict=True))]
    rows.lines = [max(int(read.rows[0]) - 1, 1), *read.rows.tolist()]
    anew = of_rows(rows, comma=False)
    anew.notes.insert(0, "the first line is a row, not a header: it names a cutout")
    anew.title, anew.format, anew.role = read.title, read.format, read.role
    anew.refused_rows, anew.ignored_rows = read.refused_rows, read.ignored_rows
    return anew


def _list(columns: Iterable[str]) -> str:
    some = list(columns)
    return "it has " + ", ".join(some[:12]) + (" …" if len(some) > 12 else "")
