"""What was done to an exposure, in sentences: for its page, and for a paper."""

from collections.abc import Iterator

from cloudchamber.data.accounts import counted
from cloudchamber.data.calibrations import Calibration, MasterRecord
from cloudchamber.data.exposures import Exposure

BACKGROUNDS = {
    "constant": "one level per amplifier",
    "columns": "one level per amplifier, column and row",
    "mesh": "a local mesh (cells of 16 px) with its own noise",
}
AS_TEXT = {
    "constant": "the sigma-clipped median of each amplifier was subtracted",
    "columns": "the median of every column and row was subtracted as well",
    "mesh": "a local background was subtracted (mesh of 16 px cells; Bertin & Arnouts 1996, "
    "Barbary 2016), whose RMS is the noise",
}


def history_of(exposure: Exposure) -> list[tuple[str, str]]:
    """Steps from the file to the footprints: what, and how."""
    record = Calibration.model_validate(exposure.calibration)
    return list(_steps(exposure, record))


def _steps(exposure: Exposure, record: Calibration) -> Iterator[tuple[str, str]]:
    hdu = f"HDU {exposure.hdu}" + (f" ({record.extension})" if record.extension else "")
    plane = "" if exposure.plane is None else f", plane {exposure.plane}"
    yield "file", f"{exposure.file_name}, {hdu}{plane}, {exposure.dtype}"
    if record.detector:
        yield "detector", record.detector
    stated = "" if record.unit_stated else "; assumed"
    yield "unit", exposure.unit + (f" ({record.unit_source}{stated})" if record.unit_source else "")
    if record.layout:
        yield "sections", f"{record.layout}: {_sections(record)}"
    if record.step != (1, 1):
        yield "samples", f"{record.step[0] * record.step[1]} of a pixel averaged"
    if any(amplifier.overscan is not None for amplifier in record.amplifiers):
        told = [_level(a.overscan) for a in record.amplifiers if a.overscan is not None]
        yield "overscan", f"{', '.join(told)} {exposure.unit} subtracted"
    for kind in ("bias", "dark"):
        if kind in record.masters:
            yield f"master {kind}", _master(record.masters[kind])
        else:
            yield f"master {kind}", "subtracted" if getattr(record, kind) else "none"
    yield (
        "background",
        BACKGROUNDS.get(record.background, record.background)
        + ("; chosen by what the frame shows" if record.background_asked == "auto" else ""),
    )
    if record.inverted:
        yield "polarity", "tracks darker than the background: turned over"
    masked = [f"{counted(n, 'pixel')} {cause}" for cause, n in record.masked.items()]
    yield "without a value", "; ".join(masked) or "none"
    for bit, n in sorted(record.flags.items()):
        masks = "masked" if bit & record.used_flags else "not masked"
        yield f"quality bit {bit}", f"{counted(n, 'pixel')}, {masks}"
    gains = [a for a in record.amplifiers if a.gain is not None]
    if gains:
        told = ", ".join(f"{a.gain:g}" for a in gains)
        yield "gain", f"{told} e⁻/ADU ({gains[0].gain_source})"
    if record.exposure_time is not None:
        yield "exposure time", f"{record.exposure_time:g} s"
    yield "threshold", _threshold(exposure, record)
    yield "footprints", str(exposure.n_footprints)


def paper_of(exposure: Exposure) -> str:
    """The same as a paragraph of a methods section."""
    record = Calibration.model_validate(exposure.calibration)
    n = len(record.amplifiers)
    noises = [a.noise for a in record.amplifiers if a.noise is not None]
    noise = f" of noise {_between(noises)} {exposure.unit}" if noises else ""
    sentences = [
        f"The exposure {exposure.name} ({exposure.width} x {exposure.height} px, {exposure.unit}, "
        f"{counted(n, 'amplifier')}{noise}) was reduced with Cloudchamber."
    ]
    if record.step != (1, 1):
        sentences.append(f"{record.step[0]} samples of each pixel were averaged.")
    if any(amplifier.overscan is not None for amplifier in record.amplifiers):
        sentences.append("The median of each amplifier's overscan was subtracted.")
    for kind, master in record.masters.items():
        scaled = (
            f", scaled by {master.scale:g} to the exposure time"
            if master.scale not in (None, 1.0)
            else ""
        )
        sentences.append(
            f"A master {kind} (median of {counted(master.n, 'readout')}{scaled}) was subtracted."
        )
    text = AS_TEXT.get(record.background, "")
    if record.background != "constant":
        text = f"{AS_TEXT['constant']}; {text}"
    sentences.append(f"{text[:1].upper()}{text[1:]}.")
    lost = sum(record.masked.values())
    if lost:
        causes = ", ".join(f"{count} {cause}" for cause, count in record.masked.items())
        sentences.append(f"{counted(lost, 'pixel')} had no value ({causes}).")
    sentences.append(
        f"Footprints are 8-connected sets of at least {counted(record.min_pixels, 'pixel')} above "
        f"{_threshold(exposure, record)}; {counted(exposure.n_footprints, 'was', 'were')} found."
    )
    return " ".join(sentences)


def _sections(record: Calibration) -> str:
    told = []
    for amplifier in record.amplifiers:
        name = f"{amplifier.name} " if amplifier.name else ""
        over = f" with overscan {amplifier.overscan_section}" if amplifier.overscan_section else ""
        dead = "" if amplifier.baseline is not None else ", no finite pixel"
        told.append(f"{name}{amplifier.data}{over}{dead}")
    return "; ".join(told)


def _master(master: MasterRecord) -> str:
    parts = [f"median of {counted(master.n, 'readout')}"]
    if master.exposure_time is not None:
        parts.append(f"{master.exposure_time:g} s")
    if master.scale not in (None, 1.0):
        parts.append(f"scaled by {master.scale:.4g}")
    return "; ".join([*parts, *master.notes])


def _threshold(exposure: Exposure, record: Calibration) -> str:
    value = record.threshold.get("value")
    unit = "times the noise" if record.threshold.get("unit") == "sigma" else exposure.unit
    return "a threshold that was not recorded" if value is None else f"{value:g} {unit}"


def _level(value: float | None) -> str:
    return "–" if value is None else f"{value:.6g}"


def _between(values: list[float]) -> str:
    low, high = min(values), max(values)
    return f"{low:.3g}" if f"{low:.3g}" == f"{high:.3g}" else f"{low:.3g} to {high:.3g}"
