"""Uploads: files in resumable, idempotent chunks, kept in the database until imported."""

import datetime as dt
import shutil
from typing import Annotated, Literal

from fastapi import APIRouter, Header, Query, Request
from pydantic import Field, StringConstraints
from starlette.concurrency import run_in_threadpool

from cloudchamber.api.deps import Db, SettingsDep
from cloudchamber.api.schemas import Id, Schema
from cloudchamber.data import uploads
from cloudchamber.errors import StorageFull, TooLarge
from cloudchamber.settings import Settings

router = APIRouter(tags=["uploads"])

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9A-Fa-f]{64}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]+$", max_length=500)]


class UploadIn(Schema):
    name: FileName
    size: Annotated[int, Field(ge=0, le=2**53, strict=True)]


class UploadComplete(Schema):
    sha256: Sha256 | None = None


class Upload(Schema):
    """`received` is the offset at which to go on."""

    id: int
    name: str
    size: int
    sha256: str | None
    received: int
    state: Literal["receiving", "complete"]
    created_at: dt.datetime


@router.post("/uploads", status_code=201)
def create_upload(body: UploadIn, db: Db, settings: SettingsDep) -> Upload:
    """Announce a file; its bytes follow in chunks."""
    refuse_without_room(body.size, settings)
    with db.write() as session:
        return Upload.model_validate(uploads.create_upload(session, body.name, body.size))


@router.get("/uploads/{upload_id}")
def get_upload(upload_id: Id, db: Db) -> Upload:
    """How far an upload is."""
    with db.read() as session:
        return Upload.model_validate(uploads.get_upload(session, upload_id))


@router.put(
    "/uploads/{upload_id}/chunks",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
            },
        }
    },
)
async def put_chunk(
    upload_id: Id,
    request: Request,
    db: Db,
    offset: Annotated[int, Query(ge=0, le=2**53)],
    x_chunk_sha256: Annotated[Sha256 | None, Header()] = None,
) -> Upload:
    """Send the bytes (8 MiB at most) that begin at `offset`. The same chunk again is the same."""
    chunk = await read_limited(request, uploads.CHUNK_BYTES)
    digest = None if x_chunk_sha256 is None else bytes.fromhex(x_chunk_sha256)

    def store() -> Upload:
        with db.write() as session:
            written = uploads.write_chunk(session, upload_id, offset, chunk, digest)
            return Upload.model_validate(written)

    return await run_in_threadpool(store)


@router.post("/uploads/{upload_id}/complete")
def complete_upload(upload_id: Id, body: UploadComplete, db: Db) -> Upload:
    """Say that all bytes were sent; `sha256` (hex) is compared when given."""
    with db.write() as session:
        return Upload.model_validate(uploads.complete_upload(session, upload_id, body.sha256))


@router.delete("/uploads/{upload_id}", status_code=204)
def delete_upload(upload_id: Id, db: Db) -> None:
    """Remove an upload and its bytes; what was imported from it stays."""
    with db.write() as session:
        uploads.delete_upload(session, upload_id)


async def read_limited(request: Request, limit: int) -> bytes:
    """The body, or TooLarge as soon as it is known to be longer than `limit` bytes."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise TooLarge(f"A chunk has at most {limit >> 20} MiB.")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise TooLarge(f"A chunk has at most {limit >> 20} MiB.")
    return bytes(body)


def refuse_without_room(size: int, settings: Settings) -> None:
    """TooLarge above the limit; StorageFull when the disk of the SQLite file lacks room."""
    if size > settings.max_upload_bytes:
        raise TooLarge(f"A file has at most {settings.max_upload_bytes >> 20} MiB.")
    if settings.database_url.startswith("postgres"):
        return  # its disk is not ours to see
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(settings.data_dir).free < size + settings.min_free_bytes:
        raise StorageFull("There is no room on the disk for this file.", hint="Make room first.")
