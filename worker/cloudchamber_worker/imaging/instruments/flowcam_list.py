"""The `.lst` of a FlowCam run: a header that names the fields, and a line for every particle.

017                      format
num-fields|65
id|int32                 name and type of each field
...
1|0|0|22|22|905|...      one particle, fields parted by |
"""

from dataclasses import dataclass, field

import pyarrow as pa

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.instruments.runs import lines_of, text_of

TYPES: dict[str, pa.DataType] = {
    "int32": pa.int64(),
    "int64": pa.int64(),
    "double": pa.float64(),
    "float": pa.float64(),
    "string": pa.string(),
    "guid": pa.string(),
    "timestamp": pa.string(),
}
PLACE = ("image_x", "image_y", "image_w", "image_h")
NEEDED = ("id", *PLACE, "collage_file")

PX = ("image_x", "image_y", "image_w", "image_h", "src_x", "src_y", "fringe_size", "raw_feret_max",
      "raw_feret_min", "raw_feret_mean", "raw_perimeter", "raw_convex_perimeter",
      "raw_legendre_major", "raw_legendre_minor")  # fmt: skip
UM = ("abd_diameter", "length", "width", "esd_diameter", "fd_diameter", "perimeter",
      "convex_perimeter")  # fmt: skip
UNITS = {
    **dict.fromkeys(PX, "px"),
    **dict.fromkeys(("raw_area", "raw_convex_hull_area", "raw_filled_area"), "px²"),
    **dict.fromkeys(UM, "µm"),
    **dict.fromkeys(("abd_area", "filled_area"), "µm²"),
    **dict.fromkeys(("feret_max_angle", "feret_min_angle"), "deg"),
    "cal_const": "µm/px",
    "elapsed_time": "s",
}
DESCRIPTIONS = {
    "abd_area": "Area of a disc of abd_diameter, so after the fringe is taken off",
    "abd_diameter": "Diameter of a disc of raw_area, less fringe_size, but half of it at least",
    "raw_area": "Pixels of the particle's mask",
    "cal_const": "Side of a pixel",
}


@dataclass
class ParticleList:
    """The particles of a list.

    types : Arrow type by field name, in the file's order
    rows : (row number in the file from 1, values by field), as many as could be read
    refused : row numbers of lines that are no whole particle, and why
    unread : values that are no value of their field's type, by field; they are missing in `rows`
    """

    types: dict[str, pa.DataType]
    rows: list[tuple[int, dict[str, object]]] = field(default_factory=list)
    refused: list[tuple[int, str]] = field(default_factory=list)
    unread: dict[str, int] = field(default_factory=dict)


def read_list(data: bytes) -> ParticleList:
    """Read a `.lst`.

    Raises
    ------
    Unreadable
        When its header names no fields, or lacks a field that says where a particle lies.
    """
    lines = lines_of(text_of(data))
    if len(lines) < 2 or not lines[1].lower().startswith("num-fields|"):
        raise Unreadable("is no FlowCam list with a header of fields (num-fields|...)")
    try:
        count = int(lines[1].split("|")[1])
    except ValueError as error:
        raise Unreadable(f"is a FlowCam list with a damaged header: {lines[1][:60]}") from error
    header = [line.split("|") for line in lines[2 : 2 + count]]
    if len(header) < count or any(len(cells) < 2 for cells in header):
        raise Unreadable(f"is a FlowCam list that ends in its header of {count} fields")
    found = ParticleList({cells[0]: TYPES.get(cells[1], pa.string()) for cells in header})
    lacking = [name for name in NEEDED if name not in found.types]
    if lacking:
        raise Unreadable(f"is a FlowCam list without the fields {', '.join(lacking)}")
    for number, line in enumerate(lines[2 + count :], 3 + count):
        cells = line.split("|")
        if len(cells) != count:
            found.refused.append((number, f"has {len(cells)} of {count} fields"))
            continue
        row = {
            name: _value(cell.strip(), kind, name, found.unread)
            for cell, (name, kind) in zip(cells, found.types.items(), strict=True)
        }
        missing = [name for name in NEEDED if row[name] is None]
        if missing:
            found.refused.append((number, f"has no {', '.join(missing)} that can be read"))
        else:
            found.rows.append((number, row))
    return found


def _value(cell: str, kind: pa.DataType, name: str, unread: dict[str, int]) -> object:
    if not cell:
        return None
    try:
        if pa.types.is_integer(kind):
            return int(cell)
        if pa.types.is_floating(kind):
            # Where the computer writes 0,5544; the fields are parted by |, so this is no guess.
            return float(cell.replace(",", "."))
    except ValueError:
        unread[name] = unread.get(name, 0) + 1
        return None
    return cell
