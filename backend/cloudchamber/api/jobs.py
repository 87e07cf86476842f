"""Jobs over HTTP: ask, look, cancel, try again, read an import's report."""

import datetime as dt
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Depends, Query, Request, status
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloudchamber.api.deps import Annotator, Db
from cloudchamber.api.schemas import MAX_ID, BodyId, Id, Key, Schema
from cloudchamber.data import jobs
from cloudchamber.data.accounts import FileAccount, State, Table
from cloudchamber.data.job_requests import KINDS
from cloudchamber.data.jobs import ImportFile, Job, JobState
from cloudchamber.data.people import Person
from cloudchamber.queue import JobQueue
from cloudchamber.services import jobs as services
from cloudchamber.services.account import Account, sum_up

router = APIRouter(tags=["jobs"])


def queue_of(request: Request) -> JobQueue:
    """The application's doorbell."""
    return request.app.state.queue


Queue = Annotated[JobQueue, Depends(queue_of)]


class JobIn(Schema):
    """A request for long work; asking again with the same key gives the same job."""

    kind: Annotated[str, Field(max_length=64)]
    dataset_id: BodyId | None = None
    params: dict[str, Any] = Field(default_factory=dict)
    key: Key


class Progress(Schema):
    fraction: float = 0.0
    message: str = ""
    counts: dict[str, float | None] = Field(default_factory=dict)


class JobErrorOut(Schema):
    message: str
    hint: str | None = None
    detail: str | None = None


class JobOut(Schema):
    """A job; `curve` (one object per epoch) only where a single job is asked for."""

    id: int
    kind: str
    title: str
    queue: str
    dataset_id: int | None
    params: dict[str, Any]
    state: JobState
    attempt: int
    progress: Progress
    curve: list[dict[str, Any]] | None
    result: dict[str, Any] | None
    error: JobErrorOut | None
    parent_id: int | None
    created_at: dt.datetime
    started_at: dt.datetime | None
    finished_at: dt.datetime | None
    created_by: str | None
    revision: int


class JobKindOut(Schema):
    kind: str
    title: str
    queue: Literal["cpu", "gpu"]
    description: str
    params_schema: dict[str, Any]


class ImportFileOut(Schema):
    """What became of one file; `reason` is a sentence where not all of it came in."""

    id: int
    name: str
    state: State
    reason: str
    n_cutouts: int
    n_duplicates: int
    account: FileAccount


class ImportFilePage(Schema):
    items: list[ImportFileOut]
    counts: dict[str, int]
    next: int | None


@router.get("/job-kinds")
def job_kinds() -> list[JobKindOut]:
    """Every kind of job with the JSON schema of its parameters."""
    return [
        JobKindOut(
            kind=kind.name,
            title=kind.title,
            queue=kind.queue,
            description=(kind.params.__doc__ or "").strip(),
            params_schema=kind.params.model_json_schema(),
        )
        for kind in KINDS.values()
    ]


@router.post("/jobs", status_code=status.HTTP_202_ACCEPTED)
def create_job(body: JobIn, db: Db, queue: Queue, annotator: Annotator) -> JobOut:
    """Ask for a job; it waits in its row until a worker takes it."""
    with db.write() as session:
        job = services.request_job(
            session,
            kind=body.kind,
            dataset_id=body.dataset_id,
            params=body.params,
            key=body.key,
            annotator=annotator,
        )
        answer = _one(session, job)
    queue.ring(job)
    return answer


@router.get("/jobs")
def list_jobs(
    db: Db,
    dataset_id: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
    state: Annotated[list[JobState] | None, Query(description="Any of these")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    before: Annotated[int | None, Query(ge=1, le=MAX_ID, description="Older than this id")] = None,
) -> list[JobOut]:
    """Newest first, without curves."""
    with db.read() as session:
        found = jobs.list_jobs(
            session, dataset_id=dataset_id, states=state or (), before=before, limit=limit
        )
        names = _names(session, found)
        return [_view(job, names) for job in found]


@router.get("/jobs/{job_id}")
def get_job(job_id: Id, db: Db) -> JobOut:
    """One job with its live curve."""
    with db.read() as session:
        return _one(session, services.get_job(session, job_id))


@router.post("/jobs/{job_id}/cancel")
def cancel_job(job_id: Id, db: Db) -> JobOut:
    """Ask a job to stop; a running one does so within seconds."""
    with db.write() as session:
        return _one(session, services.cancel_job(session, job_id))


@router.post("/jobs/{job_id}/retry", status_code=status.HTTP_202_ACCEPTED)
def retry_job(job_id: Id, db: Db, queue: Queue, annotator: Annotator) -> JobOut:
    """Start a failed or cancelled job anew; the answer is the new job."""
    with db.write() as session:
        job = services.retry_job(session, job_id, annotator)
        answer = _one(session, job)
    queue.ring(job)
    return answer


@router.get("/jobs/{job_id}/account")
def read_account(job_id: Id, db: Db) -> Account:
    """What an import made of everything that it was given, in sums and sentences."""
    with db.read() as session:
        job = services.get_job(session, job_id)
        folders = (job.result or {}).get("class_folders")
        return sum_up(
            jobs.iter_import_files(session, job_id),
            None if folders is None else Table.model_validate(folders),
        )


@router.get("/jobs/{job_id}/files")
def list_import_files(
    job_id: Id,
    db: Db,
    after: Annotated[int, Query(ge=0, le=MAX_ID)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 200,
    state: State | None = None,
) -> ImportFilePage:
    """The account of an import, a line per file, in the order they were read."""
    with db.read() as session:
        services.get_job(session, job_id)
        files = jobs.list_import_files(session, job_id, after=after, state=state, limit=limit)
        return ImportFilePage(
            items=[_file(file) for file in files],
            counts=jobs.count_import_files(session, job_id),
            next=files[-1].id if len(files) == limit else None,
        )


def _one(session: Session, job: Job) -> JobOut:
    answer = _view(job, _names(session, [job]))
    answer.curve = jobs.read_curve(session, job.id)
    return answer


def _names(session: Session, found: list[Job]) -> dict[int, str]:
    ids = {job.created_by for job in found if job.created_by is not None}
    rows = session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return {row.id: row.name for row in rows}


def _view(job: Job, names: dict[int, str]) -> JobOut:
    kind = KINDS.get(job.kind)
    return JobOut(
        id=job.id,
        kind=job.kind,
        title=kind.title if kind else job.kind,
        queue=job.queue,
        dataset_id=job.dataset_id,
        params=job.params,
        state=JobState(job.state),
        attempt=job.attempt,
        progress=Progress.model_validate(job.progress),
        curve=None,
        result=job.result,
        error=JobErrorOut.model_validate(job.error) if job.error else None,
        parent_id=job.parent_id,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        created_by=names.get(job.created_by) if job.created_by else None,
        revision=job.revision,
    )


def _file(file: ImportFile) -> ImportFileOut:
    return ImportFileOut(
        id=file.id,
        name=file.name,
        state=cast(State, file.state),
        reason=file.reason,
        n_cutouts=file.n_cutouts,
        n_duplicates=file.n_duplicates,
        account=FileAccount.model_validate(file.detail or {}),
    )
