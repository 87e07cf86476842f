"""A table on its way out, and it as CSV, Parquet or NPY, written piece by piece."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from cloudchamber.data.spreadsheet import neutralise

ROWS = 20_000


@dataclass(frozen=True)
class ExportColumn:
    """A column of a table.

    values : texts (None where there is none), or an array [n]; [n, width] only in `vectors`
    missing : bool [n], True where a whole number is not known (a float says so by NaN)
    """

    name: str
    values: list[str | None] | list[str] | np.ndarray
    unit: str = ""
    title: str = ""
    description: str = ""
    missing: np.ndarray | None = None

    @property
    def about(self) -> str:
        """Title and description in one line."""
        title = "" if self.title in (self.name, "") else self.title
        return ": ".join(part for part in (title, self.description) if part)

    @property
    def texts(self) -> list[str | None] | list[str] | None:
        """The values where they are texts, else None."""
        return None if isinstance(self.values, np.ndarray) else self.values


@dataclass(frozen=True)
class ExportTable:
    """Columns of one length, no two of one name.

    matrix : what NPY holds instead of a structured array
    vectors : the same table for formats that hold a vector in one column
    title : what the table is, in a few words
    """

    columns: list[ExportColumn]
    matrix: np.ndarray | None = None
    vectors: list[ExportColumn] | None = None
    title: str = ""

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.columns[0].values)

    def without(self, *names: str) -> "ExportTable":
        """The table without some columns."""
        kept = [column for column in self.columns if column.name not in names]
        return replace(self, columns=kept, vectors=None)


class Sink(io.RawIOBase):
    """A file that keeps what was written until it is taken: lets a writer be streamed."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._written = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._written += len(part)
        return len(part)

    def tell(self) -> int:
        return self._written

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


def arrow_table(table: ExportTable) -> pa.Table:
    """The table in Arrow; NaN and what is missing are null, unit and description metadata."""
    arrays, fields = [], []
    for column in table.columns:
        array = pa.array(column.values, mask=column.missing, from_pandas=True)
        if column.texts is not None:
            array = array.cast(pa.string())  # a column without a single text has no type
        about = {"unit": column.unit, "description": column.about}
        arrays.append(array)
        metadata = {key: text for key, text in about.items() if text}
        fields.append(pa.field(column.name, array.type, metadata=metadata or None))
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def table_csv(table: ExportTable) -> Iterator[bytes]:
    """The table as CSV."""
    arrow = arrow_table(table)
    return csv_pieces(arrow.schema, iter(arrow.to_batches(ROWS)))


def table_parquet(table: ExportTable) -> Iterator[bytes]:
    """The table as Parquet."""
    arrow = arrow_table(table)
    return parquet_pieces(arrow.schema, iter(arrow.to_batches(ROWS)))


def table_npy(table: ExportTable) -> Iterator[bytes]:
    """The table as NPY: its matrix, or a structured array."""
    return npy_pieces(_structured(table) if table.matrix is None else table.matrix)


def csv_pieces(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    """Comma-separated values, quoted only where needed; NaN and missing are empty, text that
    looks like a formula is preceded by an apostrophe."""
    yield separated([[neutralise(name)] for name in schema.names])
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
    sink = Sink()
    for batch in batches:
        safe = pa.RecordBatch.from_arrays([_neutral(a) for a in batch.columns], schema=schema)
        if any(map(_needs_quotes, safe.columns)):
            # Arrow would quote every text of the batch; this is slower and quotes where needed.
            yield separated([column.cast(pa.string()).to_pylist() for column in safe.columns])
        else:
            pyarrow.csv.write_csv(safe, sink, options)
            yield sink.take()


def separated(columns: list[list], delimiter: str = ",") -> bytes:
    """Lines of cells, None empty, quoted where needed: `csv` leaves a bare \\r without quotes."""
    special = re.compile(f'[{delimiter}"\r\n]')
    lines = []
    for row in zip(*columns, strict=True):
        cells = ("" if cell is None else str(cell) for cell in row)
        quoted = (f'"{c.replace(chr(34), chr(34) * 2)}"' if special.search(c) else c for c in cells)
        lines.append(delimiter.join(quoted))
    return "".join(f"{line}\n" for line in lines).encode()


def parquet_pieces(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    """A Parquet file with one row group per batch."""
    sink = Sink()
    with pyarrow.parquet.ParquetWriter(sink, schema, compression="zstd") as writer:
        yield sink.take()
        for batch in batches:
            writer.write_batch(batch)
            yield sink.take()
    yield sink.take()


def npy_pieces(array: np.ndarray) -> Iterator[bytes]:
    """A NumPy file of version 1 or 2, without pickle."""
    header = io.BytesIO()
    description = np.lib.format.header_data_from_array_1_0(np.ascontiguousarray(array))
    write = np.lib.format.write_array_header_1_0
    if len(repr(description)) > 60_000:  # thousands of named fields need the longer header
        write = np.lib.format.write_array_header_2_0
    write(header, description)
    yield header.getvalue()
    for start in range(0, len(array), ROWS):
        yield np.ascontiguousarray(array[start : start + ROWS]).tobytes()


def _structured(table: ExportTable) -> np.ndarray:
    """The table as a structured array; text as fixed-width unicode, missing text empty."""
    arrays = {
        column.name: column.values
        if isinstance(column.values, np.ndarray)
        else np.array(["" if v is None else v for v in column.values], dtype=np.str_)
        for column in table.columns
    }
    fields = [(name, a.dtype if a.dtype.itemsize else np.dtype("U1")) for name, a in arrays.items()]
    structured = np.empty(table.n, dtype=fields)
    for name, values in arrays.items():
        structured[name] = values
    return structured


def _neutral(array: pa.Array) -> pa.Array:
    if not pa.types.is_string(array.type):
        return array
    return pa.array([None if v is None else neutralise(v) for v in array.to_pylist()], pa.string())


def _needs_quotes(array: pa.Array) -> bool:
    if not pa.types.is_string(array.type):
        return False
    options = pc.MatchSubstringOptions('[",\r\n]')
    found = pc.call_function("match_substring_regex", [array], options)
    return bool(pc.call_function("any", [found]).as_py())
