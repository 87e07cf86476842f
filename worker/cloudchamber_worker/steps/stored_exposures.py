"""Exposures that an import has kept, calibrated, as `cutting.find_cuts` takes them.

Kept are the calibrated image and, as planes, the background that was subtracted, the noise and the
saturated pixels; of the rest the record of the import tells. What an older program has kept is the
image alone: there a background can be added to one level per amplifier, but none be put back.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloudchamber.data import cutouts, detections, exposure_planes, exposures
from cloudchamber.data.calibrations import AmplifierRecord, Calibration
from cloudchamber.data.exposures import TILE, Exposure, ExposureTile
from cloudchamber.data.job_requests import Cutting
from cloudchamber_worker.imaging.background import Kind, subtract_background
from cloudchamber_worker.imaging.calibration import Calibrated
from cloudchamber_worker.imaging.defects import HotPixelSearch, Readout
from cloudchamber_worker.imaging.dialects.amplifiers import Layout
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.levels import baseline_and_noise

BRING = "bring its file once more"


@dataclass(frozen=True)
class StoredExposure:
    """frame : as it is searched; record : what is to be said of it once it was searched."""

    frame: Calibrated
    record: Calibration


@dataclass(frozen=True)
class _Planes:
    """Noise and subtracted background, float32 [height, width]; None for what was not kept."""

    noise: np.ndarray | None
    background: np.ndarray | None

    def part(self, place: tuple[slice, slice]) -> "_Planes":
        """Those of an amplifier."""
        return _Planes(*(None if p is None else p[place] for p in (self.noise, self.background)))

    def turned(self) -> "_Planes":
        """Those of the image with the other polarity."""
        return _Planes(self.noise, None if self.background is None else -self.background)


def is_kept(session: Session, exposure: Exposure) -> bool:
    """Whether every pixel of the calibrated exposure was kept."""
    there = session.scalar(
        select(func.count())
        .select_from(ExposureTile)
        .where(ExposureTile.exposure_id == exposure.id, ExposureTile.level == 0)
    )
    return there == -(-exposure.height // TILE) * -(-exposure.width // TILE)


def planes_of(frame: Calibrated) -> Iterator[dict[str, Any]]:
    """Rows of what is kept of a calibrated exposure beside its image."""
    if frame.background != "constant":
        yield from exposure_planes.plane_rows("noise", frame.noise)
        background = np.zeros(frame.image.shape, np.float32)
        for state in frame.amplifiers:
            part = background[state.section.slices]
            part += state.background.image((part.shape[0], part.shape[1]))
        yield from exposure_planes.plane_rows("background", background)
    if frame.saturated.any():
        yield from exposure_planes.plane_rows("saturated", frame.saturated)


def read_calibrated(session: Session, exposure: Exposure, cutting: Cutting) -> StoredExposure:
    """The kept exposure as `cutting` wants it searched.

    Where no plane tells which pixels are saturated, what was subtracted is added again, which
    forgets what the masters and a local background had there.

    Raises
    ------
    Unreadable
        When it was not kept, or what is asked needs the file.
    """
    record = Calibration.model_validate(detections.imported_record(session, exposure))
    for asked, what in (
        (cutting.scale_dark, "the dark scaled"),
        (cutting.detector is not None, "other sections, gains or units"),
    ):
        if asked:
            raise Unreadable(f"for {what}, {BRING}")
    if not is_kept(session, exposure):
        raise Unreadable(f"was not kept: {BRING} with another threshold")
    image = exposures.read_image(session, exposure.id)
    shape = (exposure.height, exposure.width)
    saturated = exposure_planes.read_plane(session, exposure.id, "saturated", shape)
    if saturated is None:
        saturated = _saturated(exposure, record, image)
    masked = dict(record.masked)
    if cutting.mask_hot and (hot := _hot_pixels(session, exposure, record)) is not None:
        masked["hot pixels"] = int(np.count_nonzero(hot & np.isfinite(image)))
        image[hot] = np.nan
    planes = _Planes(
        exposure_planes.read_plane(session, exposure.id, "noise", shape),
        exposure_planes.read_plane(session, exposure.id, "background", shape),
    )
    if (cutting.polarity == "dark") != record.inverted:
        image, planes = -image, planes.turned()
    amplifiers = record.amplifiers or [
        AmplifierRecord(x0=0, y0=0, w=exposure.width, h=exposure.height)
    ]
    noise = np.zeros(image.shape, np.float32)
    told = []
    for amplifier in amplifiers:
        rows = slice(amplifier.y0, amplifier.y0 + amplifier.h)
        place = rows, slice(amplifier.x0, amplifier.x0 + amplifier.w)
        kind, local = _background(image[place], amplifier, cutting, planes.part(place))
        noise[place] = local
        sigma = float(np.nanmedian(local))
        kept = {"background": kind, "noise": sigma if np.isfinite(sigma) else None}
        told.append(amplifier.model_copy(update=kept))
    kinds = [amplifier.background for amplifier in told]
    used = next((kind for kind in ("mesh", "columns") if kind in kinds), "constant")
    frame = Calibrated(
        image, noise, (), record.origin, saturated, used, Layout((), record.layout), masked
    )
    changed = {
        "threshold": cutting.threshold.model_dump(), "min_pixels": cutting.min_pixels,
        "margin": cutting.margin, "max_size": cutting.max_size, "background": used,
        "background_asked": cutting.background, "inverted": cutting.polarity == "dark",
        "amplifiers": told, "masked": masked,
    }  # fmt: skip
    return StoredExposure(frame, record.model_copy(update=changed))


def _hot_pixels(session: Session, exposure: Exposure, record: Calibration) -> np.ndarray | None:
    """Pixels, boolean [height, width], that are in footprints of most exposures of the same
    detector, HDU and size in the dataset; None for none. What a detection before has found counts
    as well, so that masked pixels stay hot."""
    shape = (exposure.height, exposure.width)
    readout = Readout(record.detector, record.extension, exposure.hdu, shape)
    search = HotPixelSearch()
    for other in exposures.list_exposures(session, exposure.dataset_id):
        of = Calibration.model_validate(other.calibration)
        same = (of.detector, of.extension, other.hdu) == (
            record.detector, record.extension, exposure.hdu,
        )  # fmt: skip
        if not same or (other.height, other.width) != shape:
            continue
        parts = [np.empty(0, np.int64)]
        for x0, y0, mask in cutouts.every_mask(session, other.id):
            y, x = np.nonzero(mask)
            parts.append((y + y0) * exposure.width + x + x0)
        search.add(readout, np.unique(np.concatenate(parts)), shape, bytes(other.content_hash))
    found = search.found().get(readout)
    return None if found is None else found.mask


def _background(
    part: np.ndarray,
    amplifier: AmplifierRecord,
    cutting: Cutting,
    planes: _Planes,
) -> tuple[str, np.ndarray | float]:
    """Subtract from an amplifier's part what is asked instead of what was; its kind and the noise.
    `planes` are what was kept of it, None for what was not."""
    there: str = amplifier.background
    if amplifier.noise is None:  # without a finite pixel
        return there, np.nan
    asked: str = there if cutting.background == "auto" else cutting.background
    if asked == there:
        if there == "constant":
            return there, amplifier.noise
        if planes.noise is not None:
            return there, planes.noise
        # Nothing is left to subtract, but its noise differs over the frame.
        return there, subtract_background(part.copy(), amplifier.noise, _kind(there))[1]
    sigma = amplifier.noise
    if there != "constant":
        if planes.background is None:
            raise Unreadable(f"has “{there}” as background: for “{asked}”, {BRING}")
        part += planes.background
        rest, sigma = baseline_and_noise(part)
        part -= np.float32(rest)
    model, local = subtract_background(part, sigma, _kind(asked))
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
