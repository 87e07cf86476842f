"""From a decoded frame to an exposure and its cutouts, by the import and by the look before it."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np

from cloudchamber.data.exposures import NewExposure
from cloudchamber.data.job_requests import Cutting
from cloudchamber_worker.imaging import calibration, detection
from cloudchamber_worker.imaging.calibration import AmplifierState, Calibrated
from cloudchamber_worker.imaging.detection import Cut
from cloudchamber_worker.imaging.frames import unit_of
from cloudchamber_worker.imaging.sandbox import Item


@dataclass(frozen=True)
class Masters:
    """Master bias and dark [height, width], None where none was given."""

    bias: np.ndarray | None = None
    dark: np.ndarray | None = None


@dataclass(frozen=True)
class CutFrame:
    """A calibrated frame, the row it becomes, and its cutouts in reading order."""

    frame: Calibrated
    exposure: NewExposure
    cuts: list[Cut]


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
    header = item.about["header"]
    unit = unit_of(header)
    frame = calibration.calibrate(
        item.pixels, header, bias=masters.bias, dark=masters.dark, background=cutting.background
    )
    cuts = find_cuts(frame, unit, cutting)
    exposure = NewExposure(
        path=path,
        file_name=file_name,
        hdu=item.about.get("hdu") or 0,
        plane=item.about.get("plane"),
        header=header,
        height=frame.image.shape[0],
        width=frame.image.shape[1],
        dtype=item.pixels.dtype.name,
        unit=unit,
        n_footprints=len(cuts),
        content_hash=hashlib.sha256(np.ascontiguousarray(item.pixels).data).digest(),
        calibration={
            "threshold": cutting.threshold.model_dump(),
            "background": frame.background,
            "bias": masters.bias is not None,
            "dark": masters.dark is not None,
            "origin": list(frame.origin),
            "amplifiers": [_amplifier(state) for state in frame.amplifiers],
        },
    )
    return CutFrame(frame, exposure, cuts)


def find_cuts(frame: Calibrated, unit: str, cutting: Cutting) -> list[Cut]:
    """The cutouts of a calibrated exposure in reading order; `unit` is that of its pixels."""
    limit = detection.threshold_of(
        frame.noise,
        cutting.threshold.value,
        cutting.threshold.unit,
        electrons=unit == "electron",
    )
    labels, boxes = detection.find_footprints(detection.above_threshold(frame.image, limit))
    return list(
        detection.cut_out(
            frame.image, labels, boxes, min_pixels=cutting.min_pixels, margin=cutting.margin,
            max_size=cutting.max_size, saturated=frame.saturated,
        )
    )  # fmt: skip


def _amplifier(state: AmplifierState) -> dict[str, Any]:
    section = state.section
    return {
        "x0": section.x0,
        "y0": section.y0,
        "w": section.x1 - section.x0,
        "h": section.y1 - section.y0,
        "baseline": state.baseline,
        "noise": state.noise,
        "overscan": state.overscan,
    }
