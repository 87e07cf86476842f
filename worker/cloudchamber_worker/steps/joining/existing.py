"""What a dataset knows already: labels by annotator, classes, columns; read when asked for."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy.orm import Session

from cloudchamber.data import columns, datasets, label_sets, labels, people
from cloudchamber.data.columns import MISSING

Read = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True)
class KnownClass:
    """A class of the dataset's label set; `number` is that of the seed's arrays."""

    id: int
    name: str
    number: int | None


@dataclass(frozen=True)
class KnownColumn:
    """A metadata column as it is: `values` [n] are codes where there are `categories`."""

    values: np.ndarray
    categories: list[str] | None
    unit: str
    description: str


@dataclass
class Existing:
    """The dataset of an import; without one (a look before it is made) it knows nothing.

    n : cutouts that count, those included that a look says would come in
    """

    read: Read
    dataset_id: int | None
    n: int
    _taken: set[str] | None = field(default=None, init=False)

    def classes(self, label_set: str | None) -> tuple[list[KnownClass], bool]:
        """The classes of the label set of that name, else of the dataset's; and whether the
        dataset has no label yet, so that the set may still be chosen."""
        with self.read() as session:
            if self.dataset_id is None:
                chosen = label_sets.find_label_set(session, label_set) if label_set else None
                return _known(chosen), True
            dataset = datasets.get_dataset(session, self.dataset_id)
            fresh = not labels.has_labels(session, dataset.id)
            chosen = label_sets.find_label_set(session, label_set) if label_set and fresh else None
            return _known(chosen or label_sets.get_label_set(session, dataset.label_set_id)), fresh

    def label_ids(self, annotator: str) -> np.ndarray:
        """Class ids of one annotator's labels, int64 [n], 0 for none."""
        found = np.zeros(self.n, np.int64)
        if self.dataset_id is None:
            return found
        with self.read() as session:
            person = people.find_person(session, annotator)
            if person is not None:
                class_id = labels.current(session, self.dataset_id, person.id).class_id
                found[: len(class_id)] = class_id[: self.n]
        return found

    def class_names(self) -> dict[int, str]:
        """Names of all classes of the dataset's label set by id, deleted ones included."""
        if self.dataset_id is None:
            return {}
        with self.read() as session:
            dataset = datasets.get_dataset(session, self.dataset_id)
            label_set = label_sets.get_label_set(session, dataset.label_set_id)
            return {c.id: c.name for c in label_set.all_classes}

    def is_taken(self, name: str) -> bool:
        """Whether a column of this name is there that no table may write to."""
        if self._taken is None:
            self._taken = set()
            if self.dataset_id is not None:
                with self.read() as session:
                    found = columns.find_columns(session, self.dataset_id)
                    self._taken = {c.name for c in found if c.group != "metadata" and not c.owner}
        return name in self._taken

    def column(self, name: str) -> KnownColumn | None:
        """The metadata column of this name, None when there is none."""
        if self.dataset_id is None:
            return None
        with self.read() as session:
            found = columns.find_columns(session, self.dataset_id, "metadata", names=[name])
            if not found:
                return None
            column = found[0]
            values = np.full(self.n, MISSING[column.dtype], column.numpy_dtype)
            old = columns.read_column(session, column)[: self.n]
            values[: len(old)] = old
            words = list(column.categories or []) if column.dtype == "category" else None
            return KnownColumn(values, words, column.unit, column.description)


def _known(label_set: label_sets.LabelSet | None) -> list[KnownClass]:
    if label_set is None:
        return []
    return [KnownClass(c.id, c.name, c.number) for c in label_set.classes]
