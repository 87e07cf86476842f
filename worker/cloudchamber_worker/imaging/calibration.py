"""From raw ADU to values above the baseline: overscan, master bias and dark, per amplifier.

The baseline of an amplifier is the sigma-clipped median of its pixels and its noise 1.4826 times
their median absolute deviation (Rousseeuw & Croux 1993, JASA 88, 1273). Two amplifiers of one
readout may differ by more than a track is high, so nothing here is global.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from cloudchamber_worker.imaging.errors import Unreadable

MAD_TO_SIGMA = 1.4826
SAMPLE = 1 << 20  # pixels that a baseline is estimated from
CLIP = 4.0
Background = Literal["auto", "constant", "columns"]


@dataclass(frozen=True)
class Section:
    """A rectangle of a readout: rows y0..y1, columns x0..x1 (0-based, end excluded)."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Indices into an array [height, width]."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    def within(self, height: int, width: int) -> "Section | None":
        """The part inside an image, None when there is none."""
        cut = Section(max(self.x0, 0), max(self.y0, 0), min(self.x1, width), min(self.y1, height))
        return cut if cut.x1 > cut.x0 and cut.y1 > cut.y0 else None


@dataclass(frozen=True)
class Amplifier:
    """The data and the overscan that one amplifier read out."""

    data: Section
    overscan: Section | None = None


@dataclass(frozen=True)
class AmplifierState:
    """Measured on one exposure: `section` in the calibrated image, values in its unit."""

    section: Section
    baseline: float
    noise: float
    overscan: float | None


@dataclass(frozen=True)
class Calibrated:
    """An exposure ready for detection.

    image : float32 [height, width], overscan, bias, dark and baseline subtracted; NaN kept
    noise : float32 [height, width] or broadcastable, one sigma per pixel
    origin : (x, y) of the image's first pixel in the readout
    saturated : boolean [height, width]
    """

    image: np.ndarray
    noise: np.ndarray
    amplifiers: tuple[AmplifierState, ...]
    origin: tuple[int, int]
    saturated: np.ndarray
    background: str


def amplifiers_of(header: dict[str, Any], shape: tuple[int, int]) -> tuple[Amplifier, ...]:
    """The amplifiers a header states, or one for the whole image [height, width].

    Understood: DATASEC/TRIMSEC with BIASSEC, numbered DATASECn/BIASSECn (also DSECn, BSECn), and
    the Lick layout (AMPSROW amplifiers side by side in DATASEC, COVER overscan columns each,
    behind the data in the same order).
    """
    height, width = shape
    numbered = _numbered(header, shape)
    if numbered:
        return numbered
    whole = Section(0, 0, width, height)
    data = _section(header.get("DATASEC") or header.get("TRIMSEC"), shape) or whole
    side_by_side, cover = header.get("AMPSROW"), header.get("COVER")
    if isinstance(side_by_side, int) and side_by_side > 1 and isinstance(cover, int):
        step = (data.x1 - data.x0) // side_by_side
        found = []
        for index in range(side_by_side):
            x0 = data.x0 + index * step
            x1 = data.x1 if index == side_by_side - 1 else x0 + step
            over = Section(data.x1 + index * cover, data.y0, data.x1 + (index + 1) * cover, data.y1)
            found.append(Amplifier(Section(x0, data.y0, x1, data.y1), over.within(height, width)))
        return tuple(found)
    return (Amplifier(data, _section(header.get("BIASSEC"), shape)),)


def _numbered(header: dict[str, Any], shape: tuple[int, int]) -> tuple[Amplifier, ...]:
    found = []
    for data_key, bias_key in (("DATASEC", "BIASSEC"), ("DSEC", "BSEC"), ("TSEC", "BSEC")):
        for key in sorted(header):
            match = re.fullmatch(data_key + r"(\d+)", key)
            data = _section(header[key], shape) if match else None
            if match and data:
                found.append(Amplifier(data, _section(header.get(bias_key + match[1]), shape)))
        if found:
            break
    return tuple(found)


