"""Detections: how the footprints of an exposure were found, each time it was done.

One detection of an exposure is current: its cutouts are those of the dataset. A footprint that
another detection finds again is the same cutout, with the same ordinal, path, labels and notes;
only its image and place are those of the current one. `detection_cutout` keeps the images of the
others, byte for byte, so that any of them can be made current again. Cutouts that the current
detection does not have are retired.

An exposure that was searched once has no row here: the first is made when there is a second.
"""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import (
    ForeignKey,
    LargeBinary,
    String,
    UniqueConstraint,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from cloudchamber.data import revisions
from cloudchamber.data.arrays import decode, pack_mask, unpack_mask
from cloudchamber.data.base import Base, JsonDocument, UtcDateTime, now
from cloudchamber.data.cutouts import (
    BATCH,
    Cutout,
    CutoutPixels,
    NewCutout,
    append_cutouts,
    content_hash,
    facts_of,
    of_exposure,
    pixels_of,
)
from cloudchamber.data.datasets import lock_dataset
from cloudchamber.data.exposures import Exposure, get_exposure
from cloudchamber.errors import Conflict, NotFound

FACTS = (
    "x0", "y0", "height", "width", "channels", "flags", "content_hash", "canonical_hash",
)  # fmt: skip
PIXELS = ("shape", "codec", "pixels", "mask")


class Detection(Base):
    __tablename__ = "detection"
    __table_args__ = (UniqueConstraint("exposure_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    exposure_id: Mapped[int] = mapped_column(ForeignKey("exposure.id"))
    number: Mapped[int]
    """1 is that of the import."""
    at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime)
    """None where nobody noted it: of the import's."""
    job_id: Mapped[int | None] = mapped_column(ForeignKey("job.id"))
    before_id: Mapped[int | None] = mapped_column(ForeignKey("detection.id"))
    """The one that was current when this was made: an undo brings it back."""
    unit: Mapped[str] = mapped_column(String(20))
    calibration: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict)
    """What the exposure's record says while this is current."""
    n_footprints: Mapped[int]
    report: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict)
    """`Carried` as JSON: what became of the cutouts of the one before."""


class DetectionCutout(Base):
    """A cutout as a detection that is not current has it."""

    __tablename__ = "detection_cutout"

    detection_id: Mapped[int] = mapped_column(ForeignKey("detection.id"), primary_key=True)
    cutout_id: Mapped[int] = mapped_column(ForeignKey("cutout.id"), primary_key=True)
    x0: Mapped[int | None]
    y0: Mapped[int | None]
    height: Mapped[int]
    width: Mapped[int]
    channels: Mapped[int]
    flags: Mapped[int]
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(16))
    canonical_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    dtype: Mapped[str] = mapped_column(String(10))
    shape: Mapped[list[int]] = mapped_column(JsonDocument)
    codec: Mapped[str] = mapped_column(String(16))
    pixels: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    mask: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


@dataclass(frozen=True)
class NewDetection:
    """A detection to be made current.

    base : the exposure's current detection when this was matched against its cutouts (None where
        it had none but that of the import)
    kept : by cutout id, the image and place of the footprint that is found again
    added : footprints that are found for the first time
    """

    base: int | None
    calibration: dict[str, Any]
    unit: str
    kept: Mapping[int, NewCutout]
    added: Sequence[NewCutout]
    report: dict[str, Any] = field(default_factory=dict)
    job_id: int | None = None


def list_detections(session: Session, exposure_id: int) -> list[Detection]:
    """The detections of an exposure as they were made; none where it was searched once."""
    return list(
        session.scalars(
            select(Detection).where(Detection.exposure_id == exposure_id).order_by(Detection.number)
        )
    )


def get_detection(session: Session, detection_id: int) -> Detection:
    """The detection, or NotFound."""
    found = session.get(Detection, detection_id)
    if found is None:
        raise NotFound("There is no such detection.")
    return found


def made_by(session: Session, exposure_id: int, job_id: int) -> Detection | None:
    """The detection that an earlier attempt of a job has made, if any."""
    return session.scalars(
        select(Detection)
        .where(Detection.exposure_id == exposure_id, Detection.job_id == job_id)
        .order_by(Detection.number.desc())
    ).first()


def imported_record(session: Session, exposure: Exposure) -> dict[str, Any]:
    """What the exposure's record said after its import: it describes the frame that is kept."""
    first = session.scalars(
        select(Detection.calibration).where(
            Detection.exposure_id == exposure.id, Detection.number == 1
        )
    ).one_or_none()
    return exposure.calibration if first is None else first


