"""The tables that are exported: labels, predictions, embedding, map, columns."""

from collections.abc import Callable

import numpy as np
from sqlalchemy.orm import Session

from cloudchamber.data import columns, cutouts, datasets, label_sets, labels, models, people
from cloudchamber.data.columns import Column
from cloudchamber.errors import Conflict, Invalid, NotFound
from cloudchamber.services.columns import shown_columns
from cloudchamber.services.export_files import ExportTable
from cloudchamber.services.lengths import in_microns, pixel_sizes
from cloudchamber.services.models import was_applied

# Spread over columns of its own up to this width; an embedding is an export of its own.
NARROW = 32
EMBEDDINGS = ("penultimate", "latent")
CLASS_INDEX = ("predicted", "held_out_class", "snapshot_class")


def labels_table(
    session: Session,
    dataset_id: int,
    chosen: np.ndarray,
    _model_id: int | None,
    annotator: str | None,
) -> ExportTable:
    """`name,label` of the labelled cutouts, of one annotator or by consensus."""
    annotator_id = None
    if annotator is not None:
        person = people.find_person(session, annotator)
        if person is None:
            raise NotFound("There is no such annotator.")
        annotator_id = person.id
    class_ids = labels.current(session, dataset_id, annotator_id).class_id[chosen]
    dataset = datasets.get_dataset(session, dataset_id)
    label_set = label_sets.get_label_set(session, dataset.label_set_id)
    class_names = {c.id: c.name for c in label_set.all_classes}
    labelled = class_ids > 0
    return ExportTable(
        {
            "name": _names(session, dataset_id, chosen[labelled]),
            "label": [class_names[i] for i in class_ids[labelled].tolist()],
        }
    )


def predictions_table(
    session: Session,
    dataset_id: int,
    chosen: np.ndarray,
    model_id: int | None,
    _annotator: str | None,
) -> ExportTable:
    """`name,label,probability` and one column of probability per class."""
    model = _model(session, dataset_id, model_id)
    column = _result(session, dataset_id, model, ("probability",))
    scores = _take(columns.read_column(session, column), chosen, column)
    scores = scores.reshape(len(chosen), column.width)  # [n, classes]
    class_names = [str(c["name"]) for c in model.classes]
    known = np.isfinite(scores.sum(axis=1))
    best = np.where(known, np.nan_to_num(scores, nan=-1.0).argmax(axis=1), 0)
    table: dict = {
        "name": _names(session, dataset_id, chosen),
        "label": [
            class_names[k] if ok else None
            for k, ok in zip(best.tolist(), known.tolist(), strict=True)
        ],
        "probability": scores[np.arange(len(best)), best],
    }
    for k, class_name in enumerate(class_names):
        table[_free(table, class_name)] = scores[:, k]
    return ExportTable(table)


def embedding_table(
    session: Session,
    dataset_id: int,
    chosen: np.ndarray,
    model_id: int | None,
    _annotator: str | None,
) -> ExportTable:
    """`name` and one column per dimension of the model's embedding."""
    model = _model(session, dataset_id, model_id)
    column = _result(session, dataset_id, model, EMBEDDINGS)
    vectors = _take(columns.read_column(session, column), chosen, column)
    vectors = vectors.reshape(len(chosen), column.width)
    table: dict = {"name": _names(session, dataset_id, chosen)}
    table |= {f"{column.name}_{k}": vectors[:, k] for k in range(column.width)}
    return ExportTable(table, matrix=vectors)


def map_table(
    session: Session,
    dataset_id: int,
    chosen: np.ndarray,
    _model_id: int | None,
    _annotator: str | None,
) -> ExportTable:
    """`name,x,y,cluster` of the active map."""
    dataset = datasets.get_dataset(session, dataset_id)
    owner = f"job:{dataset.active_map_job_id}"
    found = {c.name: c for c in columns.find_columns(session, dataset_id) if c.owner == owner}
    if "map" not in found:
        raise Conflict("The dataset has no map yet.", hint="Start the job that makes one.")
    places = _take(columns.read_column(session, found["map"]), chosen, found["map"])
    table: dict = {
        "name": _names(session, dataset_id, chosen), "x": places[:, 0], "y": places[:, 1]
    }  # fmt: skip
    if "cluster" in found:
        column = found["cluster"]
        table["cluster"] = _take(columns.read_column(session, column), chosen, column)
    return ExportTable(table, matrix=places)


