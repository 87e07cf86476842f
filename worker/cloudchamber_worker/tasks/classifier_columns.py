"""The columns a classifier adds to a dataset."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import columns
from cloudchamber.data.columns import ColumnSpec, Dtype, Group
from cloudchamber_worker.learning.classifier import Prediction

RANKINGS = {
    "knn_distance": ("Far from known", "Mean distance to the 5 nearest labelled cutouts in the "
                     "penultimate layer, in standard deviations of the labelled ones"),
    "entropy": ("Entropy", "Entropy of the class probabilities over its maximum, 0 to 1"),
    "margin": ("Margin", "1 minus the gap between the two largest class probabilities"),
    "median_score": ("Median score", "Median of the class probabilities"),
}  # fmt: skip


def write_prediction(
    session: Session,
    dataset_id: int,
    model_version_id: int,
    classes: list[dict[str, Any]],
    prediction: Prediction,
    odd: dict[str, NDArray[np.float32]],
    held_out_class: NDArray[np.int16],
    snapshot_class: NDArray[np.int16],
) -> None:
    """Write all columns of a model version; class numbers index the model's classes."""

    def write(
        name: str, title: str, dtype: Dtype, values: NDArray[Any], about: str, group: Group
    ) -> None:
        width = 1 if values.ndim == 1 else values.shape[1]
        spec = ColumnSpec(
            name, title, "", group, dtype, width,
            description=about, model_version_id=model_version_id,
        )  # fmt: skip
        columns.write_column(session, dataset_id, spec, values)

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
    write(
        "held_out_class", "Held-out suggestion", "int16", held_out_class,
        "Class given by a model that had not seen the label; −1 where none was held out", "model",
    )  # fmt: skip
    write(
        "snapshot_class", "Label used", "int16", snapshot_class,
        "Class number of the label trained on; −1 without", "model",
    )  # fmt: skip
    for name, values in odd.items():
        title, about = RANKINGS[name]
        write(name, title, "float32", values, about, "ranking")
