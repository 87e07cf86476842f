"""People: who labels. A name is all there is; asking under a new one makes it known."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter
from pydantic import StringConstraints

from cloudchamber.api.deps import Db
from cloudchamber.api.schemas import Schema
from cloudchamber.data import people

router = APIRouter(tags=["people"])

PersonName = Annotated[
    str, StringConstraints(pattern=r"^[^\x00-\x1f]+$", max_length=people.NAME_LENGTH)
]


class PersonIn(Schema):
    name: PersonName


class PersonOut(Schema):
    id: int
    name: str
    created_at: dt.datetime


@router.get("/people")
def list_people(db: Db) -> list[PersonOut]:
    """Everybody who is known, oldest first."""
    with db.read() as session:
        return [PersonOut.model_validate(person) for person in people.list_people(session)]


@router.post("/people", status_code=201)
def add_person(body: PersonIn, db: Db) -> PersonOut:
    """Make a name known; one that is known already stays as it is."""
    with db.write() as session:
        return PersonOut.model_validate(people.person_named(session, body.name))
