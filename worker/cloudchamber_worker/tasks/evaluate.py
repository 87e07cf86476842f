"""Compare a model version with a label file: accuracy, macro-F1, confusion, calibration."""

import csv
import io

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import columns, cutouts, datasets, label_sets, models, uploads
from cloudchamber.data.job_requests import Evaluate, NamedLabel
from cloudchamber.data.names import Names
from cloudchamber.data.spreadsheet import restore
from cloudchamber.errors import JobError
from cloudchamber_worker.learning.classifier import classifier_from_bytes
from cloudchamber_worker.learning.metrics import summarise
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.classifier_inputs import read_for_model

QUEUE = "cpu"
MAX_FILE = 64 << 20


def run(job: JobContext) -> None:
    """Read labels and predictions → figures → publish them as the job's result."""
    params = Evaluate.model_validate(job.params)
    job.progress(0.1, "reading")
    with job.read() as session:
        model = _model(session, job.dataset_id, params.model_version_id)
        wanted = params.labels or _label_file(session, params.upload_id)
        resolved = Names(cutouts.paths(session, job.dataset_id)).resolve([w.name for w in wanted])
        meant = resolved.ordinals
        known = [line for line, ordinal in zip(wanted, meant, strict=True) if ordinal >= 0]
        if not known:
            raise JobError(
                f"None of the {len(wanted)} names is a cutout of this dataset.",
                hint="The column “name” holds file names without ending, or EXPOSURE:ordinal.",
            )
        rows = meant[meant >= 0]
        job.progress(0.4, "predicting", cutouts=len(rows))
        probability = _probability(session, job.dataset_id, model, rows)
        trained_on, _ = models.read_label_snapshot(session, model)
        if model.dataset_id != job.dataset_id:
            trained_on = trained_on[:0]  # ordinals of another dataset
    names = [c["name"] for c in model.classes]
    y = _class_numbers([line.label for line in known], names)
    # Classes the model does not know get no probability: their cutouts count as mistakes.
    unknown = np.zeros((len(rows), len(names) - probability.shape[1]), np.float32)
    probability = np.concatenate([probability, unknown], axis=1)
    figures = summarise(probability, y, len(names))
    unseen = ~np.isin(rows, trained_on)
    apart = summarise(probability[unseen], y[unseen], len(names))
    calibration = figures.pop("calibration")
    result = {
        **figures,
        "classes": names,
        "ece": calibration["ece"],
        "reliability": calibration["bins"],
        "model_version_id": model.id,
        "unknown_names": len(wanted) - len(known),
        "in_training": int((~unseen).sum()),
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


def _label_file(session: Session, upload_id: int | None) -> list[NamedLabel]:
    """Lines of a CSV file with the columns name and label (in that order without a header)."""
    if upload_id is None:
        raise JobError("There are no labels to compare with.", hint="Name a label file.")
    raw = bytearray()
    for chunk in uploads.read_upload(session, upload_id):
        raw += chunk
        if len(raw) > MAX_FILE:
            raise JobError("The label file is larger than 64 MB.")
    try:
        lines = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    except (UnicodeDecodeError, csv.Error) as error:
        raise JobError(
            "The label file is no CSV text.", hint="It needs the columns name,label."
        ) from error
    lines = [[cell.strip() for cell in line] for line in lines if any(line)]
    header = [cell.lower() for cell in lines[0]] if lines else []
    name, label, first = 0, 1, 0
    if "name" in header and "label" in header:
        name, label, first = header.index("name"), header.index("label"), 1
    found = [
        NamedLabel(name=restore(line[name])[:1024], label=restore(line[label])[:200])
        for line in lines[first:]
        if len(line) > max(name, label) and line[name] and line[label]
    ]
    if not found:
        raise JobError("The label file holds no labels.", hint="It needs the columns name,label.")
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
