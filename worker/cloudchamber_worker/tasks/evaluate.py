"""Compare a model version with a label file: accuracy, macro-F1, confusion, calibration."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import columns, cutout_groups, datasets, label_sets, models
from cloudchamber.data.copies import is_telling, same_image
from cloudchamber.data.job_requests import Evaluate, Joining
from cloudchamber.data.names import Names
from cloudchamber.data.retired import live_paths
from cloudchamber.errors import JobError
from cloudchamber_worker.imaging.sandbox import decode
from cloudchamber_worker.imaging.tables import ReadTable
from cloudchamber_worker.learning.classifier import classifier_from_bytes
from cloudchamber_worker.learning.metrics import summarise
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.classifier_inputs import read_for_model
from cloudchamber_worker.steps.joining.label_files import compared_labels
from cloudchamber_worker.steps.source import spooled

QUEUE = "cpu"


def run(job: JobContext) -> None:
    """Read labels and predictions → figures → publish them as the job's result."""
    params = Evaluate.model_validate(job.params)
    job.progress(0.1, "reading")
    tables = _tables(job, params)
    with job.read() as session:
        model = _model(session, job.dataset_id, params.model_version_id)
        names_of = Names(live_paths(session, job.dataset_id))
        dataset = datasets.get_dataset(session, job.dataset_id)
        known = label_sets.get_label_set(session, dataset.label_set_id).classes
        asked = params.model_dump(include={"key", "label_column", "annotator_column"})
        given = compared_labels(
            tables, names_of, {c.number: c.name for c in known if c.number is not None},
            Joining.model_validate(asked),
        )  # fmt: skip
        if not len(given.ordinals):
            raise JobError(
                f"None of the {given.given} rows gives a cutout of this dataset its class: "
                + "; ".join(given.notes[-1:]),
                hint="It is read as import reads labels: a column of names and one of classes.",
            )
        rows = given.ordinals
        job.progress(0.4, "predicting", cutouts=len(rows))
        probability = _probability(session, job.dataset_id, model, rows)
        trained = _trained_on(session, job.dataset_id, model, rows)
        hashes = cutout_groups.canonical_hashes(session, job.dataset_id)
        image = same_image([hashes[row] for row in rows])
    names = [c["name"] for c in model.classes]
    y = _class_numbers(given.labels, names)
    # Classes the model does not know get no probability: their cutouts count as mistakes.
    unknown = np.zeros((len(rows), len(names) - probability.shape[1]), np.float32)
    probability = np.concatenate([probability, unknown], axis=1)
    figures = summarise(probability, y, len(names), image)
    unseen = ~trained
    apart = summarise(probability[unseen], y[unseen], len(names), image[unseen])
    calibration = figures.pop("calibration")
    result = {
        **figures,
        "classes": names,
        "ece": calibration["ece"],
        "reliability": calibration["bins"],
        "model_version_id": model.id,
        "unknown_names": given.unknown,
        "ambiguous_names": given.ambiguous,
        "unusable_rows": given.unusable,
        "repeated_rows": given.repeated,
        "divided_cutouts": given.divided,
        "notes": given.notes,
        "in_training": int(trained.sum()),
        "unseen": {key: apart[key] for key in ("n", "accuracy", "accuracy_interval", "macro_f1")},
    }
    with job.publish(result):
        pass


def _model(session: Session, dataset_id: int, model_version_id: int | None) -> models.ModelVersion:
    dataset = datasets.get_dataset(session, dataset_id)
    chosen = model_version_id or dataset.active_model_id
    if chosen is None:
        raise JobError("The dataset has no classifier yet.", hint="Label some cutouts and retrain.")
    model = models.get_model(session, chosen)
    if model.kind != "train_classifier":
        raise JobError(f"{model.name} names no classes.", hint="Choose a classifier.")
    return model


def _trained_on(
    session: Session, dataset_id: int, model: models.ModelVersion, rows: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Which of the cutouts ``rows`` the model has seen with a label: itself, or a copy of it, as it
    lies, turned or mirrored, in the dataset it was trained on. Images too simple to be copies, such
    as one bright pixel, count for themselves alone."""
    ordinals, _ = models.read_label_snapshot(session, model)
    theirs = cutout_groups.canonical_hashes(session, model.dataset_id)
    here = theirs
    trained = np.isin(rows, ordinals)
    if model.dataset_id != dataset_id:
        here = cutout_groups.canonical_hashes(session, dataset_id)
        trained = np.zeros(len(rows), bool)  # ordinals of another dataset
    seen = {theirs[o] for o in ordinals.tolist()}
    seen = {digest for digest in seen if digest is not None and is_telling(digest)}
    return trained | np.array([here[row] in seen for row in rows.tolist()], bool)


def _tables(job: JobContext, params: Evaluate) -> list[ReadTable]:
    """The labels to compare with, as tables: those of the request, or of the file."""
    if params.labels:
        named = {
            "name": [line.name for line in params.labels],
            "label": [line.label for line in params.labels],
        }
        return [ReadTable(pa.table(named), key="name", label_column="label")]
    if params.upload_id is None:
        raise JobError("There are no labels to compare with.", hint="Name a label file.")
    found: list[ReadTable] = []
    refused: list[str] = []
    with spooled(job, params.upload_id) as (stream, name):
        for file in decode(stream, name, "labels", keep_alive=lambda: job.progress(0.1, "reading")):
            for item in file.items:
                if item.table is not None:
                    found.append(ReadTable.of(item.table, item.about))
            if file.refused:
                refused.append(f"{file.name} {file.refused}")
    if not found:
        raise JobError(
            f"The label file holds no labels: {'; '.join(refused[:3])}.",
            hint="Every form of labels that import takes is read.",
        )
    return found


def _class_numbers(given: list[str], names: list[str]) -> NDArray[np.int64]:
    """Number of each label among ``names``, to which labels that are missing there are appended."""
    number = {label_sets.normal_name(name): i for i, name in enumerate(names)}
    found = []
    for label in given:
        key = label_sets.normal_name(label)
        if key not in number:
            number[key] = len(names)
            names.append(label)
        found.append(number[key])
    return np.array(found, np.int64)


def _probability(
    session: Session, dataset_id: int, model: models.ModelVersion, rows: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Class probabilities [rows, classes]: as published, computed for cutouts that came later."""
    published = np.empty((0, len(model.classes)), np.float32)
    # One of another dataset may not have been applied here yet.
    for column in columns.find_columns(
        session, dataset_id, model_version_id=model.id, names=["probability"]
    ):
        published = columns.read_column(session, column).reshape(column.n, column.width)
    probability = np.empty((len(rows), published.shape[1]), np.float32)
    there = rows < len(published)
    probability[there] = published[rows[there]]
    if not there.all():
        probability[~there] = _apply(session, dataset_id, model, rows[~there])
    return probability


def _apply(
    session: Session, dataset_id: int, model: models.ModelVersion, rows: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Class probabilities of cutouts ``rows`` from the model's weights."""
    classifier, note = classifier_from_bytes(models.read_weights(session, model.id))
    distinct, back = np.unique(rows, return_inverse=True)
    data = read_for_model(session, dataset_id, note["config"], distinct)
    return classifier.predict(data).probability[back]
