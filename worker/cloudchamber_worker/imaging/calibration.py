"""From raw pixels to values above the baseline: overscan, masters, background, per amplifier.

Two amplifiers of one readout may differ by more than a track is high, so nothing here is global.
Levels are subtracted in float64: single precision has no room for a track on a level of 1e9.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from cloudchamber_worker.imaging.background import Background, Choice, subtract_background
from cloudchamber_worker.imaging.dialects.amplifiers import Amplifier, Layout, layout_of
from cloudchamber_worker.imaging.dialects.sections import Section
from cloudchamber_worker.imaging.dialects.settings import DetectorSettings
from cloudchamber_worker.imaging.dialects.units import exposure_time
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.levels import baseline_and_noise
from cloudchamber_worker.imaging.masters import CalibrationFrame, Master, bias_is_out

BLOCK = 1 << 19  # pixels that are subtracted from at once: float64 of these stay in the cache


@dataclass(frozen=True)
class AmplifierState:
    """Measured on one exposure: `section` in the calibrated image, values in its unit; `baseline`
    is what was left to subtract after overscan and masters. Both are NaN for an amplifier without
    a finite pixel."""

    section: Section
    baseline: float
    noise: float
    overscan: float | None
    amplifier: Amplifier
    background: Background


@dataclass(frozen=True)
class Calibrated:
    """An exposure ready for detection.

    image : float32 [height, width], overscan, masters and background subtracted; NaN where nothing
        is known: outside all sections, masked, undefined in the file
    noise : float32 [height, width] or broadcastable, one sigma per pixel
    origin : (x, y) of the image's first pixel in the readout
    saturated : boolean [height, width]
    background : the most that any amplifier was given: 'constant', 'columns' or 'mesh'
    masked : pixels of the image without a value, by cause
    notes : what is to be said of it
    dark_scale : by what the master dark was multiplied, None without one
    """

    image: np.ndarray
    noise: np.ndarray
    amplifiers: tuple[AmplifierState, ...]
    origin: tuple[int, int]
    saturated: np.ndarray
    background: str
    layout: Layout
    masked: dict[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    dark_scale: float | None = None


def calibrate(
    raw: np.ndarray,
    header: dict[str, Any],
    *,
    mask: np.ndarray | None = None,
    bias: Master | None = None,
    dark: Master | None = None,
    scale_dark: bool = False,
    background: Choice = "auto",
    inverted: bool = False,
    defects: np.ndarray | None = None,
    hot: np.ndarray | None = None,
    settings: DetectorSettings | None = None,
) -> Calibrated:
    """Subtract overscan, masters, and each amplifier's background; measure its noise.

    Parameters
    ----------
    raw : ndarray [height, width], any real dtype; NaN and infinite values are no data
    mask : boolean [height, width], True where a quality extension or BLANK says no data
    bias, dark : from `masters.make_masters`, of the data area
    scale_dark : whether the dark is scaled to this exposure's time
    background : as for `background.subtract_background`
    inverted : whether tracks are darker than the background
    defects, hot : boolean [height, width] of the readout or of the data area, True where never to
        search: given as a mask, and found by `defects.HotPixelSearch`
    settings : what is said about the detector

    Raises
    ------
    Unreadable
        When a master's or mask's size is not that of the data area, or no pixel is finite.
    """
    if raw.ndim != 2:
        raise Unreadable(f"is {raw.ndim}-dimensional")
    shape = (raw.shape[0], raw.shape[1])
    layout = layout_of(header, shape, settings)
    box = _bounds([amplifier.data for amplifier in layout.amplifiers])
    notes = list(layout.notes)
    absent, masked = _absent(raw, mask, layout, box, {"defects": defects, "hot pixels": hot})
    levels = [_overscan_level(raw, mask, one) for one in layout.amplifiers]
    bias, told = _bias_to_use(bias, header)
    notes += told
    scale, told = _dark_scale(dark, header, scaled=scale_dark)
    notes += told
    if scale_dark and bias is None and scale not in (None, 1.0):
        notes.append("the dark was scaled without a master bias: what bias it holds is scaled too")
    masters = [(bias, 1.0), (dark, scale or 1.0)]
    image = np.full((box.height, box.width), np.nan, np.float32)
    for master, _ in masters:
        if master is not None and master.image.shape != image.shape:
            raise Unreadable(
                f"is {image.shape[1]} x {image.shape[0]} px, the master {master.kind} "
                f"{master.image.shape[1]} x {master.image.shape[0]}"
            )
    several_rows = len({one.data.y0 for one in layout.amplifiers}) > 1
    noise = np.zeros(image.shape if several_rows else (1, image.shape[1]), np.float32)
    states = []
    for amplifier, level in zip(layout.amplifiers, levels, strict=True):
        section = amplifier.data.moved(-box.x0, -box.y0)
        part = image[section.slices]
        pedestal = _subtract_levels(part, raw, amplifier, level or 0.0, section, masters, absent)
        if inverted:
            np.negative(part, out=part)
        rest, sigma = baseline_and_noise(part)
        if not np.isfinite(rest):
            name = f"amplifier {amplifier.name}" if amplifier.name else "the exposure"
            notes.append(f"{name} {amplifier.data} has no finite pixel: left out")
            nothing = Background("constant")
            states.append(AmplifierState(section, rest, sigma, level, amplifier, nothing))
            continue
        part -= np.float32(rest)
        model, local = subtract_background(part, sigma, background)
        noise = _with_noise(noise, section, local, image.shape)
        sigma = float(np.nanmedian(local))
        baseline = pedestal - rest if inverted else pedestal + rest
        states.append(AmplifierState(section, baseline, sigma, level, amplifier, model))
    if not any(np.isfinite(state.baseline) for state in states):
        raise Unreadable("has no finite pixel")
    for master, _ in masters:
        if master is not None and (lost := int(np.count_nonzero(~np.isfinite(master.image)))):
            masked[f"no value in the master {master.kind}"] = lost
    kinds = [state.background.kind for state in states]
    used = next((kind for kind in ("mesh", "columns") if kind in kinds), "constant")
    return Calibrated(
        image, noise, tuple(states), (box.x0, box.y0),
        _saturated(raw, header, box), used, layout, masked, tuple(notes), scale,
    )  # fmt: skip


def calibration_frame(
    raw: np.ndarray,
    header: dict[str, Any],
    *,
    mask: np.ndarray | None = None,
    extension: str = "",
    place: int = 0,
    settings: DetectorSettings | None = None,
) -> CalibrationFrame:
    """A readout [height, width] for a master: its data area, the overscan subtracted."""
    layout = layout_of(header, (raw.shape[0], raw.shape[1]), settings)
    box = _bounds([amplifier.data for amplifier in layout.amplifiers])
    absent, _ = _absent(raw, mask, layout, box, {})
    image = np.full((box.height, box.width), np.nan, np.float32)
    for amplifier in layout.amplifiers:
        level = _overscan_level(raw, mask, amplifier)
        section = amplifier.data.moved(-box.x0, -box.y0)
        values = raw[amplifier.data.slices].astype(np.float64) - (level or 0.0)
        if absent is not None:
            values[absent[section.slices]] = np.nan
        image[section.slices] = values
    return CalibrationFrame(image, header, extension, place)


def _bounds(sections: Sequence[Section]) -> Section:
    """The smallest rectangle around sections."""
    return Section(
        min(s.x0 for s in sections), min(s.y0 for s in sections),
        max(s.x1 for s in sections), max(s.y1 for s in sections),
    )  # fmt: skip


def _absent(
    raw: np.ndarray,
    mask: np.ndarray | None,
    layout: Layout,
    box: Section,
    never: dict[str, np.ndarray | None],
) -> tuple[np.ndarray | None, dict[str, int]]:
    """Pixels of the box without a value (None for none), and how many by cause."""
    counts: dict[str, int] = {}
    absent: np.ndarray | None = None

    def leave_out(pixels: np.ndarray, cause: str) -> None:
        nonlocal absent
        new = pixels if absent is None else pixels & ~absent
        if n := int(np.count_nonzero(new)):
            counts[cause] = n
            absent = pixels.copy() if absent is None else absent | pixels

    covered = sum(amplifier.data.pixels for amplifier in layout.amplifiers)
    if covered < box.pixels:
        outside = np.ones((box.height, box.width), bool)
        for amplifier in layout.amplifiers:
            outside[amplifier.data.moved(-box.x0, -box.y0).slices] = False
        leave_out(outside, "in no section")
    if mask is not None:
        leave_out(mask[box.slices], "masked in the file")
    if raw.dtype.kind == "f":
        area = raw[box.slices]
        with np.errstate(invalid="ignore", over="ignore"):
            whole = np.isfinite(np.sum(area, dtype=np.float64))
        if not whole:
            leave_out(np.isnan(area), "NaN")
            leave_out(np.isinf(area), "infinite")
    for cause, pixels in never.items():
        if pixels is None:
            continue
        inside = pixels[box.slices] if pixels.shape == raw.shape else pixels
        if inside.shape != (box.height, box.width):
            raise Unreadable(
                f"is {box.width} x {box.height} px, the mask of {cause} "
                f"{inside.shape[1]} x {inside.shape[0]}"
            )
        leave_out(inside, cause)
    return absent, counts


def _overscan_level(raw: np.ndarray, mask: np.ndarray | None, amplifier: Amplifier) -> float | None:
    """The level of an amplifier's overscan; None where it has none, or that has no value."""
    if amplifier.overscan is None:
        return None
    pixels = raw[amplifier.overscan.slices]
    if mask is not None:
        pixels = pixels[~mask[amplifier.overscan.slices]]
    level = baseline_and_noise(pixels)[0]
    return level if np.isfinite(level) else None


