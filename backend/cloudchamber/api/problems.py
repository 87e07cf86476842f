"""Every error as problem+json: ours, the framework's, the database's, and bugs."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from cloudchamber.api.schemas import Problem
from cloudchamber.errors import CloudchamberError, Conflict, Invalid, StorageFull, Unavailable

log = logging.getLogger(__name__)

TITLES = {
    400: "Bad request", 401: "Not signed in", 403: "Not allowed", 404: "Not found",
    405: "Not possible here", 409: "Conflict", 413: "Too large", 422: "Not valid",
    500: "Error in the server", 503: "Not available", 507: "Disk full",
}  # fmt: skip
# Words of SQLite and codes of Postgres (SQLSTATE) for: no room, and try again.
FULL_WORDS = ("disk is full", "disk i/o error")
FULL_STATES = {"53100"}
RETRY_AFTER_SECONDS = "2"


def problem(
    status: int, detail: str, *, code: str, hint: str = "", headers: dict[str, str] | None = None
) -> JSONResponse:
    """A problem+json answer."""
    body = Problem(
        title=TITLES.get(status, "Error"), status=status, detail=detail, hint=hint, code=code
    )
    return JSONResponse(body.model_dump(), status, headers, media_type="application/problem+json")


def of_error(error: CloudchamberError) -> JSONResponse:
    """The answer to one of our own errors."""
    headers = {"Retry-After": RETRY_AFTER_SECONDS} if isinstance(error, Unavailable) else None
    return problem(error.status, error.message, code=error.code, hint=error.hint, headers=headers)


def of_database(error: DBAPIError) -> CloudchamberError:
    """What a database error means to the client; its own text, which names paths, stays here."""
    state = getattr(error.orig, "sqlstate", None)
    words = str(error.orig).lower()
    if state in FULL_STATES or any(word in words for word in FULL_WORDS):
        return StorageFull(
            "The disk of the database is full: nothing was saved.",
            hint="Make room; what you did is kept in the browser and sent again.",
        )
    if isinstance(error, IntegrityError):
        return Conflict("Someone else changed this at the same moment.", hint="Try again.")
    if isinstance(error, DataError):
        return Invalid("A value cannot be stored.")
    return Unavailable("The database does not answer.", hint="Try again in a moment.")


def bug() -> JSONResponse:
    """The answer to an error nobody foresaw; what it says stays in the log."""
    return problem(500, "Something went wrong in the server; its log says what.", code="bug")


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem+json answer."""

    async def ours(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, CloudchamberError)
        if error.status >= 500:
            log.error("%s: %s", type(error).__name__, error.message)
        return of_error(error)

    async def validation(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        told = [
            f"{'.'.join(str(part) for part in e['loc'])}: {e['msg']}" for e in error.errors()[:5]
        ]
        return problem(422, "; ".join(told), code="invalid")

    async def http(_request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        code = TITLES.get(error.status_code, "error").lower().replace(" ", "_")
        headers = dict(error.headers) if error.headers else None
        return problem(error.status_code, str(error.detail), code=code, headers=headers)

    async def database(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, DBAPIError)
        log.error("%s %s: %s", request.method, request.url.path, error.orig)
        return of_error(of_database(error))

    async def busy(_request: Request, error: Exception) -> JSONResponse:
        log.error("no connection to the database came free: %s", error)
        return of_error(Unavailable("The database is busy.", hint="Try again in a moment."))

    app.add_exception_handler(CloudchamberError, ours)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(DBAPIError, database)
    app.add_exception_handler(PoolTimeout, busy)
