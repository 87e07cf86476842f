"""What each number contributed to each answer of gradient-boosted trees: a column and a summary."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import columns
from cloudchamber.data.columns import ColumnSpec
from cloudchamber_worker.learning.classifier import Classifier
from cloudchamber_worker.learning.inputs import CutoutSet

MAX_ROWS = 20_000
MAX_BYTES = 64 << 20


@dataclass(frozen=True)
class Contributions:
    """Shapley values float32 [rows, classes, features] of the first cutouts, base [classes]."""

    values: NDArray[np.float32]
    base: NDArray[np.float32]
    names: tuple[str, ...]

    def summary(self, classes: list[dict[str, Any]]) -> dict[str, Any]:
        """JSON-able: mean of the absolute values for each class and feature, over the rows."""
        return {
            "features": list(self.names),
            "classes": [c["name"] for c in classes],
            "mean_abs": np.abs(self.values).mean(axis=0).astype(float).tolist(),
            "base": self.base.astype(float).tolist(),
            "n": len(self.values),
        }


def contributions(classifier: Classifier, data: CutoutSet) -> Contributions | None:
    """Of the first 20,000 cutouts, fewer where they would take more than 64 MB; None for models
    without gradient-boosted trees."""
    if classifier.boosted is None:
        return None
    _, features, classes = classifier.shape
    rows = min(len(data), MAX_ROWS, MAX_BYTES // (4 * features * classes))
    values, base = classifier.boosted.contributions(
        classifier.scaling.transform(data.measurements[:rows])
    )
    return Contributions(values, base, data.names)


def write_contributions(
    session: Session,
    dataset_id: int,
    model_version_id: int,
    classes: list[dict[str, Any]],
    found: Contributions,
) -> None:
    """Write the column ``shap``: a row is class after class, within it feature after feature."""
    rows, n_classes, n_features = found.values.shape
    names = ", ".join(c["name"] for c in classes)
    spec = ColumnSpec(
        "shap", "Contributions (SHAP)", "", "model", "float32", n_classes * n_features,
        description=f"{n_classes}x{n_features}: what each number adds to a class's log odds, class "
        f"after class ({names}); numbers: {', '.join(found.names)}; first {rows} cutouts",
        model_version_id=model_version_id,
    )  # fmt: skip
    columns.write_column(session, dataset_id, spec, found.values.reshape(rows, -1))
