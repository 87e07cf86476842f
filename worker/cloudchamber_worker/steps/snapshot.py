"""The labels a training starts from, frozen: later labels change nothing, and a resumed attempt
sees what the first one saw."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import datasets, label_sets, labels, people
from cloudchamber.errors import JobError
from cloudchamber_worker.learning.checkpoints import Journal


@dataclass(frozen=True)
class Snapshot:
    """n cutouts; class_id int32 [n], 0 where unlabelled; action_id of the last label action."""

    n: int
    class_id: NDArray[np.int32]
    action_id: int

    @property
    def rows(self) -> NDArray[np.intp]:
        """Ordinals of the labelled cutouts."""
        return np.flatnonzero(self.class_id)


@dataclass(frozen=True)
class Targets:
    """classes [{id, name}] in the label set's order; y int64 [labels], index into them."""

    classes: list[dict[str, Any]]
    y: NDArray[np.int64]


def freeze_labels(
    session: Session, dataset_id: int, annotator: str | None, journal: Journal
) -> Snapshot:
    """The current labels of one annotator (or the consensus), or those the journal remembers."""
    if saved := journal.result("snapshot"):
        class_id = saved["class_id"]
        return Snapshot(len(class_id), class_id, int(saved["action_id"][0]))
    annotator_id = None
    if annotator is not None:
        person = people.find_person(session, annotator)
        if person is None:
            raise JobError(
                f"Nobody called {annotator} has labelled here.",
                hint="Leave the annotator out to train on everybody's labels.",
            )
        annotator_id = person.id
    class_id = labels.current(session, dataset_id, annotator_id).class_id
    return Snapshot(len(class_id), class_id, labels.last_action_id(session, dataset_id))


def remember(journal: Journal, snapshot: Snapshot) -> None:
    """Put the snapshot into the journal for the attempts to come."""
    if journal.result("snapshot") is None:
        action = np.array([snapshot.action_id], np.int64)
        journal.finish("snapshot", {"class_id": snapshot.class_id, "action_id": action})


def class_targets(session: Session, dataset_id: int, snapshot: Snapshot) -> Targets:
    """Classes with labels and each label's class number; JobError where no training is possible."""
    label_set = label_sets.get_label_set(
        session, datasets.get_dataset(session, dataset_id, deleted=True).label_set_id
    )
    given = snapshot.class_id[snapshot.rows]
    # A class deleted since is still what its labels say.
    present = [c for c in label_set.all_classes if (given == c.id).any()]
    counts = {c.name: int((given == c.id).sum()) for c in present}
    if sum(count >= 2 for count in counts.values()) < 2:
        have = ", ".join(f"{count} {name}" for name, count in counts.items()) or "no labels"
        raise JobError(
            f"2 classes with at least 2 labels are needed; you have {have}.",
            hint="Label some more cutouts, for instance 25 in the order “most typical first”.",
        )
    index = {c.id: i for i, c in enumerate(present)}
    y = np.array([index[int(k)] for k in given], np.int64)
    return Targets([{"id": c.id, "name": c.name} for c in present], y)
