"""Binary answers with an ETag."""

import hashlib

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


def _headers(tag: str) -> dict[str, str]:
    return {"ETag": tag, "Cache-Control": "private, no-cache"}
