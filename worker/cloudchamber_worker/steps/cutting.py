"""From a decoded frame to an exposure and its cutouts, by the import and by the look before it."""

import hashlib
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cloudchamber.data.calibrations import AmplifierRecord, Calibration, MasterRecord
from cloudchamber.data.exposures import NewExposure
from cloudchamber.data.job_requests import Cutting
from cloudchamber_worker.imaging import calibration, detection
from cloudchamber_worker.imaging.calibration import AmplifierState, Calibrated
from cloudchamber_worker.imaging.defects import HotPixelSearch, Readout
from cloudchamber_worker.imaging.detection import Cut
from cloudchamber_worker.imaging.dialects.settings import (
    DetectorSettings,
    detector_of,
    settings_for,
)
from cloudchamber_worker.imaging.dialects.units import (
    PixelUnit,
    electrons_per_unit,
    exposure_time,
    pixel_unit,
)
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.masters import Master, MasterSet
from cloudchamber_worker.imaging.sandbox import Item

FEW_DARK = 5  # pixels below the threshold's mirror image that are no chance
DARKER = 5  # times as many as above it


@dataclass(frozen=True)
class Masters:
    """What exposures are calibrated with; None where none was given.

    defects : boolean [height, width], True for pixels never to search, by place in the file
    hot : the same for pixels that were found to be hot, by readout
    detectors : what is remembered about detectors, by name
    """

    bias: MasterSet | None = None
    dark: MasterSet | None = None
    defects: dict[int, np.ndarray] = field(default_factory=dict)
    hot: dict[Readout, np.ndarray] = field(default_factory=dict)
    detectors: dict[str, DetectorSettings] = field(default_factory=dict)


@dataclass(frozen=True)
class CutFrame:
    """A calibrated frame, the row it becomes, and its cutouts in reading order.

    readout : which exposures show the same pixels
    notes : what an import says of it
    """

    frame: Calibrated
    exposure: NewExposure
    cuts: list[Cut]
    readout: Readout
    notes: list[str]


@dataclass(frozen=True)
class _Calibration:
    """A decoded frame, calibrated, and what of it is told."""

    frame: Calibrated
    unit: PixelUnit
    bias: Master | None
    dark: Master | None
    readout: Readout
    settings: DetectorSettings
    notes: list[str]


def cut_frame(
    item: Item, path: str, file_name: str, cutting: Cutting, masters: Masters
) -> CutFrame:
    """Calibrate a frame, find its footprints, and cut them out.

    Parameters
    ----------
    item : of kind 'frame'
    path, file_name : of the exposure and of its file

    Raises
    ------
    Unreadable
        When the frame cannot be calibrated; the message says why.
    """
    assert item.pixels is not None
    done = _calibrated(item, cutting, masters)
    frame, unit = done.frame, done.unit
    cuts = find_cuts(frame, unit.text, cutting)
    notes = [
        *done.notes, *frame.notes, *_of_background(frame, cutting),
        *_of_polarity(frame, unit, cutting),
    ]  # fmt: skip
    record = _record(done, cutting, item.about, notes)
    exposure = NewExposure(
        path=path,
        file_name=file_name,
        hdu=item.about.get("hdu") or 0,
        plane=item.about.get("plane"),
        header=item.about["header"],
        height=frame.image.shape[0],
        width=frame.image.shape[1],
        dtype=item.pixels.dtype.name,
        unit=unit.text,
        n_footprints=len(cuts),
        content_hash=_hash(item),
        calibration=record.model_dump(mode="json"),
    )
    return CutFrame(frame, exposure, cuts, done.readout, notes)


def count_bright(item: Item, cutting: Cutting, masters: Masters, search: HotPixelSearch) -> None:
    """Count a frame's pixels above the threshold; one that cannot be calibrated says nothing."""
    try:
        done = _calibrated(item, cutting, masters)
    except Unreadable:
        return
    above = _above(done.frame, done.unit.text, cutting)
    size = (above.shape[0], above.shape[1])
    search.add(done.readout, np.flatnonzero(above), size, _hash(item))


def footprint_pixels(cut: CutFrame) -> np.ndarray:
    """The pixels of its footprints, y * width + x [n]."""
    width = cut.exposure.width
    parts = [np.empty(0, np.int64)]
    for one in cut.cuts:
        y, x = np.nonzero(one.mask)
        parts.append((y + one.y0) * width + x + one.x0)
    return np.concatenate(parts)


def _above(frame: Calibrated, unit: str, cutting: Cutting) -> np.ndarray:
    """Boolean [height, width]: above the threshold."""
    limit = detection.threshold_of(
        frame.noise, cutting.threshold.value, cutting.threshold.unit, electrons=unit == "electron"
    )
    return detection.above_threshold(frame.image, limit)


