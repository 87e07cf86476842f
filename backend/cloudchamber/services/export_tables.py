"""The tables that are exported: labels, predictions, embedding, map, columns."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
from sqlalchemy.orm import Session

from cloudchamber.data import columns, datasets, models
from cloudchamber.data.columns import Column
from cloudchamber.errors import Conflict, Invalid, NotFound
from cloudchamber.services.columns import shown_columns
from cloudchamber.services.export_formats.table import ExportColumn, ExportTable
from cloudchamber.services.export_labels import identity, labels_table
from cloudchamber.services.export_requests import ExportRequest, What
from cloudchamber.services.lengths import in_microns, pixel_sizes
from cloudchamber.services.models import was_applied

# Spread over columns of its own up to this width; an embedding is an export of its own.
NARROW = 32
EMBEDDINGS = ("penultimate", "latent")
CLASS_INDEX = ("predicted", "held_out_class", "snapshot_class")


def predictions_table(
    session: Session, dataset_id: int, chosen: np.ndarray, request: ExportRequest
) -> ExportTable:
    """`name,path,label,probability` and one column of probability per class."""
    model = _model(session, dataset_id, request.model_version_id)
    column = _result(session, dataset_id, model, ("probability",))
    scores = _take(columns.read_column(session, column), chosen, column)[0]
    scores = scores.reshape(len(chosen), column.width)  # [n, classes]
    class_names = [str(c["name"]) for c in model.classes]
    known = np.isfinite(scores.sum(axis=1))
    best = np.where(known, np.nan_to_num(scores, nan=-1.0).argmax(axis=1), 0)
    label = [
        class_names[k] if ok else None for k, ok in zip(best.tolist(), known.tolist(), strict=True)
    ]
    probability = scores[np.arange(len(best)), best]
    table = [
        *identity(session, dataset_id, chosen),
        ExportColumn("label", label, title="Likeliest class"),
        ExportColumn("probability", probability, title="Its probability"),
    ]
    for k, class_name in enumerate(class_names):
        title = f"Probability of {class_name}"
        table.append(ExportColumn(_free(table, class_name), scores[:, k], title=title))
    return ExportTable(table, title="predictions")


def embedding_table(
    session: Session, dataset_id: int, chosen: np.ndarray, request: ExportRequest
) -> ExportTable:
    """`name,path` and one column per dimension of the model's embedding."""
    model = _model(session, dataset_id, request.model_version_id)
    column = _result(session, dataset_id, model, EMBEDDINGS)
    values = _take(columns.read_column(session, column), chosen, column)[0]
    matrix = values.reshape(len(chosen), column.width)
    first = identity(session, dataset_id, chosen)
    whole = _column(column, column.name, matrix)
    apart = [_column(column, f"{column.name}_{k}", matrix[:, k]) for k in range(column.width)]
    return ExportTable([*first, *apart], matrix, vectors=[*first, whole], title="embedding")


def map_table(
    session: Session, dataset_id: int, chosen: np.ndarray, _request: ExportRequest
) -> ExportTable:
    """`name,path,x,y,cluster` of the active map."""
    dataset = datasets.get_dataset(session, dataset_id)
    owner = f"job:{dataset.active_map_job_id}"
    found = {c.name: c for c in columns.find_columns(session, dataset_id) if c.owner == owner}
    if "map" not in found:
        raise Conflict("The dataset has no map yet.", hint="Start the job that makes one.")
    places, _ = _take(columns.read_column(session, found["map"]), chosen, found["map"])
    table = identity(session, dataset_id, chosen)
    table += [_column(found["map"], axis, places[:, k]) for k, axis in enumerate("xy")]
    if "cluster" in found:
        column = found["cluster"]
        values, missing = _take(columns.read_column(session, column), chosen, column)
        table.append(_column(column, "cluster", values, missing))
    return ExportTable(table, matrix=places, title="map")


def columns_table(
    session: Session, dataset_id: int, chosen: np.ndarray, request: ExportRequest
) -> ExportTable:
    """`name,path` and one column per measurement, metadata value and result; lengths and areas
    also in µm where pixel sizes are known."""
    dataset = datasets.get_dataset(session, dataset_id)
    found = shown_columns(session, dataset)
    model_id = request.model_version_id
    if model_id is not None:
        _model(session, dataset_id, model_id)
        found = [c for c in found if c.model_version_id is None]
        found += columns.find_columns(session, dataset_id, model_version_id=model_id)
    table = identity(session, dataset_id, chosen)
    um_per_px = pixel_sizes(session, dataset_id, chosen)
    for column in found:
        if column.width > NARROW or column.name in EMBEDDINGS:
            continue
        values, missing = _take(columns.read_column(session, column), chosen, column)
        parts = list(_spread(session, column, values, missing))
        parts += [
            ExportColumn(beside.name, beside.values, beside.unit, beside.title, column.description)
            for beside in in_microns(column, values, um_per_px)
        ]
        table += [replace(part, name=_free(table, part.name)) for part in parts]
    return ExportTable(table, title="columns")


Builder = Callable[[Session, int, np.ndarray, ExportRequest], ExportTable]
BUILDERS: dict[What, Builder] = {
    "labels": labels_table,
    "predictions": predictions_table,
    "embedding": embedding_table,
    "map": map_table,
    "columns": columns_table,
}


def _spread(
    session: Session, column: Column, values: np.ndarray, missing: np.ndarray | None
) -> Iterator[ExportColumn]:
    """A column as one or several plain ones: codes and class numbers as words, vectors apart."""
    if column.width > 1:
        for k in range(column.width):
            yield _column(column, f"{column.name}_{k}", values[:, k], missing)
        return
    words = column.categories if column.dtype == "category" else None
    if column.name in CLASS_INDEX and column.model_version_id is not None:
        model = models.get_model(session, column.model_version_id)
        words = [str(c["name"]) for c in model.classes] or None
    if words is not None:
        texts = [words[k] if 0 <= k < len(words) else None for k in values.tolist()]
        yield _column(column, column.name, texts)
    else:
        yield _column(column, column.name, values, missing)


def _column(
    column: Column,
    name: str,
    values: np.ndarray | list[str | None],
    missing: np.ndarray | None = None,
) -> ExportColumn:
    return ExportColumn(name, values, column.unit, column.title, column.description, missing)


def _take(
    values: np.ndarray, chosen: np.ndarray, column: Column
) -> tuple[np.ndarray, np.ndarray | None]:
    """The chosen rows, and which of them are not known where a number cannot say so itself: those
    beyond the column's length, and -1 but for a cluster, where it says *unclustered*."""
    shape = (len(chosen), *values.shape[1:])
    taken = np.full(shape, columns.MISSING[column.dtype], values.dtype)
    there = chosen < len(values)
    taken[there] = values[chosen[there]]
    if column.dtype in ("float32", "float64", "category"):
        return taken, None
    missing = ~there
    if column.width == 1 and column.dtype != "uint8" and column.name != "cluster":
        missing = missing | (taken == columns.MISSING[column.dtype])
    return taken, missing


def _free(table: list[ExportColumn], name: str) -> str:
    """`name`, with a number behind it when the table has it already."""
    taken = {column.name for column in table}
    free, k = name, 2
    while free in taken:
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
