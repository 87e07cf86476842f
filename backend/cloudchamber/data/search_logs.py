"""The log of a hyperparameter study: what Optuna's journal storage appends, in our database.

Optuna's own relational storage would put its tables and its Alembic stamp among ours. Its journal
storage asks only for an ordered log that several processes append to, which is one table here and
works alike on both databases.
"""

from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from cloudchamber.data.base import Base, BigInt, JsonDocument
from cloudchamber.data.datasets import lock_dataset


class SearchLog(Base):
    """Line `number` (from 0, without gaps) of a study of a dataset."""

    __tablename__ = "search_log"
    __table_args__ = (UniqueConstraint("dataset_id", "study", "number"),)

    id: Mapped[int] = mapped_column(BigInt, primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.id"))
    study: Mapped[str] = mapped_column(String(100))
    number: Mapped[int]
    entry: Mapped[dict[str, Any]] = mapped_column(JsonDocument)


def append(session: Session, dataset_id: int, study: str, entries: list[dict[str, Any]]) -> None:
    """Append JSON-able entries; the dataset's lock keeps two writers from one number."""
    lock_dataset(session, dataset_id)
    last = session.scalar(
        select(func.max(SearchLog.number)).where(
            SearchLog.dataset_id == dataset_id, SearchLog.study == study
        )
    )
    first = -1 if last is None else last
    session.add_all(
        SearchLog(dataset_id=dataset_id, study=study, number=first + 1 + i, entry=entry)
        for i, entry in enumerate(entries)
    )
    session.flush()


def read(session: Session, dataset_id: int, study: str, start: int = 0) -> list[dict[str, Any]]:
    """The entries from line `start` on, in order."""
    return list(
        session.scalars(
            select(SearchLog.entry)
            .where(
                SearchLog.dataset_id == dataset_id,
                SearchLog.study == study,
                SearchLog.number >= start,
            )
            .order_by(SearchLog.number)
        )
    )
