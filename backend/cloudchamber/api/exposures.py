"""Exposures: one CCD readout each, in tiles."""

import datetime as dt
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy.orm import Session

from cloudchamber.api.binary import etag, octets, unchanged
from cloudchamber.api.deps import Db
from cloudchamber.api.schemas import BINARY, Id, Schema
from cloudchamber.data import datasets, detections, exposures, revisions
from cloudchamber.data.calibrations import Calibration
from cloudchamber.data.carried import Carried
from cloudchamber.data.job_requests import Threshold
from cloudchamber.data.packs import pack
from cloudchamber.services.cutouts import footprint_pack
from cloudchamber.services.exposure_history import history_of, paper_of

router = APIRouter(tags=["exposures"])

TilePlace = Annotated[int, Path(ge=0, le=2**20)]


class Exposure(Schema):
    """A readout; `levels` counts the levels of its pyramid of tiles (0 native, then halved)."""

    id: int
    dataset_id: int
    ordinal: int
    name: str
    file_name: str
    hdu: int
    plane: int | None
    height: int
    width: int
    dtype: str
    unit: str
    n_footprints: int
    levels: int
    rows_up: bool
    """Whether the first row of the file is drawn at the bottom, as FITS means it."""
    calibration: Calibration
    header: dict[str, Any] | None = None


class Step(Schema):
    """One step of a history: what, and how."""

    what: str
    how: str


class History(Schema):
    """From the file to the footprints; `paper` is the same as a paragraph."""

    steps: list[Step]
    notes: list[str]
    paper: str


def describe(exposure: exposures.Exposure, *, header: bool) -> Exposure:
    fields = set(Exposure.model_fields) - {"levels", "header", "rows_up"}
    return Exposure(
        rows_up=exposures.rows_up(exposure),
        **{name: getattr(exposure, name) for name in fields},
        levels=exposures.last_level(exposure.height, exposure.width) + 1,
        header=exposure.header if header else None,
    )


def _get(session: Session, exposure_id: int) -> exposures.Exposure:
    """The exposure of a dataset that is not deleted."""
    exposure = exposures.get_exposure(session, exposure_id)
    datasets.get_dataset(session, exposure.dataset_id)
    return exposure


@router.get("/datasets/{dataset_id}/exposures")
def list_exposures(dataset_id: Id, db: Db) -> list[Exposure]:
    """The exposures of a dataset in order, without their headers."""
    with db.read() as session:
        datasets.get_dataset(session, dataset_id)
        found = exposures.list_exposures(session, dataset_id)
        return [describe(exposure, header=False) for exposure in found]


@router.get("/exposures/{exposure_id}")
def get_exposure(exposure_id: Id, db: Db) -> Exposure:
    """One exposure with its header."""
    with db.read() as session:
        return describe(_get(session, exposure_id), header=True)


@router.get("/exposures/{exposure_id}/history")
def read_history(exposure_id: Id, db: Db) -> History:
    """What was done to an exposure from its file to its footprints."""
    with db.read() as session:
        exposure = _get(session, exposure_id)
        steps = [Step(what=what, how=how) for what, how in history_of(exposure)]
        record = Calibration.model_validate(exposure.calibration)
        return History(steps=steps, notes=record.notes, paper=paper_of(exposure))


class Detection(Schema):
    """How the footprints of an exposure were found; `before_id` was current when it was made, and
    `at` and `job_id` are null for that of the import."""

    id: int
    number: int
    current: bool
    at: dt.datetime | None
    job_id: int | None
    before_id: int | None
    unit: str
    threshold: Threshold | None
    min_pixels: int
    background: str
    n_footprints: int
    carried: Carried | None
    words: str


@router.get("/exposures/{exposure_id}/detections")
def list_detections(exposure_id: Id, db: Db) -> list[Detection]:
    """The detections of an exposure, oldest first; none as long as it was searched once."""
    with db.read() as session:
        exposure = _get(session, exposure_id)
        found = detections.list_detections(session, exposure_id)
        return [_detection(one, exposure.detection_id) for one in found]


def _detection(one: detections.Detection, current: int | None) -> Detection:
    record = Calibration.model_validate(one.calibration)
    carried = Carried.model_validate(one.report) if one.report else None
    return Detection(
        id=one.id,
        number=one.number,
        current=one.id == current,
        at=one.at,
        job_id=one.job_id,
        before_id=one.before_id,
        unit=one.unit,
        threshold=Threshold.model_validate(record.threshold) if record.threshold else None,
        min_pixels=record.min_pixels,
        background=record.background,
        n_footprints=one.n_footprints,
        carried=carried,
        words="" if carried is None else carried.words(),
    )


@router.get(
    "/exposures/{exposure_id}/tiles/{level}/{ty}/{tx}", response_class=Response, responses=BINARY
)
def read_tile(
    exposure_id: Id, level: TilePlace, ty: TilePlace, tx: TilePlace, request: Request, db: Db
) -> Response:
    """One tile of at most 256 x 256 calibrated pixels, row after row; a pixel of level k is the
    maximum over 2^k x 2^k. Header `X-Tile: dtype;height;width`."""
    with db.read() as session:
        exposure = _get(session, exposure_id)
        dataset = datasets.get_dataset(session, exposure.dataset_id)
        tag = etag("tile", dataset.created_at, exposure_id, level, ty, tx)
        if (same := unchanged(request, tag)) is not None:
            return same
        tile = exposures.read_tile(session, exposure_id, level, ty, tx)
    height, width = tile.shape
    return octets(tile.tobytes(), tag, X_Tile=f"{tile.dtype.name};{height};{width}")


@router.get("/exposures/{exposure_id}/footprints", response_class=Response, responses=BINARY)
def read_footprints(
    exposure_id: Id,
    request: Request,
    db: Db,
    retired: Annotated[bool, Query(description="Those of retired cutouts instead.")] = False,
) -> Response:
    """Place and mask of every footprint, as a pack like that of `pixels` whose items are
    `{ordinal, x0, y0, height, width, flags, mask_offset, mask_nbytes}`."""
    with db.read() as session:
        exposure = _get(session, exposure_id)
        dataset = datasets.get_dataset(session, exposure.dataset_id)
        revised = revisions.read(session, exposure.dataset_id)
        tag = etag("footprints", dataset.created_at, exposure_id, retired, revised["cutouts"])
        if (same := unchanged(request, tag)) is not None:
            return same
        items, arrays = footprint_pack(session, exposure, retired=retired)
    return octets(pack(items, arrays), tag)
