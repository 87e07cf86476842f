"""Which pixels of a readout each amplifier read, by the sections in its header.

Understood are DATASEC, TRIMSEC and their kin alone, numbered and lettered (DATASEC1, DSEC1,
DATASECA), CCDSEC, AMPSEC and DETSEC where these tile the image, BIASSEC beside each, PRESCAN, and
the Lick layout (AMPSROW amplifiers side by side in DATASEC, COVER overscan columns each, behind
the data in the same order). What no section names is no data.

The sections of one header describe one image. If one that names data cannot be true of this image,
none of its kind is used, and that is said.
"""

import re
from dataclasses import dataclass, field
from typing import Any

from cloudchamber_worker.imaging.dialects.gains import gain_of
from cloudchamber_worker.imaging.dialects.sections import Section, in_image, parse_section
from cloudchamber_worker.imaging.dialects.settings import DetectorSettings

# In the readout's own pixels, best first; then those in the detector's, of use when trimmed.
DATA = ("DATASEC", "DSEC", "TRIMSEC", "TSEC")
PLACES = ("CCDSEC", "AMPSEC", "DETSEC")
OVERSCAN = ("BIASSEC", "BSEC")
STRIPS = ("PRESCAN", "PRESEC", "CCDNPRES", "OVERSCAN", "POSTSCAN", "POSTSEC", "OVRSEC", "ORSEC")
SUFFIX = r"([A-Z]|\d{1,3})"


@dataclass(frozen=True)
class Amplifier:
    """The data and the overscan that one amplifier read out.

    name : suffix of its keywords, '' where there is only one
    gain : electrons per ADU, None where it is not stated; `gain_source` says where
    """

    data: Section
    overscan: Section | None = None
    name: str = ""
    gain: float | None = None
    gain_source: str = ""


@dataclass(frozen=True)
class Layout:
    """The amplifiers of a readout, and what their sections leave to be said.

    source : by which keywords, half a sentence
    notes : sections that were not used, each with its reason
    """

    amplifiers: tuple[Amplifier, ...]
    source: str = "no section: all pixels are data"
    notes: list[str] = field(default_factory=list)


def layout_of(
    header: dict[str, Any], shape: tuple[int, int], settings: DetectorSettings | None = None
) -> Layout:
    """The amplifiers of an image [height, width]."""
    settings = settings or DetectorSettings()
    if settings.data_sections is not None:
        return _gained(_said(settings, shape), header, settings)
    notes: list[str] = []
    for find in (_numbered, _side_by_side, _single):
        layout = find(header, shape, notes)
        if layout is not None:
            break
    else:
        layout = _without_strips(header, shape, notes)
    return _gained(layout, header, settings)


def _said(settings: DetectorSettings, shape: tuple[int, int]) -> Layout:
    """As a person has drawn them."""
    notes: list[str] = []
    drawn = settings.data_sections or ()
    overscans = [*(settings.overscan_sections or ()), *[""] * len(drawn)][: len(drawn)]
    found = []
    for number, (text, over) in enumerate(zip(drawn, overscans, strict=True)):
        data, overscan = parse_section(text), parse_section(over)
        if data is None or not data.lies_in(shape):
            notes.append(f"section {text} that you gave does not lie in the image: not used")
            continue
        if overscan is not None and not overscan.lies_in(shape):
            notes.append(f"overscan {over} that you gave does not lie in the image: not used")
            overscan = None
        found.append(Amplifier(data, overscan, str(number + 1)))
    if len(found) == 1:
        found = [Amplifier(found[0].data, found[0].overscan)]
    whole = (Amplifier(Section(0, 0, shape[1], shape[0])),)
    return Layout(tuple(found) or whole, "sections said by you", notes)


def _numbered(header: dict[str, Any], shape: tuple[int, int], notes: list[str]) -> Layout | None:
    """Several amplifiers in one image, each with keywords of its own."""
    for kind in DATA:
        stated = _with_suffix(header, kind)
        if not stated:
            continue
        sections = _true_of(stated, header, shape, kind, notes)
        if sections is None:
            continue
        amplifiers = []
        for suffix, data in sections.items():
            overscan = _overscan(header, kind, suffix, shape, sections, notes)
            amplifiers.append(Amplifier(data, overscan, suffix))
        return Layout(tuple(amplifiers), f"{kind}{_range(list(sections))}", notes)
    for kind in PLACES:
        sections = {s: one for s, one in _with_suffix(header, kind).items() if one.lies_in(shape)}
        if len(sections) > 1 and _tile(list(sections.values()), shape):
            amplifiers = tuple(Amplifier(one, None, s) for s, one in sections.items())
            return Layout(amplifiers, f"{kind}{_range(list(sections))}", notes)
    return None


