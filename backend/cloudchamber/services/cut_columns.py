"""What the names in a cut stand for in a dataset: its columns, its labels, its predictions."""

from collections.abc import Sequence

import numpy as np
from sqlalchemy.orm import Session

from cloudchamber.data import columns, datasets, label_sets, labels, models, people
from cloudchamber.data.columns import Column
from cloudchamber.errors import Invalid, NotFound
from cloudchamber.services.columns import shown_columns
from cloudchamber.services.cuts import parse_cuts, passing

LABEL = "class"
"""The word for the label in a cut, unless a column is called so."""
CLASS_INDEX = ("predicted", "held_out_class", "snapshot_class")


def cut_mask(
    session: Session,
    dataset_id: int,
    text: str,
    model_id: int | None = None,
    annotator: str | None = None,
) -> np.ndarray:
    """Which cutouts pass a cut string, bool [n_cutouts].

    Columns of the model `model_id` (default: the active one) come before others of the same name;
    `class` is the label of `annotator`, by default the consensus of all.

    Raises
    ------
    Invalid
        For a string that cannot be read, and for columns and names that are not there.
    """
    dataset = datasets.get_dataset(session, dataset_id)
    found = shown_columns(session, dataset)
    if model_id is not None:
        own = columns.find_columns(session, dataset_id, model_version_id=model_id)
        found = [*own, *found]
    first = dataset.active_model_id if model_id is None else model_id
    by_name: dict[str, Column] = {}
    for column in sorted(found, key=lambda c: c.model_version_id != first):
        if column.width == 1:
            by_name.setdefault(column.name, column)
    cuts = parse_cuts(text)
    known = {*by_name, LABEL}
    missing = [f"“{cut.column}”" for cut in cuts if cut.column not in known]
    if missing:
        what = "is no column" if len(missing) == 1 else "are no columns"
        raise Invalid(f"There {what} {', '.join(dict.fromkeys(missing))}.")

    def numbers(name: str) -> np.ndarray:
        column = by_name.get(name)
        if column is None or column.dtype == "category" or column.name in CLASS_INDEX:
            raise Invalid(f'“{name}” has names, not numbers: write {name} == "…".')
        return columns.read_column(session, column)

    def codes(name: str, names: Sequence[str]) -> tuple[np.ndarray, list[int]]:
        if name not in by_name:
            return _labels(session, dataset, names, annotator)
        column = by_name[name]
        if column.dtype == "category":
            words = list(column.categories or [])
        elif column.name in CLASS_INDEX and column.model_version_id is not None:
            model = models.get_model(session, column.model_version_id)
            words = [str(c["name"]) for c in model.classes]
        else:
            raise Invalid(f"“{name}” is a number: compare it with one.")
        values = columns.read_column(session, column)
        return values, _places(names, dict(zip(words, range(len(words)), strict=True)))

    return passing(cuts, dataset.n_cutouts, numbers, codes)


def _labels(
    session: Session, dataset: datasets.Dataset, names: Sequence[str], annotator: str | None
) -> tuple[np.ndarray, list[int]]:
    person = None
    if annotator is not None:
        person = people.find_person(session, annotator)
        if person is None:
            raise NotFound("There is no such annotator.")
    label_set = label_sets.get_label_set(session, dataset.label_set_id)
    ids = {c.name: c.id for c in label_set.all_classes} | {c.name: c.id for c in label_set.classes}
    current = labels.current(session, dataset.id, None if person is None else person.id)
    return current.class_id, _places(names, {"unlabelled": 0} | ids)


def _places(names: Sequence[str], known: dict[str, int]) -> list[int]:
    for name in names:
        if name not in known:
            raise Invalid(f"There is no “{name}”; there are {', '.join(known)}.")
    return [known[name] for name in names]
