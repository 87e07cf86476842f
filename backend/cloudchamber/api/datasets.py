"""Datasets: numbered lists of cutouts."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from cloudchamber.api.deps import Annotator, Db
from cloudchamber.api.events import Revisions
from cloudchamber.api.label_sets import LabelSet
from cloudchamber.api.schemas import BodyId, Id, Name, Schema
from cloudchamber.data import datasets, label_sets, labels
from cloudchamber.errors import Conflict
from cloudchamber.services.datasets import Summary, summaries

router = APIRouter(tags=["datasets"])


class LabelCount(Schema):
    class_id: int
    n: int


class Dataset(Schema):
    """A dataset; counts of labels are those of the annotator who asks."""

    id: int
    name: str
    created_at: dt.datetime
    deleted_at: dt.datetime | None
    label_set: LabelSet
    n_cutouts: int
    """Ordinals there are, those of retired cutouts among them."""
    n_retired: int
    """Cutouts that the current detection of their exposure does not have: shown nowhere."""
    n_exposures: int
    exposure_unit: str | None
    n_labelled: int
    label_counts: list[LabelCount]
    active_model_id: int | None
    active_map_job_id: int | None
    labels_newer_than_model: int | None
    revisions: Revisions


class DatasetIn(Schema):
    """`label_set_id` left out means the preset *CCD tracks*."""

    name: Name
    label_set_id: BodyId | None = None


class DatasetPatch(Schema):
    name: Name | None = None
    label_set_id: BodyId | None = None


def describe(session: Session, found: list[datasets.Dataset], annotator: str) -> list[Dataset]:
    return [_dataset(summary) for summary in summaries(session, found, annotator)]


def _dataset(summary: Summary) -> Dataset:
    dataset = summary.dataset
    counts = [LabelCount(class_id=c, n=n) for c, n in sorted(summary.label_counts.items())]
    return Dataset(
        id=dataset.id,
        name=dataset.name,
        created_at=dataset.created_at,
        deleted_at=dataset.deleted_at,
        label_set=LabelSet.model_validate(summary.label_set),
        n_cutouts=dataset.n_cutouts,
        n_retired=summary.n_retired,
        n_exposures=summary.n_exposures,
        exposure_unit=summary.exposure_unit,
        n_labelled=sum(count.n for count in counts),
        label_counts=counts,
        active_model_id=dataset.active_model_id,
        active_map_job_id=dataset.active_map_job_id,
        labels_newer_than_model=summary.labels_newer_than_model,
        revisions=Revisions(**summary.revisions),
    )


@router.get("/datasets")
def list_datasets(
    db: Db,
    annotator: Annotator,
    deleted: Annotated[bool, Query(description="The deleted ones instead.")] = False,
) -> list[Dataset]:
    """The datasets, newest first."""
    with db.read() as session:
        return describe(session, datasets.list_datasets(session, deleted=deleted), annotator)


@router.post("/datasets", status_code=201)
def create_dataset(body: DatasetIn, db: Db, annotator: Annotator) -> Dataset:
    """A new, empty dataset."""
    with db.write() as session:
        if body.label_set_id is not None:
            label_sets.get_label_set(session, body.label_set_id)
        made = datasets.create_dataset(session, body.name, body.label_set_id)
        return describe(session, [made], annotator)[0]


@router.get("/datasets/{dataset_id}")
def get_dataset(dataset_id: Id, db: Db, annotator: Annotator) -> Dataset:
    """One dataset."""
    with db.read() as session:
        return describe(session, [datasets.get_dataset(session, dataset_id)], annotator)[0]


@router.patch("/datasets/{dataset_id}")
def change_dataset(dataset_id: Id, body: DatasetPatch, db: Db, annotator: Annotator) -> Dataset:
    """Rename a dataset, or give it another label set as long as nothing is labelled."""
    with db.write() as session:
        dataset = datasets.get_dataset(session, dataset_id)
        if body.name is not None:
            datasets.rename_dataset(session, dataset, body.name)
        if body.label_set_id is not None and body.label_set_id != dataset.label_set_id:
            label_sets.get_label_set(session, body.label_set_id)
            if labels.has_labels(session, dataset_id):
                raise Conflict(
                    "The dataset has labels already: its label set stays.",
                    hint="Change the classes of its label set instead.",
                )
            datasets.set_label_set(session, dataset, body.label_set_id)
        return describe(session, [dataset], annotator)[0]


@router.delete("/datasets/{dataset_id}", status_code=204)
def delete_dataset(dataset_id: Id, db: Db) -> None:
    """Delete a dataset; nothing is removed, and `restore` brings it back."""
    with db.write() as session:
        datasets.delete_dataset(session, datasets.get_dataset(session, dataset_id))


@router.post("/datasets/{dataset_id}/restore")
def restore_dataset(dataset_id: Id, db: Db, annotator: Annotator) -> Dataset:
    """Bring a deleted dataset back with all it had."""
    with db.write() as session:
        dataset = datasets.get_dataset(session, dataset_id, deleted=True)
        if dataset.deleted_at is not None:
            datasets.restore_dataset(session, dataset)
        return describe(session, [dataset], annotator)[0]
