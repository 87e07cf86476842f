"""Exposures that an import has kept, calibrated, as `cutting.find_cuts` takes them.

Kept is the calibrated image; of what was subtracted, the record of the import tells. So a
background can be added to one level per amplifier, but no other be taken away again.
"""

from dataclasses import dataclass

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloudchamber.data import detections, exposures
from cloudchamber.data.calibrations import AmplifierRecord, Calibration
from cloudchamber.data.exposures import TILE, Exposure, ExposureTile
from cloudchamber.data.job_requests import Cutting
from cloudchamber_worker.imaging.background import Kind, subtract_background
from cloudchamber_worker.imaging.calibration import Calibrated
from cloudchamber_worker.imaging.dialects.amplifiers import Layout
from cloudchamber_worker.imaging.errors import Unreadable

BRING = "bring its file once more"


@dataclass(frozen=True)
class StoredExposure:
    """frame : as it is searched; record : what is to be said of it once it was searched."""

    frame: Calibrated
    record: Calibration


def is_kept(session: Session, exposure: Exposure) -> bool:
    """Whether every pixel of the calibrated exposure was kept."""
    there = session.scalar(
        select(func.count())
        .select_from(ExposureTile)
        .where(ExposureTile.exposure_id == exposure.id, ExposureTile.level == 0)
    )
    return there == -(-exposure.height // TILE) * -(-exposure.width // TILE)


def read_calibrated(session: Session, exposure: Exposure, cutting: Cutting) -> StoredExposure:
    """The kept exposure as `cutting` wants it searched.

    Saturated pixels are told by adding what was subtracted again, which forgets what the masters
    and a local background had there.

    Raises
    ------
    Unreadable
        When it was not kept, or what is asked needs the file.
    """
    record = Calibration.model_validate(detections.imported_record(session, exposure))
    for asked, what in (
        (cutting.mask_hot, "hot pixels masked"),
        (cutting.scale_dark, "the dark scaled"),
        (cutting.detector is not None, "other sections, gains or units"),
    ):
        if asked:
            raise Unreadable(f"for {what}, {BRING}")
    if not is_kept(session, exposure):
        raise Unreadable(f"was not kept: {BRING} with another threshold")
    image = exposures.read_image(session, exposure.id)
    saturated = _saturated(exposure, record, image)
    if (cutting.polarity == "dark") != record.inverted:
        image = -image
    amplifiers = record.amplifiers or [
        AmplifierRecord(x0=0, y0=0, w=exposure.width, h=exposure.height)
    ]
    noise = np.zeros(image.shape, np.float32)
    told = []
    for amplifier in amplifiers:
        rows = slice(amplifier.y0, amplifier.y0 + amplifier.h)
        place = rows, slice(amplifier.x0, amplifier.x0 + amplifier.w)
        kind, local = _background(image[place], amplifier, cutting)
        noise[place] = local
        sigma = float(np.nanmedian(local))
        kept = {"background": kind, "noise": sigma if np.isfinite(sigma) else None}
        told.append(amplifier.model_copy(update=kept))
    kinds = [amplifier.background for amplifier in told]
    used = next((kind for kind in ("mesh", "columns") if kind in kinds), "constant")
    frame = Calibrated(
        image, noise, (), record.origin, saturated, used, Layout((), record.layout), record.masked
    )
    changed = {
        "threshold": cutting.threshold.model_dump(), "min_pixels": cutting.min_pixels,
        "margin": cutting.margin, "max_size": cutting.max_size, "background": used,
        "background_asked": cutting.background, "inverted": cutting.polarity == "dark",
        "amplifiers": told,
    }  # fmt: skip
    return StoredExposure(frame, record.model_copy(update=changed))


def _background(
    part: np.ndarray, amplifier: AmplifierRecord, cutting: Cutting
) -> tuple[str, np.ndarray | float]:
    """Subtract from an amplifier's part what is asked beyond what was; its kind and the noise."""
    there: str = amplifier.background
    if amplifier.noise is None:  # without a finite pixel
        return there, np.nan
    asked: str = there if cutting.background == "auto" else cutting.background
    if asked == there:
        if there == "constant":
            return there, amplifier.noise
        # Nothing is left to subtract, but its noise differs over the frame.
        return there, subtract_background(part.copy(), amplifier.noise, _kind(there))[1]
    if there != "constant":
        raise Unreadable(f"has “{there}” as background: for “{asked}”, {BRING}")
    model, local = subtract_background(part, amplifier.noise, _kind(asked))
    return model.kind, local


def _kind(name: str) -> Kind:
    return "mesh" if name == "mesh" else "columns" if name == "columns" else "constant"


def _saturated(exposure: Exposure, record: Calibration, image: np.ndarray) -> np.ndarray:
    """Boolean [height, width]: about which pixels lay at SATURATE or at the top of their type."""
    limit = exposure.header.get("SATURATE")
    if not isinstance(limit, (int, float)) or isinstance(limit, bool) or limit <= 0:
        dtype = np.dtype(exposure.dtype)
        if dtype.kind not in "iu":
            return np.zeros(image.shape, bool)
        limit = np.iinfo(dtype).max
    saturated = np.zeros(image.shape, bool)
    sign = -1.0 if record.inverted else 1.0
    for amplifier in record.amplifiers:
        rows = slice(amplifier.y0, amplifier.y0 + amplifier.h)
        place = rows, slice(amplifier.x0, amplifier.x0 + amplifier.w)
        level = (amplifier.baseline or 0.0) + (amplifier.overscan or 0.0)
        with np.errstate(invalid="ignore"):
            saturated[place] = sign * image[place] + level >= limit - 0.5
    return saturated