def add_detection(
    session: Session, exposure_id: int, new: NewDetection
) -> tuple[Detection, list[int]]:
    """Make a new detection the current one; returns it and the ordinals of the added cutouts.

    Raises
    ------
    Conflict
        When another detection has become current since it was matched.
    """
    exposure = get_exposure(session, exposure_id)
    lock_dataset(session, exposure.dataset_id)
    session.refresh(exposure)
    if exposure.detection_id != new.base:
        raise Conflict("The exposure was searched anew meanwhile.")
    before = _current(session, exposure)
    number = max(d.number for d in list_detections(session, exposure_id)) + 1
    made = Detection(
        exposure_id=exposure_id, number=number, at=now(), job_id=new.job_id, before_id=before.id,
        unit=new.unit, calibration=new.calibration, report=new.report,
        n_footprints=len(new.kept) + len(new.added),
    )  # fmt: skip
    session.add(made)
    session.flush()
    rows = [
        {"detection_id": made.id, "cutout_id": cutout_id, **facts_of(cutout), **pixels_of(cutout)}
        for cutout_id, cutout in new.kept.items()
    ]
    if rows:
        session.execute(insert(DetectionCutout), rows)
    _swap(session, exposure, before, made)
    ordinals = append_cutouts(session, exposure.dataset_id, new.added)
    return made, ordinals


def activate(session: Session, detection_id: int) -> bool:
    """Make a detection the current one of its exposure; False where it is already.

    What its cutouts were then they are again, byte for byte. Their labels are those of today.
    """
    wanted = get_detection(session, detection_id)
    exposure = get_exposure(session, wanted.exposure_id)
    lock_dataset(session, exposure.dataset_id)
    session.refresh(exposure)
    if exposure.detection_id == detection_id:
        return False
    _swap(session, exposure, _current(session, exposure), wanted)
    return True


def find_alike(
    session: Session, exposure_id: int, kept: Mapping[int, NewCutout]
) -> Detection | None:
    """The latest detection of the exposure, not the current one, that has these cutouts as they
    are here: it is brought back rather than made once more."""
    wanted = {
        cutout_id: (
            content_hash(new.pixels), new.x0, new.y0,
            None if new.mask is None else pack_mask(new.mask),
        )
        for cutout_id, new in kept.items()
    }  # fmt: skip
    row = DetectionCutout
    for one in reversed(list_detections(session, exposure_id)):
        if one.n_footprints != len(wanted):
            continue
        found = session.execute(
            select(row.cutout_id, row.content_hash, row.x0, row.y0, row.mask).where(
                row.detection_id == one.id
            )
        )
        there = {
            cutout_id: (bytes(digest), x0, y0, None if mask is None else bytes(mask))
            for cutout_id, digest, x0, y0, mask in found
        }
        if there and there == wanted:
            return one
    return None


def kept_cutouts(
    session: Session, detection_id: int
) -> Iterator[tuple[Cutout, np.ndarray, np.ndarray | None]]:
    """The cutouts as a detection that is not current has them, with pixels and mask, in order of
    their ordinals; the rows are no rows of the session."""
    found = session.execute(
        select(DetectionCutout, Cutout.ordinal, Cutout.path, Cutout.exposure_id)
        .join(Cutout, Cutout.id == DetectionCutout.cutout_id)
        .where(DetectionCutout.detection_id == detection_id)
        .order_by(Cutout.ordinal)
    )
    for kept, ordinal, path, exposure_id in found.yield_per(BATCH):
        shape = tuple(kept.shape)
        pixels = decode(kept.codec, kept.pixels, kept.dtype, shape)
        mask = None if kept.mask is None else unpack_mask(kept.mask, (shape[0], shape[1]))
        facts = {name: getattr(kept, name) for name in FACTS}
        yield (
            Cutout(id=kept.cutout_id, ordinal=ordinal, path=path, exposure_id=exposure_id, **facts),
            pixels,
            mask,
        )


def retired_cutouts(session: Session, exposure_id: int) -> list[list[tuple[Cutout, np.ndarray]]]:
    """The retired cutouts of an exposure with their masks, as the last detection that had them has
    them: a list per detection, the latest first. Of one detection no two have a pixel in common."""
    found = session.execute(
        select(DetectionCutout, DetectionCutout.mask, Cutout.ordinal, Cutout.name)
        .join(Cutout, Cutout.id == DetectionCutout.cutout_id)
        .join(Detection, Detection.id == DetectionCutout.detection_id)
        .where(Cutout.exposure_id == exposure_id, Cutout.retired.is_(True))
        .order_by(Detection.number.desc(), Cutout.ordinal)
    )
    groups: dict[int, list[tuple[Cutout, np.ndarray]]] = {}
    met: set[int] = set()
    for kept, mask, ordinal, name in found:
        if kept.cutout_id in met:
            continue
        met.add(kept.cutout_id)
        inside = np.ones((kept.height, kept.width), bool)
        if mask is not None:
            inside = unpack_mask(mask, (kept.height, kept.width))
        facts = {fact: getattr(kept, fact) for fact in FACTS}
        row = Cutout(
            id=kept.cutout_id, ordinal=ordinal, name=name, exposure_id=exposure_id, **facts
        )
        groups.setdefault(kept.detection_id, []).append((row, inside))
    return list(groups.values())


