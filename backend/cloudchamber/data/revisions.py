"""Counters of what changed in a dataset: the cursors behind `GET /events`.

One row per dataset and topic, apart from the dataset's own row: raising a counter locks its row
until the commit, so on Postgres the writers of one topic of one dataset take turns (the order
of label actions is the order of their commits) while a long publish of columns holds up no label.
"""

from typing import Literal

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from cloudchamber.data.base import Base
from cloudchamber.data.upsert import dialect_insert

Topic = Literal["labels", "columns", "jobs", "cutouts", "dataset", "detections"]
TOPICS: tuple[Topic, ...] = ("labels", "columns", "jobs", "cutouts", "dataset", "detections")


class DatasetRevision(Base):
    __tablename__ = "dataset_revision"

    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.id"), primary_key=True)
    topic: Mapped[str] = mapped_column(String(16), primary_key=True)
    revision: Mapped[int]


def bump(session: Session, dataset_id: int, topic: Topic) -> int:
    """Raise the counter of `topic` by one and return it; other writers of it wait till commit."""
    statement = dialect_insert(session, DatasetRevision).values(
        dataset_id=dataset_id, topic=topic, revision=1
    )
    statement = statement.on_conflict_do_update(
        index_elements=["dataset_id", "topic"], set_={"revision": DatasetRevision.revision + 1}
    ).returning(DatasetRevision.revision)
    return session.connection().execute(statement).scalar_one()


def read(session: Session, dataset_id: int) -> dict[str, int]:
    """Every topic's counter, 0 where nothing happened yet."""
    return read_all(session, [dataset_id])[dataset_id]


def read_all(session: Session, dataset_ids: list[int]) -> dict[int, dict[str, int]]:
    """`read` for several datasets in one query."""
    found = {dataset_id: dict.fromkeys(map(str, TOPICS), 0) for dataset_id in dataset_ids}
    table = DatasetRevision
    rows = session.execute(
        select(table.dataset_id, table.topic, table.revision).where(
            table.dataset_id.in_(dataset_ids)
        )
    )
    for dataset_id, topic, revision in rows:
        found[dataset_id][topic] = revision
    return found
