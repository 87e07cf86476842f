"""Server-sent events: which parts of a dataset changed, never the data themselves.

The counters live in the database, so it does not matter which process changed them. Each API
process looks at most a few times a second for each dataset, however many pages listen.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlalchemy.exc import SQLAlchemyError

from cloudchamber.api.deps import Db
from cloudchamber.api.schemas import MAX_ID, Schema
from cloudchamber.data import datasets, revisions
from cloudchamber.data.database import Database
from cloudchamber.errors import CloudchamberError

router = APIRouter(tags=["events"])
log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 0.25


class Revisions(Schema):
    """Counters that rise whenever something of their kind changes."""

    labels: int
    columns: int
    jobs: int
    cutouts: int
    dataset: int
    detections: int
    """Another detection of an exposure is current: images and labels of cutouts that were known
    may differ."""


class Watch:
    """The newest counters of one dataset, shared by all pages of this process."""

    def __init__(self, database: Database, dataset_id: int) -> None:
        self._database = database
        self._dataset_id = dataset_id
        self._lock = asyncio.Lock()
        self._read_at = 0.0
        self._latest: Revisions | None = None

    async def latest(self) -> Revisions:
        """Return counters that are at most `LOOK_EVERY_SECONDS` old."""
        async with self._lock:
            if self._latest is None or time.monotonic() - self._read_at > LOOK_EVERY_SECONDS:
                self._latest = await run_in_threadpool(self._read)
                self._read_at = time.monotonic()
            return self._latest

    def _read(self) -> Revisions:
        with self._database.read() as session:
            return Revisions(**revisions.read(session, self._dataset_id))


def watch_of(
    request: Request,
    db: Db,
    dataset_id: Annotated[int, Query(ge=1, le=MAX_ID)],
) -> Watch:
    """The watch over an existing dataset; NotFound before anything is streamed."""
    state = request.app.state
    if not hasattr(state, "watches"):
        state.watches = {}
    if dataset_id not in state.watches:
        with db.read() as session:
            datasets.get_dataset(session, dataset_id)
        state.watches[dataset_id] = Watch(db, dataset_id)
    return state.watches[dataset_id]


STREAM: dict[int | str, Any] = {
    200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}
}


@router.get("/events", response_class=EventSourceResponse, responses=STREAM)
async def events(watch: Annotated[Watch, Depends(watch_of)]) -> AsyncIterator[ServerSentEvent]:
    """Send `changed` with all counters at once, and again whenever one of them has risen."""
    told: Revisions | None = None
    while True:
        try:
            latest = await watch.latest()
        except (SQLAlchemyError, CloudchamberError) as error:
            # The page keeps its connection; it hears the news once the database is back.
            log.warning("no events for the moment: %s", type(error).__name__)
            await asyncio.sleep(1.0)
            continue
        if latest != told:
            told = latest
            yield ServerSentEvent(event="changed", data=latest)
        await asyncio.sleep(LOOK_EVERY_SECONDS)
