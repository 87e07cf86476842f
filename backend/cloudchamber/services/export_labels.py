"""The labels that are exported: by consensus, of one annotator, or every judgement."""

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloudchamber.data import cutouts, datasets, judgements, label_sets, labels, people
from cloudchamber.data.label_tables import DUBIOUS, Label, LabelAction, LabelEvent
from cloudchamber.data.people import Person
from cloudchamber.errors import NotFound
from cloudchamber.services.export_formats.ecotaxa import Annotation
from cloudchamber.services.export_formats.table import ExportColumn, ExportTable
from cloudchamber.services.export_requests import ExportRequest


def labels_table(
    session: Session, dataset_id: int, chosen: np.ndarray, request: ExportRequest
) -> ExportTable:
    """`name,path,label` of the labelled cutouts, and `annotator` where everybody's are wanted."""
    if request.every_annotator:
        return _every_judgement(session, dataset_id, chosen)
    class_ids = current_classes(session, dataset_id, request.annotator)[chosen]
    names = class_names(session, dataset_id)
    labelled = class_ids > 0
    label = [names[i] for i in class_ids[labelled].tolist()]
    who = request.annotator or "most annotators"
    described = f"Class given by {who}"
    return ExportTable(
        [
            *identity(session, dataset_id, chosen[labelled]),
            ExportColumn("label", label, title="Label", description=described),
        ],
        title="labels",
    )


def _every_judgement(session: Session, dataset_id: int, chosen: np.ndarray) -> ExportTable:
    names = class_names(session, dataset_id)
    ordinals, label, annotator = [], [], []
    for person in judgements.by_annotator(session, dataset_id, limit=None):
        wanted = np.isin(person.ordinals, chosen)
        ordinals.append(person.ordinals[wanted])
        label += [names[i] for i in person.class_ids[wanted].tolist()]
        annotator += [person.name] * int(wanted.sum())
    places = np.concatenate([np.empty(0, np.int64), *ordinals])
    order = np.argsort(places, kind="stable")
    return ExportTable(
        [
            *identity(session, dataset_id, places[order]),
            ExportColumn("label", [label[k] for k in order], title="Label"),
            ExportColumn("annotator", [annotator[k] for k in order], title="Annotator"),
        ],
        title="labels",
    )


def current_classes(session: Session, dataset_id: int, annotator: str | None) -> np.ndarray:
    """Class ids of all cutouts, int32 [n], 0 for none."""
    return labels.current(session, dataset_id, _annotator_id(session, annotator)).class_id


def class_names(session: Session, dataset_id: int) -> dict[int, str]:
    """The classes of the dataset's label set by id."""
    dataset = datasets.get_dataset(session, dataset_id)
    label_set = label_sets.get_label_set(session, dataset.label_set_id)
    return {c.id: c.name for c in label_set.all_classes}


def identity(session: Session, dataset_id: int, chosen: np.ndarray) -> list[ExportColumn]:
    """The two columns that every export begins with: the name, and the path it came from."""
    names = cutouts.names(session, dataset_id)
    paths = cutouts.paths(session, dataset_id)
    return [
        ExportColumn("name", [names[o] for o in chosen.tolist()], title="Name of the cutout"),
        ExportColumn("path", [paths[o] for o in chosen.tolist()], title="Path it was imported by"),
    ]


def annotations(
    session: Session, dataset_id: int, chosen: np.ndarray, annotator: str | None
) -> list[Annotation | None]:
    """What EcoTaxa wants to know of the labels of `chosen`; by whom only where one person agrees
    with the consensus, and when the last of them did."""
    annotator_id = _annotator_id(session, annotator)
    current = labels.current(session, dataset_id, annotator_id)
    names = class_names(session, dataset_id)
    query = (
        select(Label.ordinal, Label.class_id, Person.name, LabelAction.at)
        .join(LabelEvent, LabelEvent.id == Label.event_id)
        .join(LabelAction, LabelAction.id == LabelEvent.action_id)
        .join(Person, Person.id == Label.annotator_id)
        .where(Label.dataset_id == dataset_id, Label.class_id.is_not(None))
    )
    if annotator_id is not None:
        query = query.where(Label.annotator_id == annotator_id)
    given: dict[int, Annotation] = {}
    for ordinal, class_id, person, at in session.execute(query):
        if class_id is None or class_id != current.class_id[ordinal]:
            continue
        status = "dubious" if current.flags[ordinal] & DUBIOUS else "validated"
        other = given.get(ordinal)
        if other is not None:
            person, at = "", max(at, other.at or at)
        given[ordinal] = Annotation(names[class_id], status, person, at)
    return [given.get(ordinal) for ordinal in chosen.tolist()]


def _annotator_id(session: Session, annotator: str | None) -> int | None:
    if annotator is None:
        return None
    person = people.find_person(session, annotator)
    if person is None:
        raise NotFound("There is no such annotator.")
    return person.id
