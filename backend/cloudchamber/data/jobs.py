"""Jobs: one row per piece of long work, its checkpoint, and the report of an import.

The row is the truth and the broker only a doorbell, so everything a job goes through is a guarded
UPDATE here or in `leases`. The states and who moves them::

    queued ──claim──> running ──publish──> succeeded
      │                 │ └────fail─────> failed
      │ cancel          │ cancel
      └──> cancelled <──┴── cancelling

A retry is a new row whose ``parent_id`` names the old one.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    func,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, deferred, mapped_column

from cloudchamber.data import revisions
from cloudchamber.data.base import Base, JsonDocument, UtcDateTime, now


class JobState(StrEnum):
    """Where a job is; the last three are final."""

    QUEUED = "queued"
    RUNNING = "running"
    CANCELLING = "cancelling"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL_STATES = (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)
LIVE_STATES = (JobState.QUEUED, JobState.RUNNING, JobState.CANCELLING)


class Job(Base):
    """One piece of long work. ``lease_until`` and ``rung_at`` are seconds of the database clock."""

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_dataset_id_revision", "dataset_id", "revision"),
        Index("ix_job_state_queue", "state", "queue"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    dataset_id: Mapped[int | None] = mapped_column(ForeignKey("dataset.id"))
    params: Mapped[dict[str, Any]] = mapped_column(JsonDocument)
    state: Mapped[str] = mapped_column(String(16), default=JobState.QUEUED)
    queue: Mapped[str] = mapped_column(String(16))
    fence: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str | None] = mapped_column(String(200))
    lease_until: Mapped[float | None] = mapped_column(Double)
    rung_at: Mapped[float | None] = mapped_column(Double)
    progress: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict)
    curve: Mapped[list[dict[str, Any]] | None] = deferred(mapped_column(JsonDocument))
    result: Mapped[dict[str, Any] | None] = mapped_column(JsonDocument)
    error: Mapped[dict[str, Any] | None] = mapped_column(JsonDocument)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    key: Mapped[str] = mapped_column(String(64), unique=True)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revision: Mapped[int] = mapped_column(default=1)


class JobCheckpoint(Base):
    """What a job needs to go on where its last attempt stopped; gone once the job has ended."""

    __tablename__ = "job_checkpoint"

    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), primary_key=True)
    fence: Mapped[int]
    data: Mapped[bytes] = mapped_column("bytes", LargeBinary)
    at: Mapped[datetime] = mapped_column(UtcDateTime, default=now)


class ImportFile(Base):
    """One line of an import's report: what became of one file or archive member.

    ``state`` is one of `accounts.STATES`; ``reason`` is a sentence for a physicist, empty where
    all went in; ``detail`` is an `accounts.FileAccount`.
    """

    __tablename__ = "import_file"
    __table_args__ = (Index("ix_import_file_job_id_state", "job_id", "state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), index=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.id"))
    name: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text, default="")
    n_cutouts: Mapped[int] = mapped_column(default=0)
    n_duplicates: Mapped[int] = mapped_column(default=0)
    detail: Mapped[dict[str, Any] | None] = mapped_column(JsonDocument)


def add_job(
    session: Session,
    *,
    kind: str,
    queue: str,
    dataset_id: int | None,
    params: dict[str, Any],
    key: str,
    created_by: int | None = None,
    parent_id: int | None = None,
) -> Job:
    """Insert a queued job; the caller commits and then rings the doorbell."""
    job = Job(
        kind=kind,
        queue=queue,
        dataset_id=dataset_id,
        params=params,
        key=key,
        created_by=created_by,
        parent_id=parent_id,
        state=JobState.QUEUED,
        progress={"fraction": 0.0, "message": "", "counts": {}},
    )
    session.add(job)
    session.flush()
    if dataset_id is not None:
        revisions.bump(session, dataset_id, "jobs")
    return job


def job_with_key(session: Session, key: str) -> Job | None:
    """Return the job that a client already asked for under this key."""
    return session.scalar(select(Job).where(Job.key == key))


def list_jobs(
    session: Session,
    *,
    dataset_id: int | None = None,
    states: Sequence[str] = (),
    before: int | None = None,
    limit: int = 50,
) -> list[Job]:
    """Newest jobs first, those with an id below `before`."""
    query = select(Job).order_by(Job.id.desc()).limit(limit)
    if dataset_id is not None:
        query = query.where(Job.dataset_id == dataset_id)
    if states:
        query = query.where(Job.state.in_(states))
    if before is not None:
        query = query.where(Job.id < before)
    return list(session.scalars(query))


def read_curve(session: Session, job_id: int) -> list[dict[str, Any]] | None:
    """Return the rows of the live curve, one dict per epoch."""
    return session.scalar(select(Job.curve).where(Job.id == job_id))


def request_cancel(session: Session, job_id: int) -> str | None:
    """Ask a job to stop and return its state afterwards, None where no such job exists.

    A queued job is cancelled at once; a running one becomes ``cancelling`` and its worker stops it;
    a finished one stays as it is. Cancel or publish wins, never both: each is one guarded UPDATE.
    """
    for state, values in (
        (JobState.QUEUED, {"state": JobState.CANCELLED, "finished_at": now()}),
        (JobState.RUNNING, {"state": JobState.CANCELLING}),
    ):
        moved = change(session, (Job.id == job_id) & (Job.state == state), values)
        if moved:
            break
    return session.scalar(select(Job.state).where(Job.id == job_id))


def change(session: Session, condition: ColumnElement[bool], values: Mapping[str, Any]) -> int:
    """Change the rows that meet `condition` by one guarded UPDATE, tell the pages, return how many.

    Every change of a job goes through here, so that its revision and its dataset's rise with it.
    """
    datasets = session.scalars(
        update(Job)
        .where(condition)
        .values(revision=Job.revision + 1, **values)
        .returning(Job.dataset_id)
        .execution_options(synchronize_session=False)
    ).all()
    # In one order everywhere: two sweeps that lock the same counters must not wait in a ring.
    for dataset_id in sorted({dataset for dataset in datasets if dataset is not None}):
        revisions.bump(session, dataset_id, "jobs")
    session.expire_all()
    return len(datasets)


def add_import_files(session: Session, files: Sequence[ImportFile]) -> None:
    """Add lines to an import's report."""
    session.add_all(files)
    session.flush()


