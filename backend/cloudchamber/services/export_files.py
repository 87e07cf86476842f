"""A table as CSV, Parquet or NPY, written piece by piece."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from cloudchamber.data.spreadsheet import neutralise

MEDIA_TYPES = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "npy": "application/octet-stream",
    "zip": "application/zip",
}
ROWS = 20_000


@dataclass(frozen=True)
class ExportTable:
    """Columns of one length by name: lists of str (or None), or arrays.

    `matrix`, where given, is what NPY holds instead of a structured array.
    """

    columns: dict[str, list[str | None] | list[str] | np.ndarray]
    matrix: np.ndarray | None = None


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


def table_pieces(table: ExportTable, form: str) -> Iterator[bytes]:
    """The bytes of `table` in the format 'csv', 'parquet' or 'npy'."""
    if form == "npy":
        return npy_pieces(_structured(table) if table.matrix is None else table.matrix)
    arrow = pa.table(
        {name: pa.array(values, from_pandas=True) for name, values in table.columns.items()}
    )
    schema, batches = arrow.schema, iter(arrow.to_batches(ROWS))
    return (csv_pieces if form == "csv" else parquet_pieces)(schema, batches)


def csv_pieces(schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> Iterator[bytes]:
    """Comma-separated values, quoted only where needed; NaN and missing are empty, text that
    looks like a formula is preceded by an apostrophe."""
    yield _lines([[neutralise(name)] for name in schema.names])
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="none")
    sink = Sink()
    for batch in batches:
        safe = pa.RecordBatch.from_arrays([_neutral(a) for a in batch.columns], schema=schema)
        if any(map(_needs_quotes, safe.columns)):
            # Arrow would quote every text of the batch; this is slower and quotes where needed.
            yield _lines([column.cast(pa.string()).to_pylist() for column in safe.columns])
        else:
            pyarrow.csv.write_csv(safe, sink, options)
            yield sink.take()


def _lines(columns: list[list[str | None]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(zip(*columns, strict=True))
    return text.getvalue().encode()


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
        name: values
        if isinstance(values, np.ndarray)
        else np.array(["" if v is None else v for v in values], dtype=np.str_)
        for name, values in table.columns.items()
    }
    n = len(next(iter(arrays.values())))
    fields = [(name, a.dtype if a.dtype.itemsize else np.dtype("U1")) for name, a in arrays.items()]
    structured = np.empty(n, dtype=fields)
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
