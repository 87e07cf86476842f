"""Columns: one value or vector per cutout of a dataset, in cutout order.

A column covers the first n cutouts. Its values lie in chunks of at most about 1 MB,
little-endian. Appending writes a new chunk and merges it with a last one that is no larger, so
a million values appended one by one cost a logarithm of rewriting and leave few chunks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from sqlalchemy import ForeignKey, LargeBinary, String, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from cloudchamber.data import revisions
from cloudchamber.data.arrays import decode, encode
from cloudchamber.data.base import Base, JsonDocument
from cloudchamber.errors import Invalid, NotFound

CHUNK_BYTES = 1 << 20

Group = Literal["place", "measurement", "metadata", "model", "map", "ranking"]
Dtype = Literal["float32", "float64", "int32", "int16", "uint8", "category"]
GROUPS: tuple[Group, ...] = ("place", "measurement", "metadata", "model", "map", "ranking")
# What stands where a value is not known; integers of a measurement have no such value but 0.
MISSING: dict[str, float | int] = {
    "float32": np.nan, "float64": np.nan, "int32": -1, "int16": -1, "uint8": 0, "category": -1,
}  # fmt: skip


MEASURING_RULE = 2
"""Version of the rules by which cutouts are measured. 2: positions are charge-weighted centres, and
angles are counted in the view in which a FITS file's first row is at the bottom."""


