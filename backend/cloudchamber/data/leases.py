"""Leases: who may work on a job now, and the guarded writes that make two results impossible.

A worker claims a job with one UPDATE that raises ``fence`` and sets ``lease_until`` by the clock of
the database. Every later write of that worker names its fence: once another worker has claimed the
job, or a person has cancelled it, the write finds no row and is discarded. The broker may therefore
deliver late, twice or never.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CursorResult, Executable, delete, func, null, or_, select, update
from sqlalchemy.orm import Session

from cloudchamber.data import revisions
from cloudchamber.data.base import now
from cloudchamber.data.clock import database_clock
from cloudchamber.data.jobs import Job, JobCheckpoint, JobState, change


@dataclass(frozen=True)
class Lease:
    """The right to work on one job; `fence` is the proof to show at every write."""

    job_id: int
    fence: int
    attempt: int
    kind: str
    dataset_id: int | None
    params: dict[str, Any]


def claim(
    session: Session, job_id: int, *, owner: str, seconds: float, max_attempts: int = 3
) -> Lease | None:
    """Take a queued job, or a running one whose lease has run out; None if it is not to be had."""
    expired = (Job.state == JobState.RUNNING) & (Job.lease_until < database_clock())
    row = session.execute(
        update(Job)
        .where(
            Job.id == job_id,
            Job.attempt < max_attempts,
            or_(Job.state == JobState.QUEUED, expired),
        )
        .values(
            state=JobState.RUNNING,
            fence=Job.fence + 1,
            attempt=Job.attempt + 1,
            owner=owner,
            lease_until=database_clock() + seconds,
            started_at=func.coalesce(Job.started_at, now()),
            revision=Job.revision + 1,
        )
        .returning(Job.fence, Job.attempt, Job.kind, Job.dataset_id, Job.params)
        .execution_options(synchronize_session=False)
    ).one_or_none()
    if row is None:
        return None
    _tell(session, row.dataset_id)
    return Lease(job_id, row.fence, row.attempt, row.kind, row.dataset_id, row.params)


def renew(
    session: Session,
    lease: Lease,
    *,
    seconds: float,
    progress: Mapping[str, Any] | None = None,
    curve: Sequence[Mapping[str, Any]] | None = None,
) -> str | None:
    """Beat: prolong the lease, store progress; return the state, None once the lease is lost."""
    values: dict[str, Any] = {"lease_until": database_clock() + seconds}
    news = progress is not None or curve is not None
    if progress is not None:
        values["progress"] = dict(progress)
    if curve is not None:
        values["curve"] = [dict(row) for row in curve]
    state = session.scalar(
        update(Job)
        .where(
            Job.id == lease.job_id,
            Job.fence == lease.fence,
            Job.state.in_((JobState.RUNNING, JobState.CANCELLING)),
        )
        .values(revision=Job.revision + int(news), **values)
        .returning(Job.state)
        .execution_options(synchronize_session=False)
    )
    if state is not None and news:
        _tell(session, lease.dataset_id)
    return state


def held_state(session: Session, lease: Lease, *, lock: bool = False) -> str | None:
    """Return the job's state while the fence still holds, None once it was claimed anew.

    With `lock` the row stays locked until the transaction ends, so that no claim or cancel slips
    between this check and the writes that rely on it.
    """
    query = select(Job.state).where(Job.id == lease.job_id, Job.fence == lease.fence)
    return session.scalar(query.with_for_update() if lock else query)


def publish(
    session: Session,
    lease: Lease,
    result: Mapping[str, Any],
    *,
    curve: Sequence[Mapping[str, Any]] | None = None,
    message: str = "",
) -> bool:
    """End the job as succeeded; False, and discard the results, if it was lost or cancelled.

    Call it in the transaction that holds the results.
    """
    values: dict[str, Any] = {
        "state": JobState.SUCCEEDED,
        "result": dict(result),
        "error": null(),  # of an earlier attempt
        "progress": {"fraction": 1.0, "message": message, "counts": {}},
        "finished_at": now(),
        "lease_until": None,
    }
    if curve is not None:
        values["curve"] = [dict(row) for row in curve]
    done = _guarded(session, lease, (JobState.RUNNING,), values)
    if done:
        _drop_checkpoint(session, lease.job_id)
    return done


def fail(session: Session, lease: Lease, error: Mapping[str, Any]) -> bool:
    """End the job as failed with `error` {message, hint, detail}."""
    values = {
        "state": JobState.FAILED,
        "error": dict(error),
        "finished_at": now(),
        "lease_until": None,
    }
    done = _guarded(session, lease, (JobState.RUNNING,), values)
    if done:
        _drop_checkpoint(session, lease.job_id)
    return done


def fail_attempt(
    session: Session, lease: Lease, error: Mapping[str, Any], *, max_attempts: int
) -> str | None:
    """Put the job back in the queue after a died attempt, or fail it after the last one."""
    if lease.attempt >= max_attempts:
        return JobState.FAILED if fail(session, lease, error) else None
    values = {
        "state": JobState.QUEUED,
        "owner": None,
        "lease_until": None,
        "rung_at": None,
        "error": dict(error),
    }
    return JobState.QUEUED if _guarded(session, lease, (JobState.RUNNING,), values) else None


def release(session: Session, lease: Lease) -> bool:
    """Give the job back unharmed (the worker is shutting down); the attempt does not count."""
    values = {
        "state": JobState.QUEUED,
        "attempt": Job.attempt - 1,
        "owner": None,
        "lease_until": None,
        "rung_at": None,
    }
    return _guarded(session, lease, (JobState.RUNNING,), values)


def finish_cancel(session: Session, lease: Lease) -> bool:
    """Confirm that a job someone wanted cancelled has stopped."""
    values = {
        "state": JobState.CANCELLED,
        "finished_at": now(),
        "lease_until": None,
    }
    done = _guarded(session, lease, (JobState.CANCELLING,), values)
    if done:
        _drop_checkpoint(session, lease.job_id)
    return done


def held(session: Session, job_id: int, fence: int) -> Lease | None:
    """Return the lease with this fence as long as it holds."""
    job = session.scalar(
        select(Job).where(Job.id == job_id, Job.fence == fence, Job.state == JobState.RUNNING)
    )
    if job is None:
        return None
    return Lease(job.id, job.fence, job.attempt, job.kind, job.dataset_id, job.params)


def load_checkpoint(session: Session, job_id: int) -> bytes | None:
    """Return what the last attempt saved."""
    return session.scalar(select(JobCheckpoint.data).where(JobCheckpoint.job_id == job_id))


def save_checkpoint(
    session: Session,
    lease: Lease,
    data: bytes,
    *,
    curve: Sequence[Mapping[str, Any]] | None = None,
) -> None:
    """Replace the checkpoint; the caller has checked the fence in this transaction."""
    session.merge(JobCheckpoint(job_id=lease.job_id, fence=lease.fence, data=data, at=now()))
    session.flush()
    if curve is not None:
        rows = [dict(row) for row in curve]
        _run(session, update(Job).where(Job.id == lease.job_id).values(curve=rows))


def merge_row(rows: list[dict[str, Any]], row: dict[str, Any]) -> None:
    """Append an epoch's row to a live curve; one told again after a resume replaces itself."""
    place = _place(row)
    for index in range(len(rows) - 1, -1, -1):
        if _place(rows[index]) == place:
            del rows[index:]
            break
    rows.append(row)


def _place(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in ("phase", "member", "fold", "epoch"))


def _tell(session: Session, dataset_id: int | None) -> None:
    if dataset_id is not None:
        revisions.bump(session, dataset_id, "jobs")


def _guarded(
    session: Session, lease: Lease, states: Sequence[str], values: Mapping[str, Any]
) -> bool:
    held = (Job.id == lease.job_id) & (Job.fence == lease.fence) & Job.state.in_(states)
    return change(session, held, values) == 1


def _drop_checkpoint(session: Session, job_id: int) -> None:
    _run(session, delete(JobCheckpoint).where(JobCheckpoint.job_id == job_id))


def _run(session: Session, statement: Executable) -> int:
    result = session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)
    return result.rowcount