def _section(text: object, shape: tuple[int, int]) -> Section | None:
    """Parse an IRAF section `[x1:x2,y1:y2]`, 1-based and end included; None when it is none."""
    match = re.fullmatch(r"\[\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*\]", str(text).strip())
    if match is None:
        return None
    xa, xb, ya, yb = map(int, match.groups())
    section = Section(min(xa, xb) - 1, min(ya, yb) - 1, max(xa, xb), max(ya, yb))
    return section.within(*shape)


def baseline_and_noise(pixels: np.ndarray) -> tuple[float, float]:
    """Sigma-clipped median and noise of pixels of any shape, in their unit.

    NaN and infinite values are left out. Where more than half of the pixels are equal the MAD is
    0; the noise is then the RMS of what lies below the median, mirrored (tracks lie above), and
    0 only for an image without noise. (NaN, NaN) where no pixel is finite.
    """
    flat = np.asarray(pixels).ravel()
    if flat.size > SAMPLE:
        flat = flat[:: flat.size // SAMPLE + 1]
    values = flat[np.isfinite(flat)].astype(np.float64)
    if not values.size:
        return float("nan"), float("nan")
    median = float(np.median(values))
    sigma = MAD_TO_SIGMA * float(np.median(np.abs(values - median)))
    if sigma == 0:
        below = median - values[values < median]
        for _ in range(5):
            sigma = float(np.sqrt(2 * np.sum(below**2) / values.size))
            kept = below[below <= max(5 * sigma, 1e-12)]
            if len(kept) == len(below):
                break
            below = kept
        return median, sigma
    values = _dithered(values)
    for _ in range(5):
        kept = values[np.abs(values - median) <= CLIP * sigma]
        if len(kept) == len(values) or len(kept) < 16:
            break
        values = kept
        median = float(np.median(values))
        sigma = MAD_TO_SIGMA * float(np.median(np.abs(values - median))) or sigma
    return median, sigma


def _dithered(values: np.ndarray) -> np.ndarray:
    """Digitised values with a uniform half step of noise: the MAD of whole ADU moves in steps of
    1.48 ADU, which at 6 ADU of noise is a quarter of the threshold. Always the same noise."""
    steps = np.diff(np.unique(values[:: len(values) // 10_000 + 1]))
    steps = steps[steps > 1e-3]
    if not steps.size:
        return values
    step = float(steps.min())
    if np.abs(steps / step - np.rint(steps / step)).max() > 0.01:
        return values
    return values + np.random.default_rng(0).uniform(-step / 2, step / 2, values.size)


def trim(raw: np.ndarray, header: dict[str, Any]) -> tuple[np.ndarray, list[AmplifierState], Any]:
    """Overscan-subtracted data area float32 of a readout [height, width], with its amplifiers.

    Returns image, amplifiers (baseline and noise not yet measured: 0), origin (x, y).
    """
    if raw.ndim != 2:
        raise Unreadable(f"is {raw.ndim}-dimensional")
    found = amplifiers_of(header, (raw.shape[0], raw.shape[1]))
    x0, y0 = min(a.data.x0 for a in found), min(a.data.y0 for a in found)
    x1, y1 = max(a.data.x1 for a in found), max(a.data.y1 for a in found)
    image = raw[y0:y1, x0:x1].astype(np.float32)
    states = []
    for amplifier in found:
        data = amplifier.data
        section = Section(data.x0 - x0, data.y0 - y0, data.x1 - x0, data.y1 - y0)
        level = None
        if amplifier.overscan is not None:
            level = baseline_and_noise(raw[amplifier.overscan.slices])[0]
            image[section.slices] -= level
        states.append(AmplifierState(section, 0.0, 0.0, level))
    return image, states, (x0, y0)


def master(frames: Sequence[tuple[np.ndarray, dict[str, Any]]]) -> np.ndarray:
    """Median of overscan-subtracted readouts (bias or dark), float32 [height, width].

    Raises
    ------
    Unreadable
        When there is none or their sizes differ.
    """
    trimmed = [trim(raw, header)[0] for raw, header in frames]
    if not trimmed:
        raise Unreadable("no exposure to make a master from")
    if len({image.shape for image in trimmed}) > 1:
        sizes = sorted({f"{i.shape[1]} x {i.shape[0]}" for i in trimmed})
        raise Unreadable(f"bias or dark exposures differ in size: {', '.join(sizes)}")
    return np.median(np.stack(trimmed), axis=0).astype(np.float32)


def calibrate(
    raw: np.ndarray,
    header: dict[str, Any],
    *,
    bias: np.ndarray | None = None,
    dark: np.ndarray | None = None,
    background: Background = "auto",
) -> Calibrated:
    """Subtract overscan, master bias and dark, and each amplifier's baseline; measure its noise.

    Parameters
    ----------
    raw : ndarray [height, width], ADU or electrons
    bias, dark : float32 [height, width] of the data area, from `master`
    background : 'constant' takes one baseline per amplifier; 'columns' also the median of every
        column and row, and the noise per column (sky lines, slits); 'auto' takes 'columns' where
        more than a tenth of the columns lie over five standard errors off the baseline.

    Raises
    ------
    Unreadable
        When a master's size is not that of the data area, or no pixel is finite.
    """
    image, states, origin = trim(raw, header)
    for kind, frame in (("bias", bias), ("dark", dark)):
        if frame is None:
            continue
        if frame.shape != image.shape:
            raise Unreadable(
                f"is {image.shape[1]} x {image.shape[0]} px, the master {kind} "
                f"{frame.shape[1]} x {frame.shape[0]}"
            )
        image -= frame
    noise = np.zeros((1, image.shape[1]), np.float32)
    if len({s.section.y0 for s in states}) > 1:
        noise = np.zeros(image.shape, np.float32)
    measured = []
    used = "constant"
    for state in states:
        part = image[state.section.slices]
        level, sigma = baseline_and_noise(part)
        if not np.isfinite(level):
            raise Unreadable("has no finite pixel in one of its amplifiers")
        part -= level
        local: np.ndarray | float = sigma
        if background == "columns" or (background == "auto" and _structured(part, sigma)):
            used = "columns"
            local = _subtract_columns(part)
            sigma = float(np.nanmedian(local))
        rows = state.section.slices[0] if len(noise) > 1 else slice(None)
        noise[rows, state.section.slices[1]] = local
        measured.append(AmplifierState(state.section, level, sigma, state.overscan))
    return Calibrated(
        image, noise, tuple(measured), origin, _saturated(raw, header, image, origin), used
    )


def _structured(part: np.ndarray, sigma: float) -> bool:
    if sigma == 0 or min(part.shape) < 32:
        return False
    part = part[:: max(1, part.shape[0] // 512)]  # 512 rows tell a column's level well enough
    medians = _medians(part, 0)
    error = 1.2533 * sigma / np.sqrt(part.shape[0])
    return bool(np.nanmean(np.abs(medians) > 5 * error) > 0.1)


def _subtract_columns(part: np.ndarray) -> np.ndarray:
    """Subtract column, then row medians in place (columns once more where rows had stood in the
    way); return the noise of every column [width]."""
    for axis in (0, 1, 0):
        part -= np.expand_dims(_medians(part, axis), axis)
    spread = MAD_TO_SIGMA * _medians(np.abs(part), 0)
    return np.maximum(spread, np.nanmedian(spread)).astype(np.float32)


def _medians(part: np.ndarray, axis: int) -> np.ndarray:
    """Medians along an axis; 0 where a line holds no finite pixel."""
    if np.isfinite(part).all():
        return np.median(part, axis=axis)
    masked = np.ma.masked_invalid(part)
    return np.ma.median(masked, axis=axis).filled(0.0)


def _saturated(
    raw: np.ndarray, header: dict[str, Any], image: np.ndarray, origin: tuple[int, int]
) -> np.ndarray:
    """Pixels at SATURATE, or at the top of an integer's range."""
    x0, y0 = origin
    data = raw[y0 : y0 + image.shape[0], x0 : x0 + image.shape[1]]
    limit = header.get("SATURATE")
    if isinstance(limit, (int, float)) and not isinstance(limit, bool) and limit > 0:
        return data >= limit
    if data.dtype.kind in "iu":
        return data >= np.iinfo(data.dtype).max
    return np.zeros(image.shape, bool)
