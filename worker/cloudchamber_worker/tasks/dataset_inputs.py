"""What the learning tasks read of a dataset, as the arrays that pure learning code takes."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloudchamber.data import columns, cutouts
from cloudchamber.data.columns import Column
from cloudchamber.errors import JobError
from cloudchamber_worker.learning.inputs import (
    PixelScaling,
    Representation,
    fit_pixel_scaling,
    pack,
)

log = logging.getLogger(__name__)

SAMPLE = 2000
# A class must not depend on how a cutout happens to lie: columns that state an angle stay out.
ANGLES = {"deg", "°", "rad", "degree", "degrees"}
NUMBERS = ("float32", "float64", "int32", "int16", "uint8")


def measurement_columns(session: Session, dataset_id: int) -> list[Column]:
    """Measurements that do not state an angle; numeric metadata where there is no measurement."""
    for group in ("measurement", "metadata"):
        found = [
            column
            for column in columns.find_columns(session, dataset_id, group=group)
            if column.width == 1 and column.dtype in NUMBERS and column.unit not in ANGLES
        ]
        if found:
            return found
    return []


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


def sample_scaling(session: Session, dataset_id: int, n: int) -> PixelScaling:
    """Pixel scaling from at most 2000 evenly spread cutouts."""
    spread = np.unique(np.linspace(0, n - 1, min(n, SAMPLE)).astype(int)).tolist()
    sample = cutouts.iter_pixels(session, dataset_id, ordinals=spread)
    return fit_pixel_scaling(pixels for _, pixels, _ in sample)


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
    """groups int32 [n] for cross-validation, and ``by``: what they are."""

    groups: NDArray[np.int32]
    by: str


def split_groups(session: Session, dataset_id: int, rows: NDArray[np.intp], n: int) -> Split:
    """Source groups where the labelled ``rows`` come from three at least, else single cutouts.

    With one or two exposures nothing could be held out by exposure. Copies of a cutout stay
    together either way.
    """
    by_source = cutouts.groups(session, dataset_id)[:n]
    single = np.arange(n, dtype=np.int32)
    for ordinal, original in session.execute(
        select(cutouts.Cutout.ordinal, cutouts.Cutout.duplicate_of)
        .where(cutouts.Cutout.dataset_id == dataset_id, cutouts.Cutout.ordinal < n)
        .where(cutouts.Cutout.duplicate_of.is_not(None))
        .order_by(cutouts.Cutout.ordinal)
    ):
        single[ordinal] = single[original]
    if len(np.unique(by_source[rows])) < 3 or len(np.unique(by_source)) == len(np.unique(single)):
        return Split(single, "cutout")
    return Split(by_source, "source")


def need_cutouts(n: int, least: int = 1) -> None:
    """JobError when the dataset has fewer than ``least`` cutouts."""
    if n < least:
        raise JobError(
            f"The dataset has {n} cutouts; at least {least} are needed.",
            hint="Import exposures or crops first.",
        )


def library_versions() -> dict[str, str]:
    """Versions of what made a model, to be kept with it."""
    found = {}
    for name in ("cloudchamber", "torch", "scikit-learn", "umap-learn", "hdbscan", "numpy"):
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            log.warning("no version of %s is known", name)
    return found
