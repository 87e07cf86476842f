"""Binary answers with an ETag."""

import hashlib
import json
from typing import Any

import numpy as np
from fastapi import Request, Response

OCTETS = "application/octet-stream"


def etag(*parts: object) -> str:
    """A strong ETag of whatever decides the content."""
    digest = hashlib.sha256("\x00".join(map(str, parts)).encode()).hexdigest()[:32]
    return f'"{digest}"'


def unchanged(request: Request, tag: str) -> Response | None:
    """304 when the client has this version already.

    `no-cache` means: keep it, but ask each time. Another database may answer on the same port
    tomorrow, so nothing may be taken for eternal.
    """
    sent = [
        t.strip().removeprefix("W/") for t in request.headers.get("if-none-match", "").split(",")
    ]
    if tag in sent or "*" in sent:
        return Response(status_code=304, headers=_headers(tag))
    return None


def octets(content: bytes, tag: str, **headers: str) -> Response:
    """Bytes with their ETag; keyword `X_Column` becomes the header X-Column."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(content, media_type=OCTETS, headers=_headers(tag) | more)


def pack(items: list[dict[str, Any]], arrays: list[np.ndarray], **header: Any) -> bytes:
    """Header and payload in one: uint32 length of the JSON header, the header, padding to 8
    bytes, the payload. Each array lies at a multiple of 8 bytes from the payload's start;
    the caller has written these offsets into `items`."""
    text = json.dumps({"items": items, **header}, separators=(",", ":"), allow_nan=False).encode()
    head = len(text).to_bytes(4, "little") + text
    parts = [head, bytes(-len(head) % 8)]
    for array in arrays:
        raw = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        parts += [raw, bytes(-len(raw) % 8)]
    return b"".join(parts)


def _headers(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Cache-Control": "private, no-cache"}
