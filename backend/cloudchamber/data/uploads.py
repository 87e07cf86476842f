"""Uploads: files on their way in, kept in the database in chunks until an import reads them."""

import datetime as dt
import hashlib
from collections.abc import Iterator

from sqlalchemy import ForeignKey, LargeBinary, String, and_, delete, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from cloudchamber.data.base import Base, BigInt, UtcDateTime, now
from cloudchamber.errors import Conflict, Invalid, NotFound, TooLarge

CHUNK_BYTES = 8 << 20
UNFINISHED = dt.timedelta(days=1)
FINISHED = dt.timedelta(days=7)


class Upload(Base):
    __tablename__ = "upload"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(500))
    size: Mapped[int] = mapped_column(BigInt)
    sha256: Mapped[str | None] = mapped_column(String(64))
    received: Mapped[int] = mapped_column(BigInt, default=0)
    state: Mapped[str] = mapped_column(String(10), default="receiving")
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=now)


class UploadChunk(Base):
    __tablename__ = "upload_chunk"

    upload_id: Mapped[int] = mapped_column(
        ForeignKey("upload.id", ondelete="CASCADE"), primary_key=True
    )
    offset: Mapped[int] = mapped_column(BigInt, primary_key=True, autoincrement=False)
    size: Mapped[int]
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32))
    data: Mapped[bytes] = mapped_column("bytes", LargeBinary, deferred=True)


def create_upload(session: Session, name: str, size: int) -> Upload:
    """A new upload of `size` bytes that has received none."""
    upload = Upload(name=name, size=size)
    session.add(upload)
    session.flush()
    return upload


def get_upload(session: Session, upload_id: int) -> Upload:
    """The upload, or NotFound."""
    upload = session.get(Upload, upload_id)
    if upload is None:
        raise NotFound("There is no such upload.")
    return upload


def write_chunk(
    session: Session, upload_id: int, offset: int, chunk: bytes, sha256: bytes | None = None
) -> Upload:
    """Store the chunk that begins at `offset`; the same chunk again changes nothing.

    Chunks come in order: `offset` is what was received so far, or a chunk that was sent before.

    Raises
    ------
    Conflict
        When bytes before `offset` are missing, or another chunk was stored there.
    Invalid, TooLarge
        When the chunk is empty, damaged on its way, or larger than what remains.
    """
    digest = hashlib.sha256(chunk).digest()
    if sha256 is not None and sha256 != digest:
        raise Invalid("The chunk was damaged on its way.", hint="Send it again.")
    if not chunk:
        raise Invalid("The chunk is empty.")
    if len(chunk) > CHUNK_BYTES:
        raise TooLarge(f"A chunk has at most {CHUNK_BYTES >> 20} MiB.")
    upload = _locked(session, upload_id)
    if offset < upload.received:
        known = session.get(UploadChunk, (upload_id, offset))
        if known is None or bytes(known.sha256) != digest:
            raise Conflict(
                "Another chunk was received there.", hint=f"Go on at offset {upload.received}."
            )
        return upload
    if offset > upload.received:
        raise Conflict("Bytes before the chunk are missing.", hint=f"Go on at {upload.received}.")
    if offset + len(chunk) > upload.size:
        raise TooLarge(f"The file was announced with {upload.size} bytes.")
    session.add(
        UploadChunk(upload_id=upload_id, offset=offset, size=len(chunk), sha256=digest, data=chunk)
    )
    upload.received += len(chunk)
    session.flush()
    return upload


def complete_upload(session: Session, upload_id: int, sha256: str | None = None) -> Upload:
    """Mark the upload complete; Conflict when bytes lack, Invalid when `sha256` (hex) differs."""
    upload = _locked(session, upload_id)
    if upload.received < upload.size:
        raise Conflict(
            f"{upload.size - upload.received} bytes are missing.",
            hint=f"Go on at offset {upload.received}.",
        )
    if upload.sha256 is None:
        digest = hashlib.sha256()
        for chunk in _chunks(session, upload_id):
            digest.update(chunk)
        upload.sha256 = digest.hexdigest()
    if sha256 is not None and sha256.lower() != upload.sha256:
        raise Invalid("The file was damaged on its way.", hint="Delete the upload, send it again.")
    upload.state = "complete"
    session.flush()
    return upload


def read_upload(session: Session, upload_id: int) -> Iterator[bytes]:
    """The bytes of a complete upload, chunk by chunk; Conflict when it is not complete."""
    if get_upload(session, upload_id).state != "complete":
        raise Conflict("The upload is not complete.")
    yield from _chunks(session, upload_id)


def delete_upload(session: Session, upload_id: int) -> None:
    """Remove the upload and its bytes; what an import made of it stays."""
    upload = get_upload(session, upload_id)
    session.execute(delete(UploadChunk).where(UploadChunk.upload_id == upload_id))
    session.delete(upload)
    session.flush()


def delete_stale(session: Session) -> int:
    """Remove uploads that nobody finished for a day, or that lie finished for a week; how many."""
    old = select(Upload.id).where(
        or_(
            and_(Upload.state == "receiving", Upload.created_at < now() - UNFINISHED),
            Upload.created_at < now() - FINISHED,
        )
    )
    stale = session.scalars(old).all()
    for upload_id in stale:
        delete_upload(session, upload_id)
    return len(stale)


def _chunks(session: Session, upload_id: int) -> Iterator[bytes]:
    offsets = session.scalars(
        select(UploadChunk.offset)
        .where(UploadChunk.upload_id == upload_id)
        .order_by(UploadChunk.offset)
    ).all()
    for offset in offsets:  # one row in memory at a time, whatever the driver buffers
        yield session.execute(
            select(UploadChunk.data).where(
                UploadChunk.upload_id == upload_id, UploadChunk.offset == offset
            )
        ).scalar_one()


def _locked(session: Session, upload_id: int) -> Upload:
    upload = session.scalars(
        select(Upload)
        .where(Upload.id == upload_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()
    if upload is None:
        raise NotFound("There is no such upload.")
    return upload
