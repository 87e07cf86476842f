"""A dataset as a person sees it: its label set, its counts, what changed."""

from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from cloudchamber.data import (
    datasets,
    exposures,
    label_reads,
    label_sets,
    labels,
    models,
    people,
    retired,
    revisions,
)


@dataclass(frozen=True)
class Summary:
    """A dataset and what is counted over it, for one annotator."""

    dataset: datasets.Dataset
    label_set: label_sets.LabelSet
    n_retired: int
    n_exposures: int
    exposure_unit: str | None
    label_counts: dict[int, int]
    labels_newer_than_model: int | None
    revisions: dict[str, int]


def summaries(session: Session, found: list[datasets.Dataset], annotator: str) -> list[Summary]:
    """Summaries of datasets, in a few queries however many."""
    ids = [dataset.id for dataset in found]
    exposed = exposures.count_and_unit(session, ids)
    gone = retired.counts(session, ids)
    person = people.find_person(session, annotator)
    counted = label_reads.counts(session, ids, person.id) if person else {i: {} for i in ids}
    revised = revisions.read_all(session, ids)
    sets = {s.id: s for s in label_sets.list_label_sets(session)}
    return [
        Summary(
            dataset=dataset,
            label_set=sets[dataset.label_set_id],
            n_retired=gone[dataset.id],
            n_exposures=exposed[dataset.id][0],
            exposure_unit=exposed[dataset.id][1],
            label_counts=counted[dataset.id],
            labels_newer_than_model=_newer_labels(session, dataset),
            revisions=revised[dataset.id],
        )
        for dataset in found
    ]


def _newer_labels(session: Session, dataset: datasets.Dataset) -> int | None:
    """On how many cutouts the labels differ from those the active model was trained on; None
    without a model."""
    if dataset.active_model_id is None:
        return None
    model = models.get_model(session, dataset.active_model_id)
    # One that was trained elsewhere has seen none of the labels here.
    own = model.dataset_id == dataset.id
    touched = label_reads.touched_since(session, dataset.id, model.label_action_id if own else 0)
    if not len(touched):
        return 0
    annotator = model.config.get("annotator") if own else None
    person = people.find_person(session, annotator) if annotator else None
    class_id = labels.current(session, dataset.id, person.id if person else None).class_id
    seen = np.zeros(len(class_id), np.int32)
    if own:
        ordinals, class_ids = models.read_label_snapshot(session, model)
        seen[ordinals] = class_ids
    # What was touched and taken back is as it was.
    return int((class_id != seen)[touched].sum())