def _subtract_levels(
    part: np.ndarray,
    raw: np.ndarray,
    amplifier: Amplifier,
    level: float,
    section: Section,
    masters: list[tuple[Master | None, float]],
    absent: np.ndarray | None,
) -> float:
    """Write an amplifier's data less overscan, masters and pedestal into `part`, float32; returns
    the pedestal. It brings values near 0 while they are float64, so that float32 holds them."""
    data = raw[amplifier.data.slices]
    hidden = None if absent is None else absent[section.slices]
    taken = [
        (master.image[section.slices], scale) for master, scale in masters if master is not None
    ]
    pedestal = _rough_level(data, hidden) - level
    pedestal -= sum(scale * _rough_level(image, hidden) for image, scale in taken)
    rows = max(1, BLOCK // part.shape[1])
    for start in range(0, len(part), rows):
        block = slice(start, start + rows)
        values = data[block].astype(np.float64)
        values -= level + pedestal
        for image, scale in taken:
            values -= image[block] if scale == 1.0 else image[block] * scale
        if hidden is not None:
            values[hidden[block]] = np.nan
        with np.errstate(over="ignore"):  # beyond single precision: not finite, so no data
            part[block] = values
    return pedestal


def _rough_level(pixels: np.ndarray, hidden: np.ndarray | None) -> float:
    """About the middle of an image, from some thousand of its pixels."""
    step = max(1, int(np.sqrt(pixels.size / 16_384)))
    sample = pixels[::step, ::step]
    sample = sample[np.isfinite(sample)] if hidden is None else sample[
        np.isfinite(sample) & ~hidden[::step, ::step]
    ]  # fmt: skip
    return float(np.median(sample)) if sample.size else 0.0


def _with_noise(
    noise: np.ndarray, section: Section, local: np.ndarray | float, shape: tuple[int, ...]
) -> np.ndarray:
    """`noise` with that of an amplifier: one row [width] as long as that says all."""
    if np.ndim(local) == 2 and len(noise) == 1:
        noise = np.broadcast_to(noise, shape).copy()
    rows = section.slices[0] if len(noise) > 1 else slice(None)
    noise[rows, section.slices[1]] = local
    return noise


def _bias_to_use(bias: Master | None, header: dict[str, Any]) -> tuple[Master | None, list[str]]:
    if bias is None or not (why := bias_is_out(header)):
        return bias, []
    return None, [f"the master bias was not subtracted: {why}"]


def _dark_scale(
    dark: Master | None, header: dict[str, Any], *, scaled: bool
) -> tuple[float | None, list[str]]:
    """By what the dark is multiplied, None without one; and what is to be said of it."""
    if dark is None:
        return None, []
    here, there = exposure_time(header), dark.exposure_time
    if here is None or there is None:
        told = ["the dark was not scaled: no exposure time is stated"] if scaled else []
        return 1.0, told
    if scaled:
        return here / there, []
    if abs(here / there - 1) > 0.01:
        return 1.0, [f"exposed for {here:g} s, the master dark for {there:g} s: not scaled"]
    return 1.0, []


def _saturated(raw: np.ndarray, header: dict[str, Any], box: Section) -> np.ndarray:
    """Pixels at SATURATE, or at the top of an integer's range."""
    data = raw[box.slices]
    limit = header.get("SATURATE")
    if isinstance(limit, (int, float)) and not isinstance(limit, bool) and limit > 0:
        with np.errstate(invalid="ignore"):
            return data >= limit
    if data.dtype.kind in "iu":
        return data >= np.iinfo(data.dtype).max
    return np.zeros(data.shape, bool)
