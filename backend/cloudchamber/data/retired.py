"""Cutouts that the current detection of their exposure does not have.

They keep their place, their labels and their notes, and come back with the detection that has them.
Until then they are nowhere: whoever counts, lists, trains or writes asks here (arrays by ordinal)
or says `Cutout.retired.is_(False)` (queries of cutouts).
"""

import numpy as np
from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from cloudchamber.data.cutouts import Cutout


def retired_ordinals(dataset_id: int) -> Select[int]:
    """A query for their ordinals, to be left out of another."""
    return select(Cutout.ordinal).where(Cutout.dataset_id == dataset_id, Cutout.retired.is_(True))


def not_retired(
    dataset_id: InstrumentedAttribute[int], ordinal: InstrumentedAttribute[int]
) -> ColumnElement[bool]:
    """The condition that a row of any table is of no retired cutout."""
    return ~exists().where(
        Cutout.dataset_id == dataset_id, Cutout.retired.is_(True), Cutout.ordinal == ordinal
    )


def retired(session: Session, dataset_id: int, n: int) -> np.ndarray:
    """Boolean [n]: which of the first n cutouts are retired."""
    found = np.fromiter(session.scalars(retired_ordinals(dataset_id)), np.int64)
    marks = np.zeros(n, bool)
    marks[found[found < n]] = True
    return marks


def live(session: Session, dataset_id: int, n: int) -> np.ndarray:
    """Ordinals of those of the first n cutouts that are not retired, ascending."""
    return np.flatnonzero(~retired(session, dataset_id, n))


def live_paths(session: Session, dataset_id: int) -> list[str]:
    """The path of every cutout in order; that of a retired one is none that a file could give."""
    rows = session.execute(
        select(Cutout.ordinal, Cutout.path, Cutout.retired)
        .where(Cutout.dataset_id == dataset_id)
        .order_by(Cutout.ordinal)
    )
    return [f"\0{ordinal}" if gone else path for ordinal, path, gone in rows]


def counts(session: Session, dataset_ids: list[int]) -> dict[int, int]:
    """How many cutouts of each dataset are retired."""
    rows = session.execute(
        select(Cutout.dataset_id, func.count())
        .where(Cutout.dataset_id.in_(dataset_ids), Cutout.retired.is_(True))
        .group_by(Cutout.dataset_id)
    )
    return {**dict.fromkeys(dataset_ids, 0), **dict(iter(rows))}