def _calibrated(item: Item, cutting: Cutting, masters: Masters) -> _Calibration:
    assert item.pixels is not None
    about = item.about
    header: dict[str, Any] = about["header"]
    extension, place = about.get("extension", ""), about.get("place", 0)
    said = DetectorSettings.of(cutting.detector.model_dump() if cutting.detector else None)
    settings = settings_for(header, said, masters.detectors)
    unit = pixel_unit(header, item.pixels, settings.unit)
    bias = None if masters.bias is None else masters.bias.for_frame(extension, place)
    dark = None if masters.dark is None else masters.dark.for_frame(extension, place)
    notes = list(about.get("notes", []))
    for kind, given, chosen in (("bias", masters.bias, bias), ("dark", masters.dark, dark)):
        if given is not None and chosen is None:
            notes.append(f"the master {kind} has no HDU for {extension or f'place {place}'}")
    shape = (item.pixels.shape[0], item.pixels.shape[1])
    colour = about.get("colour", -1)
    readout = Readout(detector_of(header), extension, place, shape, colour)
    frame = calibration.calibrate(
        item.pixels, header, mask=item.mask, bias=bias, dark=dark, scale_dark=cutting.scale_dark,
        background=cutting.background, inverted=cutting.polarity == "dark",
        defects=masters.defects.get(place), hot=masters.hot.get(readout), settings=settings,
    )  # fmt: skip
    return _Calibration(frame, unit, bias, dark, readout, settings, notes)


def find_cuts(frame: Calibrated, unit: str, cutting: Cutting) -> list[Cut]:
    """The cutouts of a calibrated exposure in reading order; `unit` is that of its pixels."""
    labels, boxes = detection.find_footprints(_above(frame, unit, cutting))
    return list(
        detection.cut_out(
            frame.image, labels, boxes, min_pixels=cutting.min_pixels, margin=cutting.margin,
            max_size=cutting.max_size, saturated=frame.saturated,
        )
    )  # fmt: skip


def _hash(item: Item) -> bytes:
    """Of the pixels, and of what the file says is none of them."""
    assert item.pixels is not None
    digest = hashlib.sha256(np.ascontiguousarray(item.pixels).data)
    if item.mask is not None:
        digest.update(np.packbits(item.mask).data)
    return digest.digest()


def _of_background(frame: Calibrated, cutting: Cutting) -> list[str]:
    """Why a background was chosen that nobody asked for."""
    if cutting.background != "auto" or frame.background == "constant":
        return []
    if frame.background == "mesh":
        return ["its level differs over the frame: a local mesh was subtracted"]
    return ["its columns differ in level: a level per column and row was subtracted"]


def _of_polarity(frame: Calibrated, unit: PixelUnit, cutting: Cutting) -> list[str]:
    """Whether tracks may be darker than the background."""
    limit = detection.threshold_of(
        frame.noise, cutting.threshold.value, cutting.threshold.unit,
        electrons=unit.text == "electron",
    )  # fmt: skip
    with np.errstate(invalid="ignore"):
        below = int(np.count_nonzero(frame.image < -limit))
        if below < FEW_DARK or not np.any(frame.noise > 0):
            return []
        above = int(np.count_nonzero(frame.image > limit))
    if below < DARKER * max(above, 1):
        return []
    other = "dark" if cutting.polarity == "bright" else "bright"
    return [
        f"{below} px lie as far below the background as a track above it, and {above} above: is "
        f"its polarity inverted? (polarity: {other})"
    ]


def _record(
    done: _Calibration, cutting: Cutting, about: dict[str, Any], notes: list[str]
) -> Calibration:
    frame, unit, bias, dark = done.frame, done.unit, done.bias, done.dark
    header = about["header"]
    seconds = exposure_time(header)
    gains = [state.amplifier.gain for state in frame.amplifiers]
    masters = {
        master.kind: MasterRecord(
            n=master.n, exposure_time=master.exposure_time, notes=list(master.notes),
            scale=frame.dark_scale if master.kind == "dark" else None,
        )
        for master in (bias, dark) if master is not None
    }  # fmt: skip
    return Calibration(
        threshold=cutting.threshold.model_dump(),
        min_pixels=cutting.min_pixels,
        margin=cutting.margin,
        max_size=cutting.max_size,
        background=frame.background,
        background_asked=cutting.background,
        inverted=cutting.polarity == "dark",
        bias=bias is not None,
        dark=dark is not None,
        masters=masters,
        origin=frame.origin,
        step=tuple(about.get("step", (1, 1))),
        amplifiers=[_amplifier(state) for state in frame.amplifiers],
        rows_up=_rows_up(header, done.settings),
        layout=frame.layout.source,
        masked=frame.masked,
        flags=about.get("flags", {}),
        used_flags=about.get("used_flags", 0),
        unit_source=unit.source,
        unit_stated=unit.stated,
        electrons=all(electrons_per_unit(unit, gain, seconds) is not None for gain in gains),
        exposure_time=seconds,
        detector=done.readout.detector,
        extension=about.get("extension", ""),
        notes=notes,
    )


def _rows_up(header: dict[str, Any], settings: DetectorSettings) -> bool:
    """Whether the first row is drawn at the bottom, as FITS means it."""
    order = settings.row_order or str(header.get("ROWORDER", "")).strip().upper()
    return "BITPIX" in header and order != "TOP-DOWN"


def _amplifier(state: AmplifierState) -> AmplifierRecord:
    section, amplifier = state.section, state.amplifier
    return AmplifierRecord(
        x0=section.x0,
        y0=section.y0,
        w=section.width,
        h=section.height,
        name=amplifier.name,
        data=str(amplifier.data),
        overscan_section=None if amplifier.overscan is None else str(amplifier.overscan),
        baseline=_finite(state.baseline),
        noise=_finite(state.noise),
        overscan=state.overscan,
        gain=amplifier.gain,
        gain_source=amplifier.gain_source,
        background=state.background.kind,
    )


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