def _side_by_side(
    header: dict[str, Any], shape: tuple[int, int], notes: list[str]
) -> Layout | None:
    """The Lick layout."""
    side_by_side, cover = header.get("AMPSROW"), header.get("COVER")
    if not (isinstance(side_by_side, int) and side_by_side > 1 and isinstance(cover, int)):
        return None
    stated = parse_section(header.get("DATASEC"))
    data = stated if stated and stated.lies_in(shape) else None
    if data is None:
        return None
    step = data.width // side_by_side
    found = []
    for index in range(side_by_side):
        x0 = data.x0 + index * step
        x1 = data.x1 if index == side_by_side - 1 else x0 + step
        over = Section(data.x1 + index * cover, data.y0, data.x1 + (index + 1) * cover, data.y1)
        overscan = over if over.lies_in(shape) else None
        found.append(Amplifier(Section(x0, data.y0, x1, data.y1), overscan, str(index + 1)))
    return Layout(tuple(found), "DATASEC, AMPSROW and COVER", notes)


def _single(header: dict[str, Any], shape: tuple[int, int], notes: list[str]) -> Layout | None:
    """One amplifier, by DATASEC or its kin."""
    for kind in DATA:
        stated = parse_section(header.get(kind))
        if stated is None:
            if str(header.get(kind, "")).strip() and kind in ("DATASEC", "TRIMSEC"):
                notes.append(f"{kind} {header[kind]!r} is no section: not used")
            continue
        sections = _true_of({"": stated}, header, shape, kind, notes)
        if sections is not None:
            overscan = _overscan(header, kind, "", shape, sections, notes)
            return Layout((Amplifier(sections[""], overscan),), kind, notes)
    return None


def _without_strips(header: dict[str, Any], shape: tuple[int, int], notes: list[str]) -> Layout:
    """All pixels but the strips at the edges that are named as prescan or overscan."""
    height, width = shape
    whole = Section(0, 0, width, height)
    if notes:  # what it says of its data is not true of this image: neither is the rest
        left = [key for key in (*OVERSCAN, *STRIPS) if parse_section(header.get(key))]
        if left:
            notes.append(f"{', '.join(left)} of the same header: not used either")
        return Layout((Amplifier(whole),), notes=notes)
    data, overscan, used = whole, None, []
    for key in (*OVERSCAN, *STRIPS):
        strip = _strip(header, key, shape)
        if strip is None:
            continue
        moved = in_image(strip, header)
        if moved is not None and not moved.lies_in(shape):
            notes.append(f"{key} {header[key]} was trimmed away, by LTV: not used")
            continue
        rest = _beside(data, strip)
        if rest is None:
            notes.append(f"{key} {header[key]} is no strip at an edge of the image: not used")
            continue
        data = rest
        used.append(key)
        if key in OVERSCAN:
            overscan = strip
    source = " and ".join(used) if used else "no section: all pixels are data"
    return Layout((Amplifier(data, overscan),), source, notes)


def _strip(header: dict[str, Any], key: str, shape: tuple[int, int]) -> Section | None:
    """The strip that a keyword names as a section, or as a number of columns at its side."""
    value = header.get(key)
    text = str(value).strip()
    columns = int(text) if text.isdigit() else 0
    if 0 < columns < shape[1] / 2:
        x0 = 0 if "PRE" in key else shape[1] - columns
        return Section(x0, 0, x0 + columns, shape[0])
    section = parse_section(value)
    return section if section is not None and section.lies_in(shape) else None


