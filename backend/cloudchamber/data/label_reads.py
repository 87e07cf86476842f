"""What the label tables tell: counts, changes since an action, the history of a cutout."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloudchamber.data.label_tables import Label, LabelAction, LabelEvent, packed, unpack
from cloudchamber.data.people import Person
from cloudchamber.data.retired import not_retired, retired_ordinals


def counts(
    session: Session, dataset_ids: Sequence[int], annotator_id: int
) -> dict[int, dict[int, int]]:
    """Number of cutouts by dataset and class that the annotator has labelled."""
    rows = session.execute(
        select(Label.dataset_id, Label.class_id, func.count())
        .where(Label.dataset_id.in_(dataset_ids), Label.annotator_id == annotator_id)
        .where(Label.class_id.is_not(None), not_retired(Label.dataset_id, Label.ordinal))
        .group_by(Label.dataset_id, Label.class_id)
    )
    found: dict[int, dict[int, int]] = {dataset_id: {} for dataset_id in dataset_ids}
    for dataset_id, class_id, n in rows:
        found[dataset_id][class_id or 0] = n
    return found


def touched_since(session: Session, dataset_id: int, action_id: int) -> np.ndarray:
    """Ordinals of the cutouts whose label anyone touched after an action, if only to undo it."""
    found = session.scalars(
        select(LabelEvent.ordinal)
        .where(LabelEvent.dataset_id == dataset_id, LabelEvent.action_id > action_id)
        .where(LabelEvent.ordinal.not_in(retired_ordinals(dataset_id)))
        .distinct()
    )
    return np.fromiter(found, np.int64)


@dataclass(frozen=True)
class Changes:
    """What an action or a stretch of time did: arrays of one length, `class_ids` 0 for none."""

    ordinals: np.ndarray
    class_ids: np.ndarray
    flags: np.ndarray


def changes_since(session: Session, dataset_id: int, annotator_id: int, action_id: int) -> Changes:
    """The annotator's current labels of all cutouts touched after an action."""
    touched = (
        select(LabelEvent.ordinal)
        .join(LabelAction, LabelAction.id == LabelEvent.action_id)
        .where(LabelAction.dataset_id == dataset_id, LabelAction.annotator_id == annotator_id)
        .where(LabelAction.id > action_id)
    )
    query = (
        select(packed(Label))
        .where(Label.dataset_id == dataset_id, Label.annotator_id == annotator_id)
        .where(Label.ordinal.in_(touched), Label.ordinal.not_in(retired_ordinals(dataset_id)))
        .order_by(Label.ordinal)
    )
    return Changes(*unpack(session.scalars(query)))


def changes_of(session: Session, action_id: int) -> Changes:
    """What one action made of the cutouts it touched."""
    query = (
        select(packed(LabelEvent))
        .where(
            LabelEvent.action_id == action_id,
            not_retired(LabelEvent.dataset_id, LabelEvent.ordinal),
        )
        .order_by(LabelEvent.id)
    )
    return Changes(*unpack(session.scalars(query)))


def history(session: Session, dataset_id: int, ordinal: int) -> list[tuple[Any, ...]]:
    """(event, action, annotator's name) of everything that happened to one cutout's label."""
    rows = session.execute(
        select(LabelEvent, LabelAction, Person.name)
        .join(LabelAction, LabelAction.id == LabelEvent.action_id)
        .join(Person, Person.id == LabelAction.annotator_id)
        .where(LabelEvent.dataset_id == dataset_id, LabelEvent.ordinal == ordinal)
        .order_by(LabelEvent.id)
    )
    return [tuple(row) for row in rows]
