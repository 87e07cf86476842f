"""Changing a label set that datasets use."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from cloudchamber.data import label_sets, revisions
from cloudchamber.data.datasets import Dataset
from cloudchamber.errors import Conflict, Invalid


def change_label_set(
    session: Session,
    label_set_id: int,
    name: str | None,
    classes: Sequence[label_sets.NewClass] | None,
) -> label_sets.LabelSet:
    """Rename the set or replace its ordered classes, and tell the datasets that use it."""
    label_set = label_sets.get_label_set(session, label_set_id)
    if name is not None:
        if not name.strip():
            raise Invalid("A label set needs a name.")
        other = label_sets.find_label_set(session, name)
        if other is not None and other.id != label_set.id:
            raise Conflict(f"There is a label set called {name} already.")
        label_set.name = name.strip()
    if classes is not None:
        label_sets.replace_classes(session, label_set, classes)
    session.flush()
    users = session.scalars(select(Dataset.id).where(Dataset.label_set_id == label_set_id))
    for dataset_id in users:
        revisions.bump(session, dataset_id, "dataset")
    return label_set
