"""Sweeps: settle what dead workers left, and find the jobs whose doorbell must be rung again."""

from typing import Any

from sqlalchemy import ColumnElement, and_, delete, func, literal, or_, select, update
from sqlalchemy.orm import Session

from cloudchamber.data.base import JsonDocument, now
from cloudchamber.data.clock import database_clock
from cloudchamber.data.jobs import FINAL_STATES, Job, JobCheckpoint, JobState, change

# As many waiting jobs of a queue as one sweep rings for; the next sweep rings for the next ones.
RING_AT_MOST = 8


def sweep(
    session: Session, *, patience: float = 5.0, max_attempts: int = 3
) -> list[tuple[int, str, str]]:
    """Settle expired leases and return the (id, kind, queue) of jobs to ring for.

    A job is rung for when nobody claimed it within `patience` seconds of the last ring, the oldest
    `RING_AT_MOST` of each queue at a time: more would only pile up in the broker.
    """
    expired = Job.lease_until < database_clock()
    lost = {
        "message": f"The job's process was lost {max_attempts} times.",
        "hint": "Look into the worker's log; the machine may have run out of memory.",
        "detail": None,
    }
    moves: tuple[tuple[Any, dict[str, Any]], ...] = (
        (
            (Job.state == JobState.CANCELLING) & expired,
            {"state": JobState.CANCELLED, "finished_at": now()},
        ),
        (
            (Job.state == JobState.RUNNING) & expired & (Job.attempt >= max_attempts),
            {
                "state": JobState.FAILED,
                "finished_at": now(),
                "error": func.coalesce(Job.error, literal(lost, JsonDocument)),
            },
        ),
        (
            (Job.state == JobState.RUNNING) & expired,
            {"state": JobState.QUEUED, "owner": None, "rung_at": None},
        ),
    )
    for condition, values in moves:
        change(session, condition, {"lease_until": None, **values})
    ended = select(Job.id).where(Job.state.in_(FINAL_STATES))
    session.execute(
        delete(JobCheckpoint).where(JobCheckpoint.job_id.in_(ended)),
        execution_options={"synchronize_session": False},
    )
    return _due(session, patience)


def _due(session: Session, patience: float) -> list[tuple[int, str, str]]:
    """Mark and return the jobs whose doorbell is to be rung (again)."""
    rows = session.execute(
        update(Job)
        .where(_is_due(patience))
        .values(rung_at=database_clock())
        .returning(Job.id, Job.kind, Job.queue)
        .execution_options(synchronize_session=False)
    )
    return sorted((row.id, row.kind, row.queue) for row in rows)


def _is_due(patience: float) -> ColumnElement[bool]:
    """Among the first of its queue, and not rung for lately."""
    waiting = (
        select(
            Job.id,
            func.row_number().over(partition_by=Job.queue, order_by=Job.id).label("place"),
        )
        .where(Job.state == JobState.QUEUED)
        .subquery()
    )
    first = select(waiting.c.id).where(waiting.c.place <= RING_AT_MOST)
    return and_(
        Job.id.in_(first),
        Job.state == JobState.QUEUED,
        or_(Job.rung_at.is_(None), Job.rung_at < database_clock() - patience),
    )


def needs_sweep(session: Session, *, patience: float = 5.0) -> bool:
    """Whether a sweep would do anything: a read, so that an idle server never writes."""
    live = Job.state.in_((JobState.RUNNING, JobState.CANCELLING))
    expired = live & (Job.lease_until < database_clock())
    query = select(Job.id).where(or_(expired, _is_due(patience))).limit(1)
    return session.scalar(query) is not None


def running_owners(session: Session) -> set[str]:
    """Return the owners of all live leases."""
    query = select(Job.owner).where(
        Job.state.in_((JobState.RUNNING, JobState.CANCELLING)), Job.owner.is_not(None)
    )
    return {owner for owner in session.scalars(query) if owner}


def expire(session: Session, owner: str) -> None:
    """End the leases of an owner known to be dead, so that nobody waits for them to run out."""
    session.execute(
        update(Job)
        .where(Job.owner == owner, Job.state.in_((JobState.RUNNING, JobState.CANCELLING)))
        .values(lease_until=0.0),
        execution_options={"synchronize_session": False},
    )