def _beside(data: Section, strip: Section) -> Section | None:
    """What a strip along one whole side leaves of the data; None when it is no such strip."""
    if strip.y0 <= data.y0 and strip.y1 >= data.y1:
        if strip.x0 <= data.x0 and strip.x1 < data.x1:
            return Section(max(strip.x1, data.x0), data.y0, data.x1, data.y1)
        if strip.x1 >= data.x1 and strip.x0 > data.x0:
            return Section(data.x0, data.y0, min(strip.x0, data.x1), data.y1)
    if strip.x0 <= data.x0 and strip.x1 >= data.x1:
        if strip.y0 <= data.y0 and strip.y1 < data.y1:
            return Section(data.x0, max(strip.y1, data.y0), data.x1, data.y1)
        if strip.y1 >= data.y1 and strip.y0 > data.y0:
            return Section(data.x0, data.y0, data.x1, min(strip.y0, data.y1))
    return None


def _with_suffix(header: dict[str, Any], kind: str) -> dict[str, Section]:
    """The sections of keywords `kind` with a number or a letter behind, by that, in order."""
    found = {}
    for key in header:
        match = re.fullmatch(kind + SUFFIX, key)
        section = parse_section(header[key]) if match else None
        if match and section:
            found[match[1]] = section
    return dict(sorted(found.items(), key=lambda item: (len(item[0]), item[0])))


def _true_of(
    stated: dict[str, Section],
    header: dict[str, Any],
    shape: tuple[int, int],
    kind: str,
    notes: list[str],
) -> dict[str, Section] | None:
    """Sections of data as they lie in this image: as stated, else moved by LTM and LTV; None, and
    a note, where not all of them can be true of it."""
    why = _why_untrue(stated, shape, kind)
    if not why:
        return stated
    moved = {suffix: in_image(section, header) for suffix, section in stated.items()}
    known = {suffix: section for suffix, section in moved.items() if section is not None}
    if len(known) == len(stated) and not _why_untrue(known, shape, kind):
        notes.append(f"{why}; moved by LTV and LTM")
        return known
    notes.append(f"{why}: not used")
    return None


def _why_untrue(sections: dict[str, Section], shape: tuple[int, int], kind: str) -> str:
    """Why sections of data cannot be those of an image [height, width]; '' when they can."""
    for suffix, section in sections.items():
        if not section.lies_in(shape):
            return f"{kind}{suffix} {section} does not lie in {shape[1]} x {shape[0]} px"
    every = list(sections.items())
    for at, (suffix, section) in enumerate(every):
        for other_suffix, other in every[:at]:
            if section.overlaps(other):
                return f"{kind}{other_suffix} {other} and {kind}{suffix} {section} overlap"
    return ""


def _overscan(
    header: dict[str, Any],
    data_kind: str,
    suffix: str,
    shape: tuple[int, int],
    data: dict[str, Section],
    notes: list[str],
) -> Section | None:
    """The overscan of an amplifier, None where none is stated or it cannot be true. It moves as
    the data did."""
    moved = parse_section(header.get(data_kind + suffix)) != data[suffix]
    for kind in OVERSCAN:
        stated = parse_section(header.get(f"{kind}{suffix}"))
        if stated is None:
            continue
        section = in_image(stated, header) if moved else stated
        if section is None or not section.lies_in(shape):
            why = f"does not lie in {shape[1]} x {shape[0]} px"
        elif any(section.overlaps(one) for one in data.values()):
            why = "lies over data"
        else:
            return section
        notes.append(f"{kind}{suffix} {stated} {why}: not used")
        return None
    return None


def _tile(sections: list[Section], shape: tuple[int, int]) -> bool:
    """Whether sections cover an image [height, width], each pixel once."""
    apart = not any(
        one.overlaps(other) for at, one in enumerate(sections) for other in sections[:at]
    )
    return apart and sum(section.pixels for section in sections) == shape[0] * shape[1]


def _range(suffixes: list[str]) -> str:
    return suffixes[0] if len(suffixes) == 1 else f"{suffixes[0]} to {suffixes[-1]}"


def _gained(layout: Layout, header: dict[str, Any], settings: DetectorSettings) -> Layout:
    """With the gain of each amplifier, as said or stated."""
    said = settings.gain
    amplifiers = []
    for index, one in enumerate(layout.amplifiers):
        if said:
            gain, source = said[index] if index < len(said) else said[-1], "said by you"
        else:
            gain, source = gain_of(header, one.name) or (None, "")
        amplifiers.append(Amplifier(one.data, one.overscan, one.name, gain, source))
    return Layout(tuple(amplifiers), layout.source, layout.notes)
