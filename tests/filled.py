"""A dataset with small cutouts and the preset classes, for tests of the backend."""

import uuid
from dataclasses import dataclass, replace

import numpy as np

from cloudchamber.data import cutouts, datasets, label_sets, people
from cloudchamber.data.database import Database


@dataclass(frozen=True)
class Filled:
    """A dataset of `n` small cutouts with the preset classes."""

    id: int
    n: int
    classes: list[int]
    """Class ids in order: muon, electron, X-ray, other, multiple, readout error."""
    annotator: int

    @property
    def path(self) -> str:
        """Where the API has it."""
        return f"/api/v1/datasets/{self.id}"


def small_cutouts(n: int, prefix: str = "c", start: int = 0) -> list[cutouts.NewCutout]:
    """`n` different cutouts of 4 x 5 pixels."""
    return [
        cutouts.NewCutout(f"{prefix}{k}", np.full((4, 5), k, np.int32), np.ones((4, 5), bool))
        for k in range(start, start + n)
    ]


def fill(database: Database, n: int, name: str | None = None) -> Filled:
    """Make a dataset with `n` cutouts."""
    with database.write() as session:
        dataset = datasets.create_dataset(session, name or f"set {uuid.uuid4().hex}")
        annotator = people.person_named(session, "tester")
        label_set = label_sets.get_label_set(session, dataset.label_set_id)
        cutouts.append_cutouts(session, dataset.id, small_cutouts(n))
        return Filled(dataset.id, n, [c.id for c in label_set.classes], annotator.id)


def number(database: Database, n: int) -> Filled:
    """Make a dataset that counts `n` cutouts without having them: labels need no more."""
    filled = fill(database, 1)
    with database.write() as session:
        datasets.get_dataset(session, filled.id).n_cutouts = n
    return replace(filled, n=n)
