"""The pictures of a look before an import; what it found is the job's result."""

from fastapi import APIRouter, Request, Response

from cloudchamber.api.binary import etag, octets, unchanged
from cloudchamber.api.deps import Db
from cloudchamber.api.schemas import BINARY, Id
from cloudchamber.data import looks
from cloudchamber.data.looks import Look
from cloudchamber.errors import Conflict, NotFound
from cloudchamber.services import jobs as services

router = APIRouter(tags=["jobs"])


@router.get("/jobs/{job_id}/look")
def read_look(job_id: Id, db: Db) -> Look:
    """What an import would make of the files."""
    with db.read() as session:
        job = services.get_job(session, job_id)
        if job.kind != "look":
            raise NotFound("This job is no look.")
        if job.result is None:
            raise Conflict("The look is not through.", hint="Wait for the job.")
        return Look.model_validate(job.result)


@router.get("/jobs/{job_id}/look/exposure", response_class=Response, responses=BINARY)
def read_exposure(job_id: Id, request: Request, db: Db) -> Response:
    """The first exposure, a pack of four arrays `{name, dtype, shape, offset, nbytes}`: `image` in
    sigma above the baseline (a maximum over blocks of `scale` pixels), and of the bright pixels
    `index` (y * width + x), `sigma` and `value`."""
    return _picture(job_id, request, db, "exposure")


@router.get("/jobs/{job_id}/look/crops", response_class=Response, responses=BINARY)
def read_crops(job_id: Id, request: Request, db: Db) -> Response:
    """The first crops, a pack like that of `pixels`."""
    return _picture(job_id, request, db, "crops")


def _picture(job_id: int, request: Request, db: Db, which: str) -> Response:
    with db.read() as session:
        job = services.get_job(session, job_id)
        tag = etag("look", which, job.created_at, job_id)
        if (same := unchanged(request, tag)) is not None:
            return same
        content = getattr(looks.get_preview(session, job_id), which)
    if content is None:
        raise NotFound("This look has no such picture.")
    return octets(bytes(content), tag)