def columns_table(
    session: Session,
    dataset_id: int,
    chosen: np.ndarray,
    model_id: int | None,
    _annotator: str | None,
) -> ExportTable:
    """`name` and one column per measurement, metadata value and result; lengths and areas also in
    µm where pixel sizes are known."""
    dataset = datasets.get_dataset(session, dataset_id)
    found = shown_columns(session, dataset)
    if model_id is not None:
        _model(session, dataset_id, model_id)
        found = [c for c in found if c.model_version_id is None]
        found += columns.find_columns(session, dataset_id, model_version_id=model_id)
    table: dict = {"name": _names(session, dataset_id, chosen)}
    um_per_px = pixel_sizes(session, dataset_id, chosen)
    for column in found:
        if column.width > NARROW or column.name in EMBEDDINGS:
            continue
        values = _take(columns.read_column(session, column), chosen, column)
        for name, part in _spread(session, column, values):
            table[_free(table, name)] = part
        for beside in in_microns(column, values, um_per_px):
            table[_free(table, beside.name)] = beside.values
    return ExportTable(table)


Builder = Callable[[Session, int, np.ndarray, int | None, str | None], ExportTable]
BUILDERS: dict[str, Builder] = {
    "labels": labels_table,
    "predictions": predictions_table,
    "embedding": embedding_table,
    "map": map_table,
    "columns": columns_table,
}


def _spread(session: Session, column: Column, values: np.ndarray):
    """A column as one or several plain ones: codes and class numbers as words, vectors apart."""
    if column.width > 1:
        yield from ((f"{column.name}_{k}", values[:, k]) for k in range(column.width))
        return
    words = column.categories if column.dtype == "category" else None
    if column.name in CLASS_INDEX and column.model_version_id is not None:
        model = models.get_model(session, column.model_version_id)
        words = [str(c["name"]) for c in model.classes] or None
    if words is not None:
        yield column.name, [words[k] if 0 <= k < len(words) else None for k in values.tolist()]
    else:
        yield column.name, values


def _names(session: Session, dataset_id: int, chosen: np.ndarray) -> list[str]:
    names = cutouts.names(session, dataset_id)
    return [names[o] for o in chosen.tolist()]


def _take(values: np.ndarray, chosen: np.ndarray, column: Column) -> np.ndarray:
    """The chosen rows; those beyond the column's length are missing."""
    shape = (len(chosen), *values.shape[1:])
    taken = np.full(shape, columns.MISSING[column.dtype], values.dtype)
    there = chosen < len(values)
    taken[there] = values[chosen[there]]
    return taken


def _free(table: dict, name: str) -> str:
    """`name`, with a number behind it when the table has it already."""
    free, k = name, 2
    while free in table:
        free, k = f"{name}_{k}", k + 1
    return free


def _model(session: Session, dataset_id: int, model_id: int | None) -> models.ModelVersion:
    if model_id is None:
        model_id = datasets.get_dataset(session, dataset_id).active_model_id
    if model_id is None:
        raise Conflict("The dataset has no model yet.", hint="Train one first.")
    model = models.get_model(session, model_id)
    if model.dataset_id != dataset_id and not was_applied(session, model_id, dataset_id):
        raise NotFound("The dataset has no such model.")
    return model


def _result(
    session: Session, dataset_id: int, model: models.ModelVersion, names: tuple[str, ...]
) -> Column:
    found = columns.find_columns(session, dataset_id, model_version_id=model.id, names=names)
    if not found:
        raise Invalid(f"The model has no {' or '.join(names)}.", hint="Choose another model.")
    return found[0]
