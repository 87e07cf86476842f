"""Sending files in chunks."""

import hashlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from cloudchamber.cli.connection import Api
from cloudchamber.cli.packing import TAR_BYTES, Source, pack

CHUNK_BYTES = 8 << 20


def send_file(
    api: Api, path: Path, on_bytes: Callable[[int], None] = lambda n: None, *, name: str = ""
) -> int:
    """Send one file, called `name` or as it is called here; return its upload's id."""
    with path.open("rb") as file:
        return _send(api, name or path.name, path.stat().st_size, file, on_bytes)


def send_parcel(
    api: Api, sources: list[Source], place: int, on_bytes: Callable[[int], None]
) -> dict[str, Any]:
    """Send one file as it is, or several as a tar file; return how a job refers to it."""
    if len(sources) == 1:
        upload_id = send_file(api, sources[0].path, on_bytes, name=sources[0].name)
        return {"id": upload_id, "role": "data"}
    with tempfile.SpooledTemporaryFile(2 * TAR_BYTES) as packed:  # a run may be of any size
        size = pack(sources, packed)
        upload_id = _send(api, f"files-{place}.tar", size, packed, on_bytes)
    return {"id": upload_id, "role": "data", "parcel": True}


def _send(api: Api, name: str, size: int, file: IO[bytes], on_bytes: Callable[[int], None]) -> int:
    upload = api.post("/uploads", {"name": name, "size": size})
    whole = hashlib.sha256()
    offset = 0
    while chunk := file.read(CHUNK_BYTES):
        whole.update(chunk)
        api.request(
            "PUT",
            f"/uploads/{upload['id']}/chunks",
            params={"offset": offset},
            content=chunk,
            headers={
                "Content-Type": "application/octet-stream",
                "X-Chunk-SHA256": hashlib.sha256(chunk).hexdigest(),
            },
        )
        offset += len(chunk)
        on_bytes(len(chunk))
    api.post(f"/uploads/{upload['id']}/complete", {"sha256": whole.hexdigest()})
    return upload["id"]
