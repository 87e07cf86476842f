"""The columns a classifier adds to a dataset."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import columns
from cloudchamber.data.columns import ColumnSpec, Dtype, Group
from cloudchamber_worker.learning.classifier import Prediction
from cloudchamber_worker.learning.crossvalidation import HeldOut, calibrated_probability

RANKINGS = {
    "rank_ensemble": ("All in one", "Mean rank by distance to the labelled ones in the penultimate "
                      "layer and in the measurements and by entropy, 0 to 1"),
    "knn_distance": ("Far from known", "Mean distance to the 5 nearest labelled cutouts in the "
                     "whitened penultimate layer, in standard deviations of the labelled ones"),
    "mahalanobis": ("Far from its class", "Distance to the nearest class mean in the penultimate "
                    "layer, in standard deviations within the classes"),
    "measurement_knn": ("Unlike by measurements", "Mean distance to the 5 nearest labelled "
                        "cutouts in the scaled measurements, in standard deviations"),
    "lof": ("Local outlier factor", "Of the scaled measurements against 20 labelled neighbours; "
            "1 is as dense as they are"),
    "isolation_forest": ("Isolated", "Isolation forest of the scaled measurements of labelled "
                         "cutouts, 0 to 1; 0.5 is ordinary"),
    "hdbscan_outlier": ("Outside clusters", "HDBSCAN's outlier score in the penultimate layer, "
                        "0 to 1"),
    "entropy": ("Entropy", "Entropy of the class probabilities over its maximum, 0 to 1"),
    "margin": ("Margin", "1 minus the gap between the two largest class probabilities"),
    "median_score": ("Median score", "Median of the class probabilities"),
    "max_score": ("Unsure", "1 minus the largest class probability"),
}  # fmt: skip


@dataclass(frozen=True)
class HeldOutColumns:
    """What was found for each cutout by a model that had not seen its label.

    predicted    int16 [n], number of the likeliest class, −1 where never held out
    probability  float32 [n, classes], calibrated, NaN where never held out
    label        int16 [n], number of the class trained on, −1 without a label
    fold         int16 [n], −1 where never held out
    judged       uint8 [n], 1 where the version's figures are taken from
    """

    predicted: NDArray[np.int16]
    probability: NDArray[np.float32]
    label: NDArray[np.int16]
    fold: NDArray[np.int16]
    judged: NDArray[np.uint8]


def held_out_columns(
    n: int, rows: NDArray[np.intp], y: NDArray[np.int64], held: HeldOut, judged: NDArray[np.bool_]
) -> HeldOutColumns:
    """Spread held-out results of the labelled ``rows`` with class numbers ``y`` over n cutouts.

    judged  bool [labels], which of them figures may be taken from
    """
    calibrated = calibrated_probability(held, y)
    tested = rows[held.tested]
    columns = HeldOutColumns(
        np.full(n, -1, np.int16),
        np.full((n, calibrated.shape[1]), np.nan, np.float32),
        np.full(n, -1, np.int16),
        np.full(n, -1, np.int16),
        np.zeros(n, np.uint8),
    )
    columns.predicted[tested] = calibrated[held.tested].argmax(axis=1)
    columns.probability[rows] = calibrated
    columns.label[rows] = y
    columns.fold[rows] = held.fold
    columns.judged[rows] = held.tested & judged
    return columns


def write_prediction(
    session: Session,
    dataset_id: int,
    model_version_id: int,
    classes: list[dict[str, Any]],
    prediction: Prediction,
    odd: dict[str, NDArray[np.float32]],
    held_out: HeldOutColumns,
) -> None:
    """Write all columns of a model version; class numbers index the model's classes."""
    write_scores(session, dataset_id, model_version_id, classes, prediction, odd)
    write = _writer(session, dataset_id, model_version_id)
    names = ", ".join(c["name"] for c in classes)
    write(
        "held_out_class", "Held-out suggestion", "int16", held_out.predicted,
        "Class given by a model that had not seen the label; −1 where none was held out", "model",
    )  # fmt: skip
    write(
        "held_out_probability", "Held-out probabilities", "float32", held_out.probability,
        f"Of {names}, by a model and a temperature that had not seen the label; "
        "NaN where none was held out", "model",
    )  # fmt: skip
    write(
        "snapshot_class", "Label used", "int16", held_out.label,
        "Class number of the label trained on; −1 without", "model",
    )  # fmt: skip
    write(
        "fold", "Fold", "int16", held_out.fold,
        "Fold of the cross-validation in which the label was held out; −1 where never", "model",
    )  # fmt: skip
    write(
        "judged", "Judged on", "uint8", held_out.judged,
        "1 where the label was held out and counts in the version's figures", "model",
    )  # fmt: skip


def write_scores(
    session: Session,
    dataset_id: int,
    model_version_id: int,
    classes: list[dict[str, Any]],
    prediction: Prediction,
    odd: dict[str, NDArray[np.float32]],
) -> None:
    """Write what a model says of the cutouts of any dataset, its own or another."""
    write = _writer(session, dataset_id, model_version_id)
    probability = prediction.probability
    names = ", ".join(c["name"] for c in classes)
    write("probability", "Class probabilities", "float32", probability, f"Of {names}", "model")
    predicted = probability.argmax(axis=1).astype(np.int16)
    write("predicted", "Suggestion", "int16", predicted, "Number of the likeliest class", "model")
    confidence = probability.max(axis=1)
    write("confidence", "Confidence", "float32", confidence, "Largest probability", "model")
    write(
        "penultimate", "Penultimate layer", "float32", prediction.penultimate,
        "What the model makes of a cutout before it names a class", "model",
    )  # fmt: skip
    for name, values in odd.items():
        title, about = RANKINGS[name]
        write(name, title, "float32", values, about, "ranking")


def _writer(session: Session, dataset_id: int, model_version_id: int):
    def write(
        name: str, title: str, dtype: Dtype, values: NDArray[Any], about: str, group: Group
    ) -> None:
        width = 1 if values.ndim == 1 else values.shape[1]
        spec = ColumnSpec(
            name, title, "", group, dtype, width,
            description=about, model_version_id=model_version_id,
        )  # fmt: skip
        columns.write_column(session, dataset_id, spec, values)

    return write