def _current(session: Session, exposure: Exposure) -> Detection:
    """The exposure's current detection; that of the import is noted now where nobody did."""
    if exposure.detection_id is not None:
        return get_detection(session, exposure.detection_id)
    first = Detection(
        exposure_id=exposure.id, number=1, at=None, unit=exposure.unit,
        calibration=exposure.calibration, n_footprints=exposure.n_footprints, report={},
    )  # fmt: skip
    session.add(first)
    session.flush()
    exposure.detection_id = first.id
    return first


def _swap(session: Session, exposure: Exposure, leaving: Detection, entering: Detection) -> None:
    """Put the images of one detection aside and those of another in their place."""
    there = of_exposure(session, exposure.id)
    hashes = {bytes(cutout.content_hash) for cutout in there}
    kept = (Cutout.exposure_id == exposure.id) & Cutout.retired.is_(False)
    columns = [*FACTS, "dtype", *PIXELS]
    session.execute(
        insert(DetectionCutout).from_select(
            ["detection_id", "cutout_id", *columns],
            select(
                select(Detection.id).where(Detection.id == leaving.id).scalar_subquery(),
                Cutout.id,
                *(getattr(Cutout, name) for name in FACTS),
                CutoutPixels.dtype,
                *(getattr(CutoutPixels, name) for name in PIXELS),
            )
            .join(CutoutPixels, CutoutPixels.cutout_id == Cutout.id)
            .where(kept),
        )
    )
    entered = DetectionCutout.detection_id == entering.id
    hashes |= {
        bytes(digest)
        for digest in session.scalars(select(DetectionCutout.content_hash).where(entered))
    }
    quietly = {"synchronize_session": False}
    session.execute(
        update(Cutout)
        .where(Cutout.exposure_id == exposure.id)
        .values(
            retired=Cutout.id.not_in(select(DetectionCutout.cutout_id).where(entered)),
        ),
        execution_options=quietly,
    )
    session.execute(
        update(Cutout)
        .where(Cutout.id == DetectionCutout.cutout_id, entered)
        .values({name: getattr(DetectionCutout, name) for name in (*FACTS, "dtype")}),
        execution_options=quietly,
    )
    session.execute(
        update(CutoutPixels)
        .where(CutoutPixels.cutout_id == DetectionCutout.cutout_id, entered)
        .values({name: getattr(DetectionCutout, name) for name in ("dtype", *PIXELS)}),
        execution_options=quietly,
    )
    session.execute(delete(DetectionCutout).where(entered), execution_options=quietly)
    exposure.detection_id = entering.id
    exposure.calibration = entering.calibration
    exposure.unit = entering.unit
    exposure.n_footprints = entering.n_footprints
    session.flush()
    session.expire_all()
    renew_duplicates(session, exposure.dataset_id, hashes)
    for topic in ("cutouts", "labels", "detections"):
        revisions.bump(session, exposure.dataset_id, topic)


def renew_duplicates(session: Session, dataset_id: int, hashes: set[bytes]) -> None:
    """Say anew which cutouts with these pixels are duplicates of which; a retired one of none."""
    wanted = list(hashes)
    changed: list[dict[str, Any]] = []
    for at in range(0, len(wanted), BATCH):
        rows = session.execute(
            select(Cutout.id, Cutout.ordinal, Cutout.content_hash, Cutout.duplicate_of,
                   Cutout.retired)
            .where(Cutout.dataset_id == dataset_id)
            .where(Cutout.content_hash.in_(wanted[at : at + BATCH]))
            .order_by(Cutout.ordinal)
        )  # fmt: skip
        first: dict[bytes, int] = {}
        for cutout_id, ordinal, digest, known, gone in rows:
            original = ordinal if gone else first.setdefault(bytes(digest), ordinal)
            right = None if original == ordinal else original
            if known != right:
                changed.append({"id": cutout_id, "duplicate_of": right})
    if changed:
        session.execute(update(Cutout), changed)