class Column(Base):
    __tablename__ = "column"
    __table_args__ = (UniqueConstraint("dataset_id", "name", "owner"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.id"))
    name: Mapped[str] = mapped_column(String(200))
    owner: Mapped[str] = mapped_column(String(40), default="")
    """'' for what came with the cutouts, else 'model:ID' or 'job:ID'; see `owner_of`."""
    title: Mapped[str] = mapped_column(String(200))
    unit: Mapped[str] = mapped_column(String(60), default="")
    group: Mapped[str] = mapped_column(String(20))
    dtype: Mapped[str] = mapped_column(String(10))
    width: Mapped[int] = mapped_column(default=1)
    n: Mapped[int] = mapped_column(default=0)
    categories: Mapped[list[str] | None] = mapped_column(JsonDocument)
    producer_job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    model_version_id: Mapped[int | None] = mapped_column(ForeignKey("model_version.id"))
    description: Mapped[str] = mapped_column(String, default="")
    revision: Mapped[int] = mapped_column(default=0)
    rule: Mapped[int | None]
    """Of a measurement or a position: `MEASURING_RULE` when it was written; None for the first."""

    @property
    def outdated(self) -> bool:
        """Whether it was measured by an older rule than this program's."""
        measured = self.group == "measurement" or self.name in ("x", "y")
        return measured and self.owner == "" and (self.rule or 1) < MEASURING_RULE

    @property
    def numpy_dtype(self) -> np.dtype:
        """Little-endian dtype of the stored values; categories are int32 codes, -1 missing."""
        return np.dtype("int32" if self.dtype == "category" else self.dtype).newbyteorder("<")


class ColumnChunk(Base):
    __tablename__ = "column_chunk"

    column_id: Mapped[int] = mapped_column(ForeignKey("column.id"), primary_key=True)
    start: Mapped[int] = mapped_column(primary_key=True)
    stop: Mapped[int]
    codec: Mapped[str] = mapped_column(String(16))
    data: Mapped[bytes] = mapped_column("bytes", LargeBinary, deferred=True)


@dataclass(frozen=True)
class ColumnSpec:
    """What a column is; `categories` are the names of a 'category' column's codes."""

    name: str
    title: str
    unit: str
    group: Group
    dtype: Dtype
    width: int = 1
    categories: Sequence[str] | None = None
    description: str = ""
    model_version_id: int | None = None
    producer_job_id: int | None = None
    rule: int | None = None


def owner_of(spec: ColumnSpec) -> str:
    """Who a column belongs to: imports go on adding to the same measurement column, while each
    model version and each map has columns of its own."""
    if spec.group in ("place", "measurement", "metadata"):
        return ""
    if spec.group == "map" and spec.producer_job_id is not None:
        return f"job:{spec.producer_job_id}"
    if spec.model_version_id is not None:
        return f"model:{spec.model_version_id}"
    return "" if spec.producer_job_id is None else f"job:{spec.producer_job_id}"


def write_column(
    session: Session,
    dataset_id: int,
    spec: ColumnSpec,
    values: np.ndarray,
    start: int = 0,
) -> Column:
    """Append to a column or replace it, making it when new.

    Parameters
    ----------
    values : ndarray, shape [n] or [n, width]
        Cast to the column's dtype. Codes of a category column, -1 for none.
    start : int
        Ordinal of the first value: the column's length appends, more leaves a gap of missing
        values (NaN, -1), 0 replaces the whole column.

    Raises
    ------
    Invalid
        When width, dtype or `start` do not fit the column that exists.
    """
    column = _get_or_create(session, dataset_id, spec)
    table = (
        np.asarray(values).reshape(len(values), -1) if len(values) else np.empty((0, spec.width))
    )
    if table.shape[1] != column.width:
        raise Invalid(f"Column {spec.name} has width {column.width}, not {table.shape[1]}.")
    if start == 0 and column.n:
        session.execute(delete(ColumnChunk).where(ColumnChunk.column_id == column.id))
        column.n = 0
    if start < column.n:
        raise Invalid(f"Column {spec.name} has {column.n} values; {start} is inside them.")
    if start > column.n:
        gap = np.full((start - column.n, column.width), MISSING[column.dtype])
        table = np.concatenate([gap, table])
    _append(session, column, table.astype(column.numpy_dtype, copy=False))
    if spec.categories is not None:
        column.categories = list(spec.categories)
    column.revision += 1
    session.flush()
    revisions.bump(session, dataset_id, "columns")
    return column


def change_column(
    session: Session, dataset_id: int, spec: ColumnSpec, values: np.ndarray, ordinals: np.ndarray
) -> None:
    """Change the values of some cutouts in a column that is there, as far as it reaches.

    Nothing else of it is changed; a column that is not there, or of another type, is left so.

    Parameters
    ----------
    values : ndarray, shape [n] or [n, width]
    ordinals : int64 [n]
    """
    column = session.scalars(
        select(Column).where(
            Column.dataset_id == dataset_id, Column.name == spec.name,
            Column.owner == owner_of(spec),
        )
    ).one_or_none()  # fmt: skip
    if column is None or (column.dtype, column.width) != (spec.dtype, spec.width):
        return
    table = np.asarray(values).reshape(len(ordinals), -1)
    chunks = session.scalars(
        select(ColumnChunk)
        .where(ColumnChunk.column_id == column.id)
        .where(ColumnChunk.stop > int(ordinals.min(initial=column.n)))
        .where(ColumnChunk.start <= int(ordinals.max(initial=-1)))
    )
    for chunk in chunks:
        inside = (ordinals >= chunk.start) & (ordinals < chunk.stop)
        if inside.any():
            shape = (chunk.stop - chunk.start, column.width)
            part = decode(chunk.codec, chunk.data, column.numpy_dtype, shape).copy()
            part[ordinals[inside] - chunk.start] = table[inside]
            chunk.codec, chunk.data = encode(part)
    column.revision += 1
    session.flush()
    revisions.bump(session, dataset_id, "columns")


def put_values(
    session: Session,
    dataset_id: int,
    spec: ColumnSpec,
    values: np.ndarray,
    place: int | np.ndarray,
) -> None:
    """`write_column` from an ordinal on, or `change_column` of these ordinals."""
    if isinstance(place, np.ndarray):
        change_column(session, dataset_id, spec, values, place)
    else:
        write_column(session, dataset_id, spec, values, place)


def read_column(
    session: Session, column: Column, start: int = 0, stop: int | None = None
) -> np.ndarray:
    """Values start..stop as [n] (width 1) or [n, width]; never beyond the column's length."""
    stop = column.n if stop is None else min(stop, column.n)
    start = min(max(start, 0), max(stop, 0))
    parts = [np.empty((0, column.width), column.numpy_dtype)]
    rows = session.execute(
        select(ColumnChunk.start, ColumnChunk.stop, ColumnChunk.codec, ColumnChunk.data)
        .where(ColumnChunk.column_id == column.id)
        .where(ColumnChunk.stop > start, ColumnChunk.start < stop)
        .order_by(ColumnChunk.start)
    )
    for first, last, codec, packed in rows:
        chunk = decode(codec, packed, column.numpy_dtype, (last - first, column.width))
        parts.append(chunk[max(start - first, 0) : stop - first])
    table = np.concatenate(parts)
    return table[:, 0] if column.width == 1 else table


def find_columns(
    session: Session,
    dataset_id: int,
    group: Group | None = None,
    model_version_id: int | None = None,
    names: Sequence[str] | None = None,
) -> list[Column]:
    """The columns of a dataset that match all that is given, in the order they were made."""
    query = select(Column).where(Column.dataset_id == dataset_id).order_by(Column.id)
    if group is not None:
        query = query.where(Column.group == group)
    if model_version_id is not None:
        query = query.where(Column.model_version_id == model_version_id)
    if names is not None:
        query = query.where(Column.name.in_(list(names)))
    return list(session.scalars(query))


def get_column(session: Session, column_id: int) -> Column:
    """The column, or NotFound."""
    column = session.get(Column, column_id)
    if column is None:
        raise NotFound("There is no such column.")
    return column


def read_matrix(session: Session, columns: Sequence[Column]) -> np.ndarray:
    """Columns side by side as float32 [n, sum of widths]; missing values and codes are NaN."""
    n = max((c.n for c in columns), default=0)
    matrix = np.full((n, sum(c.width for c in columns)), np.nan, np.float32)
    left = 0
    for column in columns:
        values = read_column(session, column).reshape(column.n, column.width).astype(np.float32)
        if column.dtype == "category":
            values[values < 0] = np.nan
        matrix[: column.n, left : left + column.width] = values
        left += column.width
    return matrix


def _get_or_create(session: Session, dataset_id: int, spec: ColumnSpec) -> Column:
    owner = owner_of(spec)
    column = session.scalars(
        select(Column).where(
            Column.dataset_id == dataset_id, Column.name == spec.name, Column.owner == owner
        )
    ).one_or_none()
    if column is None:
        column = Column(
            dataset_id=dataset_id, name=spec.name, owner=owner, n=0, revision=0,
            dtype=spec.dtype, width=spec.width,
        )  # fmt: skip
        session.add(column)
    elif (column.dtype, column.width) != (spec.dtype, spec.width):
        raise Invalid(
            f"Column {spec.name} holds {column.dtype} of width {column.width} already, "
            f"not {spec.dtype} of width {spec.width}."
        )
    column.title, column.unit, column.group = spec.title, spec.unit, spec.group
    column.description = spec.description
    column.model_version_id = spec.model_version_id
    column.producer_job_id = spec.producer_job_id
    column.rule = spec.rule
    session.flush()
    return column


def _append(session: Session, column: Column, table: np.ndarray) -> None:
    """Write rows [n, width] behind the last, merging small chunks as a binary counter carries."""
    limit = max(1, CHUNK_BYTES // (column.numpy_dtype.itemsize * column.width))
    first = column.n
    column.n += len(table)
    while len(table) < limit:
        last = session.scalars(
            select(ColumnChunk)
            .where(ColumnChunk.column_id == column.id)
            .order_by(ColumnChunk.start.desc())
            .limit(1)
        ).one_or_none()
        if last is None or last.stop - last.start > min(len(table), limit - len(table)):
            break
        shape = (last.stop - last.start, column.width)
        table = np.concatenate([decode(last.codec, last.data, column.numpy_dtype, shape), table])
        first = last.start
        session.delete(last)
        session.flush()
    for offset in range(0, len(table), limit):
        part = table[offset : offset + limit]
        codec, packed = encode(part)
        session.add(
            ColumnChunk(
                column_id=column.id,
                start=first + offset,
                stop=first + offset + len(part),
                codec=codec,
                data=packed,
            )
        )
    session.flush()
