"""What is remembered about detectors: it stands before what their files' headers say."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import StringConstraints

from cloudchamber.api.deps import Db
from cloudchamber.api.schemas import Schema
from cloudchamber.data import detectors
from cloudchamber.data.detectors import DetectorSettings

router = APIRouter(tags=["detectors"])

DetectorName = Annotated[
    str,
    StringConstraints(pattern=r"^[^\x00-\x1f]+$", min_length=1, max_length=detectors.MAX_NAME),
]


class DetectorIn(Schema):
    """A detector, by the name that its headers give: INSTRUME and DETECTOR."""

    name: DetectorName
    settings: DetectorSettings


class DetectorOut(Schema):
    name: str
    settings: DetectorSettings
    changed_at: dt.datetime


@router.get("/detectors")
def list_detectors(db: Db) -> list[DetectorOut]:
    """Every detector that something is remembered of."""
    with db.read() as session:
        return [DetectorOut.model_validate(one) for one in detectors.list_detectors(session)]


@router.put("/detectors")
def remember_detector(body: DetectorIn, db: Db) -> DetectorOut:
    """Remember this about a detector, instead of what was remembered."""
    with db.write() as session:
        found = detectors.remember(session, body.name, body.settings)
        return DetectorOut.model_validate(found)


@router.delete("/detectors", status_code=204)
def forget_detector(name: Annotated[DetectorName, Query()], db: Db) -> None:
    """Forget what is remembered about a detector."""
    with db.write() as session:
        detectors.forget(session, name)
