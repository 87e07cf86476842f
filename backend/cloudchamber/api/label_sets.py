"""Label sets: the ordered classes with key, colour and caption."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from cloudchamber.api.deps import Db
from cloudchamber.api.schemas import BodyId, Id, Name, Schema
from cloudchamber.data import label_sets
from cloudchamber.services import label_sets as service

router = APIRouter(tags=["label sets"])

Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9A-Fa-f]{6}$")]
ClassKey = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x20\x7f]?$")]


class LabelClass(Schema):
    id: int
    ordinal: int
    name: str
    key: str
    colour: str
    caption: str
    number: int | None


class LabelSet(Schema):
    id: int
    name: str
    classes: list[LabelClass]


class LabelClassIn(Schema):
    """A class; with `id` one that exists, and what is left out is given a free key and colour."""

    id: BodyId | None = None
    name: Name
    key: ClassKey | None = None
    colour: Colour | None = None
    caption: Name = ""
    number: Annotated[int, Field(ge=-(2**31), le=2**31 - 1, strict=True)] | None = None

    def to_new(self) -> label_sets.NewClass:
        return label_sets.NewClass(
            self.name, self.key, self.colour, self.caption, self.number, self.id
        )


class LabelSetIn(Schema):
    name: Name
    classes: list[LabelClassIn] = Field(default_factory=list)


class LabelSetPatch(Schema):
    """`classes` is the whole ordered list; a class that is missing from it is deleted, and
    labels that name it stay in the history."""

    name: Name | None = None
    classes: list[LabelClassIn] | None = None


@router.get("/label-sets")
def list_label_sets(db: Db) -> list[LabelSet]:
    """Every label set, oldest first."""
    with db.read() as session:
        return [LabelSet.model_validate(s) for s in label_sets.list_label_sets(session)]


@router.post("/label-sets", status_code=201)
def create_label_set(body: LabelSetIn, db: Db) -> LabelSet:
    """A new label set."""
    with db.write() as session:
        made = label_sets.create_label_set(session, body.name, [c.to_new() for c in body.classes])
        return LabelSet.model_validate(made)


@router.get("/label-sets/{label_set_id}")
def get_label_set(label_set_id: Id, db: Db) -> LabelSet:
    """One label set."""
    with db.read() as session:
        return LabelSet.model_validate(label_sets.get_label_set(session, label_set_id))


@router.patch("/label-sets/{label_set_id}")
def change_label_set(label_set_id: Id, body: LabelSetPatch, db: Db) -> LabelSet:
    """Rename a label set, or change its classes."""
    classes = None if body.classes is None else [c.to_new() for c in body.classes]
    with db.write() as session:
        changed = service.change_label_set(session, label_set_id, body.name, classes)
        return LabelSet.model_validate(changed)
