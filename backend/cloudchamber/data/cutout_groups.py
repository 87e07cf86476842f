"""Which cutouts are kept together when a dataset is divided."""

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloudchamber.data.copies import keep_together
from cloudchamber.data.cutouts import Cutout


def groups(session: Session, dataset_id: int) -> np.ndarray:
    """Group of every cutout, int32 [n], for grouped cross-validation.

    Cutouts of one exposure share a group, else those of one source group, else each is its
    own; copies, turned or mirrored ones too, link the groups they lie in, so that none is ever
    tested on its original (`copies.keep_together`).
    """
    rows = session.execute(
        select(Cutout.ordinal, Cutout.exposure_id, Cutout.source_group)
        .where(Cutout.dataset_id == dataset_id)
        .order_by(Cutout.ordinal)
    )
    number: dict[tuple[str, object], int] = {}
    found: list[int] = []
    for ordinal, exposure_id, source_group in rows:
        key: tuple[str, object] = ("cutout", ordinal)
        if exposure_id is not None:
            key = ("exposure", exposure_id)
        elif source_group is not None:
            key = ("source", source_group)
        found.append(number.setdefault(key, len(number)))
    return keep_together(np.array(found, np.int32), canonical_hashes(session, dataset_id))


def canonical_hashes(session: Session, dataset_id: int) -> list[bytes | None]:
    """Canonical hash of every cutout in order; None for a retired one, a copy of nothing."""
    rows = session.execute(
        select(Cutout.canonical_hash, Cutout.retired)
        .where(Cutout.dataset_id == dataset_id)
        .order_by(Cutout.ordinal)
    )
    return [None if digest is None or gone else bytes(digest) for digest, gone in rows]
