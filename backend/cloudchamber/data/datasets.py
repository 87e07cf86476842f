"""Datasets: numbered lists of cutouts."""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from cloudchamber.data import revisions
from cloudchamber.data.base import Base, JsonDocument, UtcDateTime, now
from cloudchamber.data.label_sets import PRESET, find_label_set, list_label_sets
from cloudchamber.errors import Conflict, Invalid, NotFound

NAME_LENGTH = 200


class Dataset(Base):
    __tablename__ = "dataset"
    __table_args__ = (
        Index(
            "uq_dataset_live_name",
            "name",
            unique=True,
            sqlite_where=text("deleted_at IS NULL"),
            postgresql_where=text("deleted_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))
    label_set_id: Mapped[int] = mapped_column(ForeignKey("label_set.id"))
    n_cutouts: Mapped[int] = mapped_column(default=0)
    # No foreign keys on these two: model_version and job point back here, and a cycle of
    # constraints can be neither created nor dropped in one pass on SQLite.
    active_model_id: Mapped[int | None]
    active_map_job_id: Mapped[int | None]
    settings: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=now)
    deleted_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)


def list_datasets(session: Session, *, deleted: bool = False) -> list[Dataset]:
    """The live datasets (or the deleted ones), newest first."""
    where = Dataset.deleted_at.is_not(None) if deleted else Dataset.deleted_at.is_(None)
    return list(session.scalars(select(Dataset).where(where).order_by(Dataset.id.desc())))


def get_dataset(session: Session, dataset_id: int, *, deleted: bool = False) -> Dataset:
    """The dataset, or NotFound; a deleted one only when asked for."""
    dataset = session.get(Dataset, dataset_id)
    if dataset is None or (dataset.deleted_at is not None and not deleted):
        raise NotFound("There is no such dataset.")
    return dataset


def lock_dataset(session: Session, dataset_id: int) -> Dataset:
    """The dataset, read anew and held until the commit, for read-then-write."""
    dataset = session.scalars(
        select(Dataset)
        .where(Dataset.id == dataset_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if dataset is None:
        raise NotFound("There is no such dataset.")
    return dataset


def find_dataset(session: Session, name: str) -> Dataset | None:
    """The live dataset called `name`."""
    return session.scalars(
        select(Dataset).where(Dataset.name == name.strip(), Dataset.deleted_at.is_(None))
    ).one_or_none()


def create_dataset(session: Session, name: str, label_set_id: int | None = None) -> Dataset:
    """A new, empty dataset with the given label set (else *CCD tracks*, else the oldest)."""
    name = free_name(session, name)
    if label_set_id is None:
        label_set = find_label_set(session, PRESET) or list_label_sets(session)[0]
        label_set_id = label_set.id
    dataset = Dataset(name=name, label_set_id=label_set_id, settings={})
    session.add(dataset)
    session.flush()
    revisions.bump(session, dataset.id, "dataset")
    return dataset


def rename_dataset(session: Session, dataset: Dataset, name: str) -> None:
    """Give the dataset another name; Conflict when a live one has it."""
    dataset.name = free_name(session, name, apart_from=dataset.id)
    session.flush()
    revisions.bump(session, dataset.id, "dataset")


def free_name(session: Session, name: str, apart_from: int | None = None) -> str:
    """`name` trimmed; Invalid when empty or too long, Conflict when a live dataset has it."""
    name = name.strip()
    if not name or len(name) > NAME_LENGTH or not name.isprintable():
        raise Invalid(f"A dataset's name has 1 to {NAME_LENGTH} printable characters.")
    other = find_dataset(session, name)
    if other is not None and other.id != apart_from:
        raise Conflict(f"There is a dataset called {name} already.")
    return name


def delete_dataset(session: Session, dataset: Dataset) -> None:
    """Mark the dataset deleted; nothing of it is removed."""
    dataset.deleted_at = now()
    session.flush()
    revisions.bump(session, dataset.id, "dataset")


def restore_dataset(session: Session, dataset: Dataset) -> None:
    """Bring a deleted dataset back; Conflict when its name has been taken meanwhile."""
    dataset.name = free_name(session, dataset.name, apart_from=dataset.id)
    dataset.deleted_at = None
    session.flush()
    revisions.bump(session, dataset.id, "dataset")


def activate(
    session: Session,
    dataset_id: int,
    model_version_id: int | None = None,
    map_job_id: int | None = None,
) -> None:
    """Make a model version, the map a job made, or both, the ones the views show."""
    dataset = lock_dataset(session, dataset_id)
    if model_version_id is not None:
        dataset.active_model_id = model_version_id
    if map_job_id is not None:
        dataset.active_map_job_id = map_job_id
    session.flush()
    revisions.bump(session, dataset_id, "dataset")


def set_label_set(session: Session, dataset: Dataset, label_set_id: int) -> None:
    """Give the dataset another label set; meant for datasets without labels."""
    dataset.label_set_id = label_set_id
    session.flush()
    revisions.bump(session, dataset.id, "dataset")
