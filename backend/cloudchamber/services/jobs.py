"""Asking for jobs: check, insert, cancel, try again. The caller commits, then rings."""

import uuid
from typing import Any

from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cloudchamber.data import datasets, jobs, people
from cloudchamber.data.job_requests import KINDS, parse_params
from cloudchamber.data.jobs import FINAL_STATES, Job, JobState
from cloudchamber.errors import Conflict, Invalid, KeyReused, NotFound


def request_job(
    session: Session,
    *,
    kind: str,
    dataset_id: int | None,
    params: dict[str, Any],
    key: str,
    annotator: str,
) -> Job:
    """Insert a job, or return the one that was already asked for under `key`.

    Raises
    ------
    Invalid
        For an unknown kind or parameters that its model refuses.
    NotFound
        When the dataset does not exist or is deleted.
    KeyReused
        When `key` came before with another request.
    """
    known = KINDS.get(kind)
    if known is None:
        raise Invalid(f"There is no job kind {kind!r}.", hint=f"One of {', '.join(KINDS)}.")
    try:
        checked = parse_params(known, params)
    except ValidationError as error:
        told = (
            f"{'.'.join(map(str, e['loc'])) or 'params'}: {e['msg']}" for e in error.errors()[:5]
        )
        raise Invalid("; ".join(told)) from None
    if (earlier := jobs.job_with_key(session, key)) is not None:
        same = (earlier.kind, earlier.dataset_id, earlier.params) == (kind, dataset_id, checked)
        if not same:
            raise KeyReused("This key was already used for another job.")
        return earlier
    if dataset_id is not None:
        datasets.get_dataset(session, dataset_id)
    elif known.needs_dataset:
        raise Invalid(f"{known.title} needs a dataset.")
    return _add(session, kind, known.queue, dataset_id, checked, key, annotator)


def get_job(session: Session, job_id: int) -> Job:
    """Return a job or raise NotFound."""
    job = session.get(Job, job_id)
    if job is None:
        raise NotFound(f"There is no job {job_id}.")
    return job


def cancel_job(session: Session, job_id: int) -> Job:
    """Ask a job to stop; one that has ended stays as it is."""
    if jobs.request_cancel(session, job_id) is None:
        raise NotFound(f"There is no job {job_id}.")
    return get_job(session, job_id)


def retry_job(session: Session, job_id: int, annotator: str) -> Job:
    """Ask again for a job that failed or was cancelled: a new row with this one as parent.

    Asking twice gives the same new job.
    """
    old = get_job(session, job_id)
    if old.state not in FINAL_STATES or old.state == JobState.SUCCEEDED:
        raise Conflict(
            f"Job {job_id} is {old.state}; only a failed or cancelled one can be tried again."
        )
    if old.dataset_id is not None:
        datasets.get_dataset(session, old.dataset_id)
    key = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{old.key}/retry"))
    if (earlier := jobs.job_with_key(session, key)) is not None:
        return earlier
    return _add(session, old.kind, old.queue, old.dataset_id, old.params, key, annotator, old.id)


def _add(
    session: Session,
    kind: str,
    queue: str,
    dataset_id: int | None,
    params: dict[str, Any],
    key: str,
    annotator: str,
    parent_id: int | None = None,
) -> Job:
    person = people.person_named(session, annotator)
    try:
        with session.begin_nested():
            return jobs.add_job(
                session,
                kind=kind,
                queue=queue,
                dataset_id=dataset_id,
                params=params,
                key=key,
                created_by=person.id,
                parent_id=parent_id,
            )
    except IntegrityError:  # the same request at the same moment (Postgres has several writers)
        earlier = jobs.job_with_key(session, key)
        if earlier is None or (earlier.kind, earlier.params) != (kind, params):
            raise
        return earlier
