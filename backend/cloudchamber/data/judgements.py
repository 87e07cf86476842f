"""Judgements side by side: several people's of one cutout, and one person's at two times.

The history keeps every judgement: a blind repeat is a new one beside the old, and the newest
counts as the label.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cloudchamber.data.label_tables import Label, LabelAction, LabelEvent, packed, unpack
from cloudchamber.data.people import Person
from cloudchamber.data.retired import retired_ordinals

MAX_ANNOTATORS = 50


@dataclass(frozen=True)
class Judgements:
    """Current labels of one annotator: ordinals and class ids, int32 [n] each, by ordinal."""

    name: str
    ordinals: np.ndarray
    class_ids: np.ndarray


@dataclass(frozen=True)
class Twice:
    """Judgements given where there was a label already: arrays of one length, oldest first."""

    name: str
    ordinals: np.ndarray
    before: np.ndarray
    """Class ids, 0 for none."""
    after: np.ndarray


def by_annotator(
    session: Session, dataset_id: int, limit: int | None = MAX_ANNOTATORS
) -> list[Judgements]:
    """The current labels of everybody (of `limit` people), most labels first."""
    people = session.execute(
        select(Person.id, Person.name)
        .join(Label, Label.annotator_id == Person.id)
        .where(Label.dataset_id == dataset_id, Label.class_id.is_not(None))
        .group_by(Person.id, Person.name)
        .order_by(func.count().desc(), Person.id)
        .limit(limit)
    ).all()
    gone = retired_ordinals(dataset_id)
    found = []
    for person_id, name in people:
        query = (
            select(packed(Label))
            .where(Label.dataset_id == dataset_id, Label.annotator_id == person_id)
            .where(Label.class_id.is_not(None), Label.ordinal.not_in(gone))
            .order_by(Label.ordinal)
        )
        ordinals, class_ids, _ = unpack(session.scalars(query))
        found.append(Judgements(name, ordinals, class_ids))
    return found


def judged_twice(
    session: Session,
    dataset_id: int,
    how: Literal["review", "repeat"],
    annotator_id: int | None = None,
) -> list[Twice]:
    """What reviews or blind repeats found, by annotator; those undone are left out."""
    actions = select(
        LabelAction.id, LabelAction.annotator_id, LabelAction.undo_of, Person.name
    ).join(Person, Person.id == LabelAction.annotator_id)
    events = select(
        LabelEvent.action_id,
        LabelEvent.ordinal,
        func.coalesce(LabelEvent.previous_class_id, 0),
        func.coalesce(LabelEvent.class_id, 0),
    ).join(LabelAction, LabelAction.id == LabelEvent.action_id)
    mine = [LabelAction.dataset_id == dataset_id, LabelAction.how == how]
    shown = LabelEvent.ordinal.not_in(retired_ordinals(dataset_id))
    if annotator_id is not None:
        mine.append(LabelAction.annotator_id == annotator_id)
    rows = session.execute(actions.where(*mine)).all()
    undone = {row.undo_of for row in rows}
    names = {r.id: r.name for r in rows if r.undo_of is None and r.id not in undone}
    table = session.execute(events.where(*mine, shown).order_by(LabelEvent.id)).all()
    return list(_per_person(names, np.array([tuple(row) for row in table], np.int64)))


def _per_person(names: dict[int, str], table: np.ndarray) -> Iterator[Twice]:
    by_name: dict[str, list[int]] = {}
    for action_id, name in names.items():
        by_name.setdefault(name, []).append(action_id)
    for name, action_ids in by_name.items():
        own = table[np.isin(table[:, 0], action_ids)]
        yield Twice(name, own[:, 1], own[:, 2], own[:, 3])


def repeatable(session: Session, dataset_id: int, annotator_id: int, gap: int) -> np.ndarray:
    """Ordinals int32 [n] that the annotator judged, each more than `gap` labels ago.

    Labels from files are nobody's judgement here and are left out.
    """
    query = (
        select(Label.ordinal)
        .join(LabelEvent, LabelEvent.id == Label.event_id)
        .join(LabelAction, LabelAction.id == LabelEvent.action_id)
        .where(Label.dataset_id == dataset_id, Label.annotator_id == annotator_id)
        .where(Label.class_id.is_not(None), LabelAction.how != "import")
        .where(Label.ordinal.not_in(retired_ordinals(dataset_id)))
        .order_by(Label.event_id.desc())
        .offset(gap)
    )
    return np.fromiter(session.scalars(query), np.int32)
