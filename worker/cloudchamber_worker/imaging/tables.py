"""Tables that come with images: labels and metadata by file name, as CSV or Parquet.

A table travels as Arrow: typed columns, missing values, no code.
"""

import io
import re
from csv import reader

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as parquet

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.npy import read_npy

BEGINNING = 16_384  # bytes that tell what a text is
# What a column that holds file names is called, the likeliest first.
NAME_COLUMNS = (
    "name", "file_name", "filename", "file", "image", "image_name", "image_file", "path", "id",
)  # fmt: skip


def looks_like_table(data: bytes) -> bool:
    """Whether text is a table with a header: a first line of words, and as many cells in most of
    the lines below. Neither a matrix nor prose with commas is."""
    rows = _first_rows(data, _separator(data))
    if (
        not rows
        or len(rows[0]) < 2
        or all(_is_number(cell) or not cell.strip() for cell in rows[0])
    ):
        return False
    return sum(len(row) == len(rows[0]) for row in rows) >= 0.8 * len(rows)


def read_table(data: bytes, kind: str) -> pa.Table:
    """A table from CSV ('text', also with ; or tab), Parquet, or the seed's label array.

    The seed's `.npy` of shape (2, N), indices over class numbers, becomes columns `index` and
    `number`.

    Raises
    ------
    Unreadable
        When it is no table.
    """
    try:
        if kind == "parquet":
            return parquet.read_table(io.BytesIO(data))
        if kind == "npy":
            array = read_npy(data)
            if array.ndim != 2 or array.shape[0] != 2 or array.dtype.kind not in "uif":
                raise Unreadable(f"has shape {array.shape}; labels are (2, N): indices, numbers")
            return pa.table(
                {"index": array[0].astype(np.int64), "number": array[1].astype(np.int64)}
            )
        if kind == "text":
            separator = _separator(data)
            return csv.read_csv(
                io.BytesIO(data),
                parse_options=csv.ParseOptions(delimiter=separator),
                convert_options=csv.ConvertOptions(column_types=_texts(data, separator)),
            )
    except Unreadable:
        raise
    except (pa.ArrowException, ValueError, OSError) as error:
        words = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise Unreadable(f"is no readable table: {words}") from error
    raise Unreadable(f"is {kind}, no table (CSV, Parquet or the seed's .npy)")


def label_columns(table: pa.Table) -> tuple[str, str] | None:
    """The (name, label) columns of a table that holds labels, None when it does not."""
    lower = {column.strip().lower(): column for column in table.column_names}
    name = next((lower[c] for c in NAME_COLUMNS if c in lower), None)
    label = next((lower[c] for c in ("label", "class", "class_name") if c in lower), None)
    return (name, label) if name and label else None


def _separator(data: bytes) -> str:
    line = _beginning(data).split("\n", 1)[0]
    return max(",;\t", key=line.count)


def _beginning(data: bytes) -> str:
    return data[:BEGINNING].decode("utf-8-sig", "replace").lstrip("\r\n")


def _first_rows(data: bytes, separator: str) -> list[list[str]]:
    """The cells of the lines that the beginning holds whole."""
    lines = _beginning(data).splitlines()
    if len(data) > BEGINNING:
        lines = lines[:-1]
    return list(reader([line for line in lines if line.strip()], delimiter=separator))


def _texts(data: bytes, separator: str) -> dict[str, pa.DataType]:
    """Columns to read as text: a name such as 000061 is no number, its zeros are part of it."""
    header, *rows = _first_rows(data, separator) or [[]]
    found = {}
    for place, column in enumerate(header):
        cells = [row[place].strip() for row in rows if place < len(row)]
        named = column.strip().lower() in NAME_COLUMNS
        if named or any(re.fullmatch(r"0\d+", cell) for cell in cells):
            found[column] = pa.string()
    return found


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
