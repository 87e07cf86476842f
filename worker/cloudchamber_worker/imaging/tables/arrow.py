"""Columns that have a type already (Parquet, FITS, VOTable, NumPy) as the columns of a dataset."""

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as parquet

from cloudchamber_worker.imaging.tables.cells import EXACT, seconds
from cloudchamber_worker.imaging.tables.result import ReadTable

pc: Any = pyarrow.compute  # its functions are made when it is imported: no checker sees them
PLACEHOLDER = "\0"  # holds the number of rows while there is no column yet


def typed_table(n: int, **about: Any) -> ReadTable:
    """A table of `n` rows without columns, to which `put` appends; `about` as in `ReadTable`."""
    return ReadTable(pa.table({PLACEHOLDER: pa.nulls(n)}), **about)


def finished(table: ReadTable) -> ReadTable:
    """`table` with its columns only."""
    table.table = table.table.drop_columns([PLACEHOLDER])
    return table


def free_name(table: ReadTable, name: str) -> str:
    """`name`, or with a number where a column has it already, which is said."""
    new, number = name, 1
    while new in table.table.column_names or new in table.left_out:
        number += 1
        new = f"{name}_{number}"
    if new != name:
        table.notes.append(f"two columns are called {name}: the later one is {new} here")
    return new


def read_parquet(data: bytes) -> ReadTable:
    """The table of a Parquet file; of two columns of one name both are kept."""
    whole = parquet.read_table(io.BytesIO(data))
    table = typed_table(whole.num_rows, format="Parquet")
    for field, column in zip(whole.schema, whole.columns, strict=True):
        name = free_name(table, field.name)
        put(table, name, pa.concat_arrays(column.chunks or [pa.array([])]))
        about = field.metadata or {}  # our own exports keep them there
        if name in table.table.column_names:
            for key, kept in ((b"unit", table.units), (b"description", table.descriptions)):
                if key in about:
                    kept[name] = about[key].decode("utf-8", "replace")
    return finished(table)


def read_structured(array: np.ndarray) -> ReadTable:
    """The fields of a structured NumPy array [n]."""
    table = typed_table(len(array), format="NPY, structured")
    for name in array.dtype.names or ():
        put_numpy(table, free_name(table, name), array[name])
    return finished(table)


def put(table: ReadTable, name: str, array: pa.Array) -> None:
    """Append a typed column; integers beyond 2^53 become texts, dates seconds, and that is said.

    What no column of a dataset can hold (lists, bytes, images) is left out with its reason.
    """
    kind = array.type
    if pa.types.is_dictionary(kind):
        array = array.dictionary_decode()
        kind = array.type
    if pa.types.is_null(kind):
        array = pa.nulls(len(array), pa.string())
    elif pa.types.is_integer(kind):
        array = _whole(table, name, array)
    elif pa.types.is_floating(kind):
        array = array.cast(pa.float64())
    elif pa.types.is_decimal(kind):
        array = _decimals(table, name, array)
    elif pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        moments = array.cast(pa.timestamp("us", getattr(kind, "tz", None)), safe=False)
        read = moments.to_pylist()
        array, zoned = seconds(read)
        table.units[name] = "s"
        table.descriptions[name] = f"Time since 1970-01-01 00:00 UTC{zoned}"
        table.notes.append(f"{name}: dates became seconds since 1970-01-01 00:00 UTC{zoned}")
    elif pa.types.is_duration(kind):
        array = pc.divide(array.cast(pa.duration("us")).cast(pa.int64()).cast(pa.float64()), 1e6)
        table.units[name] = "s"
    elif pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        array = array.cast(pa.string())
        array = pc.if_else(pc.equal(array, ""), None, array)
    elif pa.types.is_string(kind):
        array = pc.if_else(pc.equal(array, ""), None, array)
    elif not (pa.types.is_string(kind) or pa.types.is_boolean(kind)):
        table.left_out[name] = f"holds {kind} values, none that a column can hold"
        return
    table.table = table.table.append_column(name, array)


def put_numpy(table: ReadTable, name: str, values: Any, mask: np.ndarray | None = None) -> None:
    """Append a NumPy column; one with several values a row is left out with that reason.

    values : [n], of any type; mask : bool [n], True where there is no value
    """
    array = np.asarray(values)
    if array.ndim > 1:
        shape = " x ".join(map(str, array.shape[1:]))
        table.left_out[name] = f"holds {shape} values a row"
        return
    if array.dtype.kind == "S":
        texts = [v.decode("utf-8", "replace").rstrip(" \0") for v in array.tolist()]
        put(table, name, pa.array([t or None for t in texts], pa.string(), mask=mask))
    elif array.dtype.kind == "U":
        texts = [v.rstrip(" \0") or None for v in array.tolist()]
        put(table, name, pa.array(texts, pa.string(), mask=mask))
    elif array.dtype.kind in "iufb":
        plain = array.astype(array.dtype.newbyteorder("="))
        whole = pa.array(plain, mask=mask, from_pandas=plain.dtype.kind == "f")
        put(table, name, whole)
    elif array.dtype.kind == "O" and all(isinstance(v, str | None) for v in array.tolist()):
        put(table, name, pa.array([v or None for v in array.tolist()], pa.string(), mask=mask))
    else:
        table.left_out[name] = f"holds {array.dtype} values, none that a column can hold"


def _decimals(table: ReadTable, name: str, array: pa.Array) -> pa.Array:
    """Decimal numbers as float64; as texts where they are whole and beyond 2^53."""
    beyond = [v for v in array.drop_null().to_pylist() if v == v.to_integral() and abs(v) > EXACT]
    if beyond:
        table.notes.append(f"{name}: texts, to keep integers beyond 2^53 exact ({beyond[0]:f})")
        texts = [None if v is None else f"{v:f}" for v in array.to_pylist()]
        return pa.array(texts, pa.string())
    table.notes.append(f"{name}: decimal numbers became float64")
    return array.cast(pa.float64(), safe=False)


def _whole(table: ReadTable, name: str, array: pa.Array) -> pa.Array:
    if len(array.drop_null()):
        ends = pc.min_max(array).as_py()
        if max(abs(ends["min"]), abs(ends["max"])) > EXACT:
            table.notes.append(f"{name}: texts, to keep integers beyond 2^53 exact ({ends['max']})")
            return array.cast(pa.string())
    return array.cast(pa.int64())
