"""A table as EcoTaxa imports it: tab-separated, names with a prefix, a row of types below them.

Reference: EcoTaxa's import page; only `object_id` and `img_file_name` have to be there, each line
is one image, at most 500 fields of an object are numbers `[f]` and 20 are texts `[t]`. A text
cell has quotes only where it needs them.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cloudchamber.services.export_formats.table import ROWS, ExportColumn, ExportTable, separated

MAX_NUMBERS, MAX_TEXTS = 500, 20
OWN = ("name", "path")
"""Columns that have fields of EcoTaxa's own."""


@dataclass(frozen=True)
class Annotation:
    """What is known of a row's label: by whom and when, and whether by hand."""

    category: str
    status: str
    """validated, dubious or predicted"""
    person: str = ""
    at: dt.datetime | None = None


def table_ecotaxa(
    table: ExportTable,
    annotations: Sequence[Annotation | None],
    notes: list[str],
    files: Sequence[str] | None = None,
) -> Iterator[bytes]:
    """The table as EcoTaxa's TSV; numbers that are not known are empty.

    annotations : of every row, None for an object without a class
    files : the image of every row; by default its path
    """
    by_name = {column.name: column for column in table.columns}
    names, paths = by_name["name"].texts or [], by_name["path"].texts or []
    fields = [
        ExportColumn("object_id", names),
        ExportColumn("img_file_name", list(files or paths)),
        ExportColumn("img_rank", np.ones(table.n, np.int32)),
        ExportColumn("object_path", paths),
    ]
    if any(annotations):
        fields += _annotation_fields(annotations)
    own = [column for column in table.columns if column.name not in OWN]
    fields += _object_fields(own, {field.name for field in fields}, notes)
    types = ["[t]" if field.texts is not None else "[f]" for field in fields]
    yield separated([[f.name, kind] for f, kind in zip(fields, types, strict=True)], "\t")
    for start in range(0, table.n, ROWS):
        yield separated([_cells(field, slice(start, start + ROWS)) for field in fields], "\t")


def _annotation_fields(annotations: Sequence[Annotation | None]) -> list[ExportColumn]:
    fields: dict[str, list[str | None]] = {}
    for word, say in {
        "category": lambda a: a.category,
        "status": lambda a: a.status,
        "person_name": lambda a: a.person or None,
        "date": lambda a: a.at and f"{a.at:%Y%m%d}",
        "time": lambda a: a.at and f"{a.at:%H%M%S}",
    }.items():
        texts = [None if a is None else say(a) for a in annotations]
        if any(texts):
            fields[f"object_annotation_{word}"] = texts
    return [ExportColumn(name, texts) for name, texts in fields.items()]


def _object_fields(
    columns: list[ExportColumn], taken: set[str], notes: list[str]
) -> list[ExportColumn]:
    """The columns as fields of an object; EcoTaxa takes names in small letters and one line."""
    fields, renamed = [], 0
    for column in columns:
        word = re.sub(r"\s+", "_", column.name.strip().lower())
        name, number = f"object_{word}", 2
        while name in taken:
            name, number = f"object_{word}_{number}", number + 1
        taken.add(name)
        renamed += name != f"object_{column.name}"
        fields.append(ExportColumn(name, column.values, missing=column.missing))
    texts = sum(field.texts is not None for field in fields)
    if renamed:
        notes.append(f"EcoTaxa's names are in small letters: {renamed} columns are renamed so.")
    if texts > MAX_TEXTS or len(fields) - texts > MAX_NUMBERS:
        notes.append(
            f"EcoTaxa takes {MAX_NUMBERS} numbers and {MAX_TEXTS} texts of an object; these are "
            f"{len(fields) - texts} and {texts}."
        )
    return fields


def _cells(field: ExportColumn, part: slice) -> list[str | None]:
    if field.texts is not None:
        return list(field.texts[part])
    gone = None if field.missing is None else field.missing[part]
    array = pa.array(field.values[part], mask=gone, from_pandas=True)
    return pc.call_function("cast", [array], pc.CastOptions.safe(pa.string())).to_pylist()