def update_import_file(
    session: Session, job_id: int, name: str, *, state: str, reason: str, detail: dict[str, Any]
) -> None:
    """Say anew what became of a file: its tables are joined after it was read."""
    session.execute(
        update(ImportFile)
        .where(ImportFile.job_id == job_id, ImportFile.name == name)
        .values(state=state, reason=reason, detail=detail)
    )


def list_import_files(
    session: Session, job_id: int, *, after: int = 0, state: str | None = None, limit: int = 200
) -> list[ImportFile]:
    """Return lines of an import's report in the order they were written, ids above `after`."""
    query = (
        select(ImportFile)
        .where(ImportFile.job_id == job_id, ImportFile.id > after)
        .order_by(ImportFile.id)
        .limit(limit)
    )
    if state is not None:
        query = query.where(ImportFile.state == state)
    return list(session.scalars(query))


def iter_import_files(session: Session, job_id: int) -> Iterator[ImportFile]:
    """Walk through an import's report, a page at a time."""
    after = 0
    while page := list_import_files(session, job_id, after=after, limit=1000):
        yield from page
        after = page[-1].id


def count_import_files(session: Session, job_id: int) -> dict[str, int]:
    """Return how many files ended in each state."""
    rows = session.execute(
        select(ImportFile.state, func.count())
        .where(ImportFile.job_id == job_id)
        .group_by(ImportFile.state)
    )
    return {row[0]: row[1] for row in rows}
