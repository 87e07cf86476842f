"""The application: routers, errors, security, the built frontend."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute

from cloudchamber.api import (
    agreement,
    columns,
    cutouts,
    dataset_settings,
    datasets,
    detectors,
    events,
    exports,
    exposures,
    frontend,
    jobs,
    label_sets,
    labels,
    looks,
    models,
    openapi,
    people,
    problems,
    session,
    uploads,
)
from cloudchamber.api.security import Guard, require_token
from cloudchamber.data import uploads as stored_uploads
from cloudchamber.data.database import Database
from cloudchamber.errors import UnsafeDatabase
from cloudchamber.queue import JobQueue, sweeping
from cloudchamber.settings import Settings

log = logging.getLogger(__name__)

RESOURCES = (
    session, label_sets, datasets, dataset_settings, uploads, columns, cutouts, labels, agreement,
    exposures, detectors, models, exports, jobs, looks, events, people, openapi,
)  # fmt: skip


def create_app(settings: Settings | None = None) -> FastAPI:
    """The ASGI application; opens the database when it starts.

    Raises
    ------
    UnsafeDatabase
        When the server would be reachable from other machines without a token.
    """
    settings = settings or Settings()
    if not settings.is_loopback() and settings.token is None:
        raise UnsafeDatabase(
            f"Listening on {settings.host} without a token would let anyone in.",
            hint="Set CLOUDCHAMBER_TOKEN to a long random word, or listen on 127.0.0.1.",
        )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        database, queue = app.state.database, app.state.queue
        database.upgrade()
        with database.write() as opened:
            stored_uploads.delete_stale(opened)
        with sweeping(database, queue):
            yield
        queue.close()
        database.dispose()

    app = FastAPI(
        title="Cloudchamber",
        version=session.VERSION,
        description="Cutouts of exposures, their columns, labels, models and jobs.",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        generate_unique_id_function=operation_id,
    )
    app.state.settings = settings
    app.state.database = Database(
        settings.resolved_database_url(), statement_timeout=settings.statement_timeout
    )
    app.state.queue = JobQueue(settings.broker_url or None)
    api = APIRouter(prefix="/api/v1")
    api.include_router(session.health)
    for resource in RESOURCES:
        api.include_router(resource.router, dependencies=[Depends(require_token)])
    app.include_router(api)
    app.include_router(frontend.router)
    problems.install(app)
    openapi.install(app)
    app.add_middleware(Guard, settings=settings)
    return app


def operation_id(route: APIRoute) -> str:
    """Operations are called after their functions."""
    return route.name
