"""What routes are given: the database, the queue, the name of who asks.

Routes open `db.read()` or `db.write()` themselves, in one thread, and answer after the block: the
commit is then done before a status is sent. A `yield` dependency would enter, run and leave in up
to three threads of the pool, and forty waiting for the write lock would starve the one that holds
it.
"""

from typing import Annotated
from urllib.parse import unquote

from fastapi import Depends, Header, Request

from cloudchamber.data.database import Database
from cloudchamber.data.people import clean_name
from cloudchamber.settings import Settings


def settings_of(request: Request) -> Settings:
    return request.app.state.settings


def database_of(request: Request) -> Database:
    return request.app.state.database


def annotator_name(
    request: Request,
    x_annotator: Annotated[
        str | None, Header(description="Who asks, percent-encoded; else the server's user.")
    ] = None,
) -> str:
    """Name of who asks, from the header, else the server's own user."""
    return clean_name(unquote(x_annotator) if x_annotator else settings_of(request).annotator)


SettingsDep = Annotated[Settings, Depends(settings_of)]
Db = Annotated[Database, Depends(database_of)]
Annotator = Annotated[str, Depends(annotator_name)]
