"""Labels by the name of who gives them."""

from typing import Literal

from sqlalchemy.orm import Session

from cloudchamber.data import datasets, label_reads, labels, people
from cloudchamber.data.label_tables import LabelAction

Step = tuple[LabelAction, label_reads.Changes]


def record_labels(
    session: Session, dataset_id: int, annotator: str, request: labels.LabelRequest
) -> LabelAction:
    """Record an action of the annotator, who is made known by it."""
    datasets.get_dataset(session, dataset_id)
    person = people.person_named(session, annotator)
    return labels.record_request(session, dataset_id, person.id, request)


def step(
    session: Session, dataset_id: int, annotator: str, key: str, way: Literal["undo", "redo"]
) -> Step:
    """Undo or redo, and what became of the cutouts it touched."""
    datasets.get_dataset(session, dataset_id)
    person = people.person_named(session, annotator)
    take = labels.undo if way == "undo" else labels.redo
    action = take(session, dataset_id, person.id, key)
    return action, label_reads.changes_of(session, action.id)
