"""Master bias and dark: one image per HDU, the median of exposures that were read out alike."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cloudchamber_worker.imaging.dialects.units import exposure_time
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.levels import baseline_and_noise

# Keywords that say a bias is out of a frame already: ccdproc, IRAF, and what pipelines write.
BIAS_DONE = ("SUBBIAS", "SUBTRACT_BIAS", "ZEROCOR", "BIASCORR", "BIASSUB", "BIASDONE", "BIASCOR")
NOT_DONE = ("", "F", "FALSE", "NO", "OMIT", "PERFORM", "NONE", "0", "SKIPPED")


@dataclass(frozen=True)
class CalibrationFrame:
    """One readout of a master, its overscan subtracted.

    image : float32 [height, width] of the data area, NaN where it is no data or masked
    extension, place : EXTNAME, and which of the file's exposures it is, from 0
    """

    image: np.ndarray
    header: dict[str, Any]
    extension: str = ""
    place: int = 0


@dataclass(frozen=True)
class Master:
    """The median of `n` readouts.

    image : float32 [height, width]
    exposure_time : seconds of the median readout, None where none is stated
    notes : what was subtracted of the readouts first, or was not, and why
    """

    kind: str
    image: np.ndarray
    n: int
    exposure_time: float | None = None
    notes: tuple[str, ...] = ()


@dataclass
class MasterSet:
    """Masters of one kind, by the HDU they are for."""

    kind: str
    by_name: dict[str, Master] = field(default_factory=dict)
    by_place: dict[int, Master] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)

    def for_frame(self, extension: str, place: int) -> Master | None:
        """That of the same EXTNAME, else that of the same place in its file."""
        if extension and extension in self.by_name:
            return self.by_name[extension]
        return self.by_place.get(place)

    def every(self) -> list[Master]:
        """All of them, in the order of the file."""
        return [self.by_place[place] for place in sorted(self.by_place)]


def make_masters(
    kind: str, frames: Iterable[CalibrationFrame], biases: MasterSet | None = None
) -> MasterSet:
    """Masters 'bias' or 'dark', one for every HDU.

    The bias is taken out of a dark first, unless its header says that it is out, or its level does:
    without overscan, a raw dark stands as high as the bias.

    Raises
    ------
    Unreadable
        When there is no frame, or those of one HDU differ in size.
    """
    groups: dict[int, list[CalibrationFrame]] = {}
    for frame in frames:
        groups.setdefault(frame.place, []).append(frame)
    if not groups:
        raise Unreadable("no exposure to make a master from")
    made = MasterSet(kind)
    for place, group in groups.items():
        bias = None if biases is None else biases.for_frame(group[0].extension, place)
        master = _master(kind, group, bias)
        made.by_place[place] = master
        if group[0].extension:
            made.by_name[group[0].extension] = master
            made.names[place] = group[0].extension
    return made


def bias_is_out(header: dict[str, Any]) -> str:
    """What of a header says that the bias is subtracted already; '' when nothing does."""
    for key in BIAS_DONE:
        value = header.get(key)
        if value is not None and str(value).strip().upper() not in NOT_DONE:
            return f"{key} says that it is out"
    return ""


def _master(kind: str, group: Sequence[CalibrationFrame], bias: Master | None) -> Master:
    if len({frame.image.shape for frame in group}) > 1:
        sizes = sorted({f"{f.image.shape[1]} x {f.image.shape[0]}" for f in group})
        raise Unreadable(f"{kind} exposures differ in size: {', '.join(sizes)}")
    notes: dict[str, int] = {}
    images = []
    for frame in group:
        image = frame.image
        if bias is not None:
            why = _why_bias_stays(frame, bias)
            if not why:
                image = image - bias.image
            note = f"bias not taken out first: {why}" if why else "bias taken out first"
            notes[note] = notes.get(note, 0) + 1
        images.append(image)
    times = [t for frame in group if (t := exposure_time(frame.header)) is not None]
    return Master(
        kind,
        _median(images),
        len(images),
        float(np.median(times)) if times else None,
        tuple(f"{note} ({n} of {len(group)})" for note, n in notes.items()),
    )


def _median(images: Sequence[np.ndarray]) -> np.ndarray:
    """Median of what is finite, float32; NaN where nothing is."""
    if len(images) == 1:
        return images[0].astype(np.float32)
    result = np.empty(images[0].shape, np.float32)
    rows = max(1, (32 << 20) // (4 * len(images) * images[0].shape[1]))
    for start in range(0, len(result), rows):
        stack = np.stack([image[start : start + rows] for image in images])
        absent = ~np.isfinite(stack)
        if not absent.any():
            result[start : start + rows] = np.median(stack, axis=0)
            continue
        median = np.ma.median(np.ma.masked_array(stack, absent), axis=0)
        result[start : start + rows] = np.ma.filled(median, np.nan)
    return result


def _why_bias_stays(dark: CalibrationFrame, bias: Master) -> str:
    """Why the bias is out of a dark already; '' when it is not."""
    if why := bias_is_out(dark.header):
        return why
    if bias.image.shape != dark.image.shape:
        return "it has another size"
    level, noise = baseline_and_noise(bias.image)
    of_dark = baseline_and_noise(dark.image)[0]
    if abs(level) > 20 * max(noise, 1e-30) and abs(of_dark) < 0.5 * abs(level):
        return f"its level is {of_dark:.4g}, that of the bias {level:.4g}"
    return ""
