"""What the learning tasks read of a dataset, as the arrays that pure learning code takes."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import columns, cutout_groups, cutouts
from cloudchamber.data.columns import Column, Group
from cloudchamber.data.copies import firsts, keep_together, same_image
from cloudchamber.data.retired import live
from cloudchamber.errors import JobError
from cloudchamber_worker.learning.inputs import (
    PixelScaling,
    Representation,
    ScalingKind,
    fit_pixel_scaling,
    pack,
)
from cloudchamber_worker.steps.versions import library_versions as library_versions

SAMPLE = 2000
# A class must not depend on how a cutout happens to lie: columns that state an angle stay out.
ANGLES = {"deg", "°", "rad", "degree", "degrees"}
Numbers = Literal["none", "measurements", "metadata", "both"]
NUMBERS = ("float32", "float64", "int32", "int16", "uint8")


GROUPS: dict[Numbers, tuple[Group, ...]] = {
    "none": (),
    "measurements": ("measurement",),
    "metadata": ("metadata",),
    "both": ("measurement", "metadata"),
}


def measurement_columns(session: Session, dataset_id: int) -> list[Column]:
    """Measurements that do not state an angle; numeric metadata where there is no measurement."""
    return number_columns(session, dataset_id, "measurements") or number_columns(
        session, dataset_id, "metadata"
    )


def number_columns(session: Session, dataset_id: int, which: Numbers) -> list[Column]:
    """The numeric columns of that kind, in a fixed order, but for those that state an angle."""
    groups = GROUPS[which]
    return [
        column
        for group in groups
        for column in columns.find_columns(session, dataset_id, group=group)
        if column.width == 1 and column.dtype in NUMBERS and column.unit not in ANGLES
    ]


def read_numbers(session: Session, found: list[Column], n: int) -> NDArray[np.float32]:
    """Columns side by side as float32 [n, sum of widths]; NaN where one is shorter than n."""
    matrix = np.full((n, sum(column.width for column in found)), np.nan, np.float32)
    values = columns.read_matrix(session, found)[:n]
    matrix[: len(values)] = values
    return matrix


def named_numbers(session: Session, dataset_id: int, names: list[str], n: int):
    """Measurements by name as float32 [n, names]; NaN for those the dataset lacks."""
    matrix = np.full((n, len(names)), np.nan, np.float32)
    for column in columns.find_columns(session, dataset_id, group="measurement", names=names):
        matrix[:, names.index(column.name)] = read_numbers(session, [column], n)[:, 0]
    return matrix


def sample_scaling(
    session: Session, dataset_id: int, n: int, kind: ScalingKind = "auto"
) -> PixelScaling:
    """Pixel scaling from at most 2000 evenly spread cutouts that are not retired."""
    there = live(session, dataset_id, n)
    places = np.unique(np.linspace(0, len(there) - 1, min(len(there), SAMPLE)).astype(int))
    spread = there[places].tolist()
    sample = cutouts.iter_pixels(session, dataset_id, ordinals=spread)
    return fit_pixel_scaling((pixels for _, pixels, _ in sample), kind)


def pack_cutouts(
    session: Session,
    dataset_id: int,
    n: int,
    scaling: PixelScaling,
    representation: Representation,
    on_row: Callable[[int], None] = lambda _: None,
) -> NDArray[np.uint8]:
    """The first n cutouts packed, uint8 [n, channels, side, side]; ``on_row`` hears of each."""

    def stream() -> Iterator[NDArray[Any]]:
        for ordinal, pixels, _ in cutouts.iter_pixels(session, dataset_id, 0, n):
            on_row(ordinal)
            yield pixels

    return pack(stream(), n, scaling, representation)


@dataclass(frozen=True)
class Split:
    """How cutouts are divided for cross-validation.

    groups  int32 [n], each on one side
    by      what the groups are
    copies  how many of the labelled cutouts are copies of another labelled one, as it lies,
            turned or mirrored
    image   int64 [labelled], equal numbers for copies of one object
    """

    groups: NDArray[np.int32]
    by: str
    copies: int
    image: NDArray[np.int64]


def split_groups(
    session: Session, dataset_id: int, rows: NDArray[np.intp], n: int, group_by: str | None = None
) -> Split:
    """Source groups where the labelled ``rows`` come from three at least, else single cutouts.

    With one or two exposures nothing could be held out by exposure. ``group_by`` names a column
    whose equal values are one group instead. Copies of a cutout, turned or mirrored ones too, stay
    together in each case.
    """
    hashes = cutout_groups.canonical_hashes(session, dataset_id)[:n]
    among = [hashes[row] for row in rows]
    copied, image = int((firsts(among) != np.arange(len(among))).sum()), same_image(among)
    if group_by is not None:
        groups = keep_together(_equal_values(session, dataset_id, group_by, n), hashes)
        return Split(groups, group_by, copied, image)
    by_source = cutout_groups.groups(session, dataset_id)[:n]
    single = keep_together(np.arange(n, dtype=np.int32), hashes)
    if len(np.unique(by_source[rows])) < 3 or len(np.unique(by_source)) == len(np.unique(single)):
        return Split(single, "cutout", copied, image)
    return Split(by_source, "source", copied, image)


def _equal_values(session: Session, dataset_id: int, name: str, n: int) -> NDArray[np.int32]:
    """Numbers of the values of a column, int32 [n]; a cutout without a value is on its own."""
    found = columns.find_columns(session, dataset_id, names=[name])
    if not found or found[-1].width != 1:
        raise JobError(
            f"There is no column “{name}” to group by.",
            hint="Name a column of the dataset with one value per cutout, such as the run.",
        )
    values = columns.read_column(session, found[-1])[:n]
    _, group = np.unique(values, return_inverse=True)
    groups = np.arange(n, dtype=np.int32) + len(group)
    missing = values < 0 if values.dtype.kind == "i" else np.isnan(values.astype(float))
    groups[: len(values)] = np.where(missing, groups[: len(values)], group)
    return groups


def need_cutouts(n: int, least: int = 1) -> None:
    """JobError when the dataset has fewer than ``least`` cutouts."""
    if n < least:
        raise JobError(
            f"The dataset has {n} cutouts; at least {least} are needed.",
            hint="Import exposures or crops first.",
        )
