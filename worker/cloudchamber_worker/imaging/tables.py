"""Tables that come with images: labels and metadata by file name, as CSV or Parquet.

A table travels as Arrow: typed columns, missing values, no code.
"""

import io

import numpy as np
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.parquet as parquet

from cloudchamber_worker.imaging.crops import read_npy
from cloudchamber_worker.imaging.errors import Unreadable

# What a column that holds file names is called, the likeliest first.
NAME_COLUMNS = (
    "name", "file_name", "filename", "file", "image", "image_name", "image_file", "path", "id",
)  # fmt: skip


def looks_like_table(data: bytes) -> bool:
    """Whether text starts with a line of words: a table with a header, not a matrix."""
    line = data[:4096].decode("utf-8-sig", "replace").lstrip().split("\n", 1)[0]
    cells = [
        cell.strip().strip('"') for cell in line.replace(";", ",").replace("\t", ",").split(",")
    ]
    return len(cells) > 1 and any(cell and not _is_number(cell) for cell in cells)


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
            line = data[:4096].decode("utf-8-sig", "replace").split("\n", 1)[0]
            separator = max(",;\t", key=line.count)
            header = [cell.strip().strip('"') for cell in line.split(separator)]
            # A name such as 000061 is no number: its zeros are part of it.
            names = {cell: pa.string() for cell in header if cell.lower() in NAME_COLUMNS}
            return csv.read_csv(
                io.BytesIO(data),
                parse_options=csv.ParseOptions(delimiter=separator),
                convert_options=csv.ConvertOptions(column_types=names),
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


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
