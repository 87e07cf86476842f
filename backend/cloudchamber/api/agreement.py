"""Agreement: between people, of one person with themselves, and the labels to look at again."""

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query

from cloudchamber.api.deps import Annotator, Db
from cloudchamber.api.schemas import MAX_ID, Id, Schema
from cloudchamber.data import datasets, judgements, people
from cloudchamber.services import agreement as service

router = APIRouter(tags=["labels"])

CURSOR = r"^\d{1,7}-\d{1,10}$"
Person = Annotated[str | None, Query(max_length=200)]
ClassId = Annotated[int | None, Query(ge=1, le=MAX_ID)]


class AnnotatorCount(Schema):
    name: str
    n: int


class Kappa(Schema):
    """Agreement beyond chance with its 95 % interval; null where chance alone agrees always."""

    n: int
    agreed: float | None
    kappa: float | None
    interval: tuple[float, float] | None


class PairAgreement(Kappa):
    """Two people on the cutouts both judged; `confusion` has a row per class of `a` and a column
    per class of `b`, in the order of `class_ids`."""

    a: str
    b: str
    confusion: list[list[int]]


class SelfAgreement(Kappa):
    """Blind repeats of one person: rows are the first judgement, columns the second."""

    name: str
    confusion: list[list[int]]


class FleissKappa(Schema):
    """Over the cutouts judged by two people at least."""

    n: int
    kappa: float | None
    interval: tuple[float, float] | None


class Agreement(Schema):
    annotators: list[AnnotatorCount]
    class_ids: list[int]
    pairs: list[PairAgreement]
    fleiss: FleissKappa | None
    n_disputed: int
    repeats: list[SelfAgreement]


class Vote(Schema):
    annotator: str
    class_id: int


class Disputed(Schema):
    """`dispute` is the share of judgements against the most frequent one."""

    ordinal: int
    dispute: float
    votes: list[Vote]


class DisputedPage(Schema):
    items: list[Disputed]
    total: int
    next: str | None


class Reviews(Schema):
    """Cutouts whose label was looked at again, each once, and whether it was changed then."""

    ordinals: list[int]
    changed: list[bool]


class Repeatable(Schema):
    """A random draw from the `total` cutouts that were judged long enough ago."""

    ordinals: list[int]
    total: int


@router.get("/datasets/{dataset_id}/agreement")
def get_agreement(dataset_id: Id, db: Db) -> Agreement:
    """Who labelled how much, Cohen's kappa of each pair, Fleiss' kappa of all, blind repeats."""
    with db.read() as session:
        return Agreement.model_validate(service.summarise(session, dataset_id))


@router.get("/datasets/{dataset_id}/agreement/disputed")
def list_disputed(
    dataset_id: Id,
    db: Db,
    a: Person = None,
    b: Person = None,
    class_a: ClassId = None,
    class_b: ClassId = None,
    cursor: Annotated[str | None, Query(pattern=CURSOR)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> DisputedPage:
    """Cutouts on which people differ, the most disputed first; or a cell of two people's table."""
    after = None
    if cursor is not None:
        rank, ordinal = cursor.split("-")
        after = (int(rank), int(ordinal))
    with db.read() as session:
        cell = service.Cell(a, b, class_a, class_b)
        items, end, total = service.disputed(session, dataset_id, cell, after, limit)
    return DisputedPage(
        items=[Disputed.model_validate(item) for item in items],
        total=total,
        next=None if end is None else f"{end[0]}-{end[1]}",
    )


@router.get("/datasets/{dataset_id}/labels/reviews")
def list_reviews(dataset_id: Id, db: Db, annotator: Annotator) -> Reviews:
    """Labels that the annotator has looked at again (`how` review), undone ones left out."""
    with db.read() as session:
        datasets.get_dataset(session, dataset_id)
        person = people.find_person(session, annotator)
        found = judgements.judged_twice(session, dataset_id, "review", person.id) if person else []
    last: dict[int, bool] = {}
    for one in found:
        for ordinal, before, after in zip(
            one.ordinals.tolist(), one.before.tolist(), one.after.tolist(), strict=True
        ):
            last[ordinal] = last.get(ordinal, False) or before != after
    return Reviews(ordinals=list(last), changed=list(last.values()))


@router.get("/datasets/{dataset_id}/labels/repeatable")
def list_repeatable(
    dataset_id: Id,
    db: Db,
    annotator: Annotator,
    gap: Annotated[int, Query(ge=0, le=1_000_000)] = 50,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 500,
    seed: Annotated[int, Query(ge=0, le=MAX_ID)] = 0,
) -> Repeatable:
    """Cutouts for a blind repeat: judged by the annotator more than `gap` labels ago."""
    with db.read() as session:
        datasets.get_dataset(session, dataset_id)
        person = people.find_person(session, annotator)
        found = (
            judgements.repeatable(session, dataset_id, person.id, gap)
            if person
            else np.zeros(0, np.int32)
        )
    drawn = np.random.default_rng(seed).permutation(found)[:limit]
    return Repeatable(ordinals=drawn.tolist(), total=len(found))
