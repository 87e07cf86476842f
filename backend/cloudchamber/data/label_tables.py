"""The tables of labels: append-only events, and the current state derived with them.

An action is one thing a person did (a key, a lasso of 50,000, an undo); it has one event per
cutout. Neither is ever changed: triggers refuse it in both dialects. `label` holds what follows
from the events, one row per dataset, annotator and cutout, written in the same transaction.

Undo and redo are new actions. Each action keeps the heads of its annotator's two stacks as they
are after it (`undo_head`, `redo_head`) and what lies below itself (`below`), so the last action
of an annotator tells everything and any number of levels costs one row each.
"""

import datetime as dt
from collections.abc import Iterable
from typing import Any, Literal

import numpy as np
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    case,
    cast,
    func,
)
from sqlalchemy.orm import Mapped, mapped_column

from cloudchamber.data.base import Base, BigInt, JsonDocument, UtcDateTime, now

How = Literal[
    "key",
    "gallery",
    "lasso",
    "cluster",
    "import",
    "suggestion",
    "matrix",
    "review",
    "repeat",
]
DUBIOUS, NOTE = 1, 2


class LabelAction(Base):
    __tablename__ = "label_action"
    __table_args__ = (
        UniqueConstraint("annotator_id", "key"),
        Index(None, "dataset_id", "annotator_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.id"))
    annotator_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    key: Mapped[str] = mapped_column(String(64))
    request_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    """Of what was asked: the same key with another body is a mistake of the client."""
    how: Mapped[str] = mapped_column(String(16))
    at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=now)
    undo_of: Mapped[int | None] = mapped_column(ForeignKey("label_action.id"))
    redo_of: Mapped[int | None] = mapped_column(ForeignKey("label_action.id"))
    undo_head: Mapped[int | None]
    redo_head: Mapped[int | None]
    below: Mapped[int | None]
    context: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict)
    n: Mapped[int]
    revision: Mapped[int]
    """The dataset's labels revision after this action: part of the answer, also of a replay."""


class LabelEvent(Base):
    # No foreign keys here and on `label`: what they would check was checked once for the whole
    # action, and Postgres checks them row by row, which took 60 % of a lasso of 50,000.
    __tablename__ = "label_event"
    __table_args__ = (Index(None, "dataset_id", "ordinal"), Index(None, "action_id"))

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    action_id: Mapped[int]
    dataset_id: Mapped[int]
    ordinal: Mapped[int]
    class_id: Mapped[int | None]
    previous_class_id: Mapped[int | None]
    dubious: Mapped[bool]
    previous_dubious: Mapped[bool]
    note: Mapped[str | None] = mapped_column(String)
    previous_note: Mapped[str | None] = mapped_column(String)


class Label(Base):
    """The current label: what the last event of the annotator on the cutout says."""

    __tablename__ = "label"
    __table_args__ = ({"sqlite_with_rowid": False},)

    dataset_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    annotator_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    ordinal: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    class_id: Mapped[int | None]
    dubious: Mapped[bool]
    note: Mapped[str | None] = mapped_column(String)
    event_id: Mapped[int] = mapped_column(BigInt)


def packed(table: type[Label] | type[LabelEvent]) -> ColumnElement[int]:
    """Ordinal, class and flags of a row in one 64-bit number: `unpack` takes 100,000 of them
    apart in a millisecond, where 100,000 rows of four values cost half a second."""
    return (
        cast(table.ordinal, BigInteger) * (1 << 32)
        + func.coalesce(table.class_id, 0) * 4
        + case((table.dubious, DUBIOUS), else_=0)
        + case((table.note.is_not(None), NOTE), else_=0)
    )


def unpack(numbers: Iterable[int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ordinals int32, class ids int32 (0 for none) and flags uint8 of `packed` numbers."""
    values = np.fromiter(numbers, np.int64)
    low = values & 0xFFFFFFFF
    return (values >> 32).astype("i4"), (low >> 2).astype("i4"), (low & 3).astype("u1")
