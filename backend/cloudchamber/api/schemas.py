"""What JSON bodies have in common."""

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StringConstraints

MAX_ID = 2**31 - 1

# Numbers in paths are text and may be coerced; in bodies `false` must not pass for 0.
Id = Annotated[int, Path(ge=1, le=MAX_ID)]
Ordinal = Annotated[int, Path(ge=0, le=MAX_ID)]
BodyId = Annotated[StrictInt, Field(ge=1, le=MAX_ID)]
BodyOrdinal = Annotated[StrictInt, Field(ge=0, le=MAX_ID)]
# A zero byte is the one sign Postgres cannot keep in a text.
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=10_000)]
Name = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f]*$", max_length=200)]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,64}$")]


class Schema(BaseModel):
    """Base of all bodies: unknown fields are an error, never ignored."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)


class Problem(Schema):
    """What went wrong (RFC 9457), with what to do about it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    hint: str = ""
    code: str


BINARY: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
        "description": "Little-endian bytes.",
    },
    304: {"description": "Unchanged since the ETag that was sent."},
}

Flag = Literal[
    "edge", "cropped", "saturated", "has_nan", "row", "column", "bleeding", "beside_masked"
]
