"""What an import has to know of the cutouts that are there already."""

from collections.abc import Mapping

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloudchamber.data.arrays import unpack_mask
from cloudchamber.data.cutouts import Cutout, CutoutPixels
from cloudchamber.data.names import numbered
from cloudchamber.errors import NotFound


def hashes_by_path(session: Session, dataset_id: int) -> dict[str, bytes]:
    """Content hash of every cutout by its path."""
    rows = session.execute(
        select(Cutout.path, Cutout.content_hash).where(Cutout.dataset_id == dataset_id)
    )
    return {path: bytes(digest) for path, digest in rows}


def kept_as(hashes: Mapping[str, bytes], given: str, digest: bytes) -> str:
    """The path under which a cutout given as `given` is kept beside those of `hashes`.

    It is a path of `hashes` where the same cutout is there already, and gets a number where
    another one has its path.
    """
    path, number = given, 1
    while hashes.get(path, digest) != digest:
        number += 1
        path = numbered(given, number)
    return path


def paths_from(session: Session, dataset_id: int, start: int) -> dict[str, bool]:
    """Paths of the cutouts from ordinal `start`, and whether each is a duplicate of another."""
    rows = session.execute(
        select(Cutout.path, Cutout.duplicate_of).where(
            Cutout.dataset_id == dataset_id, Cutout.ordinal >= start
        )
    )
    return {path: first is not None for path, first in rows}


def masked_paths(session: Session, dataset_id: int) -> set[str]:
    """Paths of the cutouts of which not all is inside."""
    return set(
        session.scalars(
            select(Cutout.path)
            .join(CutoutPixels, CutoutPixels.cutout_id == Cutout.id)
            .where(Cutout.dataset_id == dataset_id, CutoutPixels.mask.is_not(None))
        )
    )


def mask_of(session: Session, dataset_id: int, path: str) -> np.ndarray | None:
    """Mask [height, width] of the cutout of this path, None where all of it is inside.

    Raises
    ------
    NotFound
        When there is no such cutout.
    """
    row = session.execute(
        select(CutoutPixels.mask, Cutout.height, Cutout.width)
        .join(Cutout, Cutout.id == CutoutPixels.cutout_id)
        .where(Cutout.dataset_id == dataset_id, Cutout.path == path)
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no cutout {path}.")
    return None if row.mask is None else unpack_mask(row.mask, (row.height, row.width))
