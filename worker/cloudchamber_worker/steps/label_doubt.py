"""The doubt in each label, as a column and as figures of a model version."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import columns
from cloudchamber.data.columns import ColumnSpec
from cloudchamber_worker.learning.crossvalidation import HeldOut, calibrated_probability
from cloudchamber_worker.learning.label_errors import LabelErrors, find_label_errors


def doubt_labels(held: HeldOut, y: NDArray[np.int64]) -> LabelErrors:
    """Confident learning on the calibrated held-out probabilities of labels y."""
    return find_label_errors(calibrated_probability(held, y), y)


def described(
    errors: LabelErrors, y: NDArray[np.int64], classes: list[dict[str, Any]]
) -> dict[str, Any]:
    """``metrics.label_errors``, with classes by their ids."""
    told = errors.as_dict(y)
    told["pairs"] = [
        {**pair, "label": classes[pair["label"]]["id"], "likely": classes[pair["likely"]]["id"]}
        for pair in told["pairs"]
    ]
    return told


def write_label_doubt(
    session: Session,
    dataset_id: int,
    model_version_id: int,
    n: int,
    rows: NDArray[np.intp],
    errors: LabelErrors,
) -> None:
    """Column ``label_doubt`` of the labelled cutouts ``rows``; NaN for the others."""
    doubt = np.full(n, np.nan, np.float32)
    doubt[rows] = errors.doubt
    spec = ColumnSpec(
        "label_doubt", "Label errors", "", "ranking", "float32",
        description="Doubt in the label by held-out probabilities; above 1: likely wrong "
        "(confident learning)",
        model_version_id=model_version_id,
    )  # fmt: skip
    columns.write_column(session, dataset_id, spec, doubt)
