"""Lengths and areas in µm beside those in pixels, where an instrument said how large a pixel is."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from cloudchamber.data import columns
from cloudchamber.data.columns import Column

PIXEL_SIZE = "um_per_px"
"""Name of the column that holds µm per pixel of every cutout, NaN where it is not known."""
AREAS = ("pixels",)  # counts of pixels that are areas, though their unit is px
GROUPS = ("measurement", "place")
POSITIONS = ("x", "y", "x_file", "y_file")  # in an exposure: where, not how long


@dataclass(frozen=True)
class InMicrons:
    """A column once more in µm: `name`, `unit` and `values` float64 [n], NaN where not known."""

    name: str
    title: str
    unit: str
    values: np.ndarray


def pixel_sizes(session: Session, dataset_id: int, chosen: np.ndarray) -> np.ndarray | None:
    """µm per pixel of the chosen ordinals, float64 [n]; None where none of them has one.

    From the instrument's files, or from a table of metadata that has a column of this name.
    """
    named = columns.find_columns(session, dataset_id, names=[PIXEL_SIZE])
    found = [column for column in named if column.dtype.startswith("float")]
    if not found:
        return None
    stored = columns.read_column(session, found[0])
    stored = np.where(stored > 0, stored, np.nan)
    sizes = np.full(len(chosen), np.nan)
    there = chosen < len(stored)
    sizes[there] = stored[chosen[there]]
    return sizes if np.isfinite(sizes).any() else None


def power_of(column: Column) -> int:
    """How a column goes with the side of a pixel: 1 a length, 2 an area, -1 one over a length, 0
    not at all."""
    if column.group not in GROUPS or column.width > 1 or column.name in POSITIONS:
        return 0
    if column.name in AREAS:
        return 2
    return {"px": 1, "px²": 2, "px2": 2, "1/px": -1}.get(column.unit, 0)


def in_microns(
    column: Column, values: np.ndarray, um_per_px: np.ndarray | None
) -> Iterator[InMicrons]:
    """The column in µm: one more where it is a length or an area and pixel sizes are known.

    Parameters
    ----------
    values : [n], the column's values of the exported rows
    um_per_px : [n], µm per pixel of the same rows, from `pixel_sizes`
    """
    power = power_of(column)
    if um_per_px is None or power == 0 or column.name == PIXEL_SIZE:
        return
    ending, unit = {1: ("um", "µm"), 2: ("um2", "µm²"), -1: ("per_um", "1/µm")}[power]
    stem = "area" if column.name in AREAS else column.name
    title = "Area" if column.name in AREAS else column.title
    missing = columns.MISSING[column.dtype]
    plain = np.asarray(values, np.float64)
    if not np.isnan(missing) and column.dtype != "uint8":
        plain = np.where(values == missing, np.nan, plain)
    yield InMicrons(f"{stem}_{ending}", title, unit, plain * um_per_px**power)
