"""Who asks, and whether the server is well."""

import importlib.metadata
from typing import Literal

from fastapi import APIRouter

from cloudchamber.api.deps import Annotator, Db, SettingsDep
from cloudchamber.api.schemas import Schema
from cloudchamber.data import people

router = APIRouter(tags=["session"])
health = APIRouter(prefix="/health", tags=["health"])

VERSION = importlib.metadata.version("cloudchamber")


class Person(Schema):
    id: int
    name: str


class Me(Schema):
    """Who asks, and what the server is. A browser that gets this answer is not offline."""

    annotator: Person
    version: str
    read_only: bool
    offline: Literal[False] = False


class Health(Schema):
    status: Literal["ok"] = "ok"


@router.get("/me")
def get_me(db: Db, annotator: Annotator, settings: SettingsDep) -> Me:
    """Who asks; a name that is new becomes known."""
    with db.read() as session:
        person = people.find_person(session, annotator)
    if person is None and not settings.read_only:
        with db.write() as session:
            person = people.person_named(session, annotator)
    return Me(
        annotator=Person(id=person.id if person else 0, name=annotator),
        version=VERSION,
        read_only=settings.read_only,
    )


@health.get("/live")
def live() -> Health:
    """The process answers."""
    return Health()


@health.get("/ready")
def ready(db: Db) -> Health:
    """The database takes a write; 503 otherwise."""
    db.check()
    return Health()
