"""Labels: what people said, as bytes; recorded, undone and redone by actions."""

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field

from cloudchamber.api.binary import etag, octets, unchanged
from cloudchamber.api.deps import Annotator, Db
from cloudchamber.api.schemas import BINARY, MAX_ID, BodyId, BodyOrdinal, Id, Key, Schema, Text
from cloudchamber.data import datasets, label_reads, labels, people, revisions
from cloudchamber.data.arrays import little_endian
from cloudchamber.services import labels as service

router = APIRouter(tags=["labels"])

How = Literal[
    "key",
    "gallery",
    "lasso",
    "cluster",
    "import",
    "suggestion",
    "matrix",
    "review",
    "repeat",
]
MAX_ORDINALS = 2_000_000


class LabelIn(Schema):
    """One action: `ordinals` null means the whole dataset; `class_id` null takes labels away and
    left out leaves them; `dubious` and `note` left out stay, an empty note is removed. `context`
    is kept beside the action: the polygon of a lasso, the suggestion that was shown."""

    key: Key
    ordinals: Annotated[list[BodyOrdinal], Field(min_length=1, max_length=MAX_ORDINALS)] | None
    class_id: BodyId | None = None
    dubious: bool | None = None
    note: Annotated[Text, Field(max_length=4000)] | None = None
    how: How
    context: dict[str, Any] = Field(default_factory=dict)


class LabelAnswer(Schema):
    """`undoes` names the action this one took back (null for a new one)."""

    action_id: int
    n: int
    undoes: int | None
    labels_revision: int


class KeyIn(Schema):
    key: Key


class StepAnswer(Schema):
    """What an undo or redo made of the cutouts; class 0 is none, flags 1 dubious, 2 note."""

    action_id: int
    undone_action_id: int
    ordinals: list[int]
    class_ids: list[int]
    flags: list[int]
    labels_revision: int


class LabelChanges(Schema):
    last_action_id: int
    ordinals: list[int]
    class_ids: list[int]
    flags: list[int]


class HistoryEntry(Schema):
    at: dt.datetime
    annotator: str
    how: str
    class_id: int | None
    previous_class_id: int | None
    dubious: bool
    note: str | None
    undo_of: int | None
    redo_of: int | None
    action_id: int


@router.get("/datasets/{dataset_id}/labels", response_class=Response, responses=BINARY)
def read_labels(dataset_id: Id, request: Request, db: Db, annotator: Annotator) -> Response:
    """The annotator's labels: int32 class ids [n] (0 for none), then uint8 flags [n] (1 dubious,
    2 note). Header `X-Labels: n;last_action_id`."""
    with db.read() as session:
        dataset = datasets.get_dataset(session, dataset_id)
        person = people.find_person(session, annotator)
        revision = revisions.read(session, dataset_id)
        tag = etag(
            "labels", dataset.created_at, dataset_id, annotator,
            revision["labels"], revision["cutouts"], dataset.n_cutouts,
        )  # fmt: skip
        if (same := unchanged(request, tag)) is not None:
            return same
        found = labels.current(session, dataset_id, person.id if person else 0)
        last = labels.last_action_id(session, dataset_id)
    content = little_endian(found.class_id).tobytes() + found.flags.tobytes()
    return octets(content, tag, X_Labels=f"{len(found.class_id)};{last}")


@router.post("/datasets/{dataset_id}/labels", status_code=201)
def record_labels(dataset_id: Id, body: LabelIn, db: Db, annotator: Annotator) -> LabelAnswer:
    """Record one action. The same key again has the same answer and no further effect."""
    keep = "class_id" not in body.model_fields_set
    request = labels.LabelRequest(
        key=body.key,
        ordinals=body.ordinals,
        class_id=labels.KEEP if keep else body.class_id,
        how=body.how,
        context=body.context,
        dubious=body.dubious,
        note=body.note,
    )
    with db.write() as session:
        action = service.record_labels(session, dataset_id, annotator, request)
        return LabelAnswer(
            action_id=action.id, n=action.n, undoes=None, labels_revision=action.revision
        )


@router.post("/datasets/{dataset_id}/labels/undo")
def undo_labels(dataset_id: Id, body: KeyIn, db: Db, annotator: Annotator) -> StepAnswer:
    """Take back the annotator's last action that is not undone yet; 409 when there is none."""
    with db.write() as session:
        return _step(service.step(session, dataset_id, annotator, body.key, "undo"))


@router.post("/datasets/{dataset_id}/labels/redo")
def redo_labels(dataset_id: Id, body: KeyIn, db: Db, annotator: Annotator) -> StepAnswer:
    """Do again what was undone last; 409 when there is nothing, or something new was done."""
    with db.write() as session:
        return _step(service.step(session, dataset_id, annotator, body.key, "redo"))


def _step(done: service.Step) -> StepAnswer:
    action, changes = done
    return StepAnswer(
        action_id=action.id,
        undone_action_id=action.undo_of or action.redo_of or 0,
        ordinals=changes.ordinals.tolist(),
        class_ids=changes.class_ids.tolist(),
        flags=changes.flags.tolist(),
        labels_revision=action.revision,
    )


@router.get("/datasets/{dataset_id}/labels/history")
def label_history(
    dataset_id: Id, db: Db, ordinal: Annotated[int, Query(ge=0, le=MAX_ID)]
) -> list[HistoryEntry]:
    """Everything that happened to one cutout's label, by anyone, oldest first."""
    with db.read() as session:
        datasets.get_dataset(session, dataset_id)
        return [
            HistoryEntry(
                at=action.at,
                annotator=name,
                how=action.how,
                class_id=event.class_id,
                previous_class_id=event.previous_class_id,
                dubious=event.dubious,
                note=event.note,
                undo_of=action.undo_of,
                redo_of=action.redo_of,
                action_id=action.id,
            )
            for event, action, name in label_reads.history(session, dataset_id, ordinal)
        ]


@router.get("/datasets/{dataset_id}/labels/since")
def labels_since(
    dataset_id: Id, db: Db, annotator: Annotator, action_id: Annotated[int, Query(ge=0, le=MAX_ID)]
) -> LabelChanges:
    """The annotator's labels of all cutouts touched after an action."""
    with db.read() as session:
        datasets.get_dataset(session, dataset_id)
        person = people.find_person(session, annotator)
        changes = label_reads.changes_since(
            session, dataset_id, person.id if person else 0, action_id
        )
        return LabelChanges(
            last_action_id=labels.last_action_id(session, dataset_id),
            ordinals=changes.ordinals.tolist(),
            class_ids=changes.class_ids.tolist(),
            flags=changes.flags.tolist(),
        )
