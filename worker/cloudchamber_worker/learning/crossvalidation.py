"""Held-out predictions for every label that can be held out, split by source."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudchamber_worker.learning.architectures import Architecture
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.classifier import apply_temperature, fit_classifier
from cloudchamber_worker.learning.folds import assign_folds
from cloudchamber_worker.learning.inputs import CutoutSet
from cloudchamber_worker.learning.metrics import (
    calibration_spread,
    coverage_curve,
    fit_temperature,
    macro_f1,
    reliability,
    summarise,
)
from cloudchamber_worker.learning.quantiles import QuantileScaling
from cloudchamber_worker.learning.training import Row


@dataclass(frozen=True)
class HeldOut:
    """fold int32 [labels]; probability float32 [labels, classes], NaN where never held out."""

    fold: NDArray[np.int32]
    folds: int
    probability: NDArray[np.float32]

    @property
    def tested(self) -> NDArray[np.bool_]:
        """Which labels were held out, [labels]."""
        return self.fold >= 0


def cross_validate(
    data: CutoutSet,
    rows: NDArray[np.intp],
    y: NDArray[np.int64],
    n_classes: int,
    recipe: Architecture,
    seed: int,
    journal: Journal,
    scaling: QuantileScaling,
    folds: int = 5,
    epochs: int | None = None,
    on_epoch: Callable[[int, Row], None] | None = None,
) -> HeldOut:
    """Train ``folds`` times and predict what was left out; finished folds come from the journal."""
    fold, n_folds = assign_folds(y, data.groups[rows], folds, seed)
    probability = np.full((len(rows), n_classes), np.nan, np.float32)
    for k in range(n_folds):
        stage = f"fold {k}"
        done = journal.result(stage)
        inside = fold == k
        if done is None:
            held = (rows[inside], y[inside])

            def report(row: Row, k: int = k) -> None:
                if on_epoch is not None:
                    on_epoch(k, row)

            model = fit_classifier(
                data, rows[~inside], y[~inside], n_classes, recipe, seed, journal, stage,
                epochs, held, report, scaling,
            )  # fmt: skip
            done = {"probability": model.predict(data, rows[inside]).probability}
            journal.finish(stage, done)
        probability[inside] = done["probability"]
    return HeldOut(fold, n_folds, probability)


def calibrated_probability(held: HeldOut, y: NDArray[np.int64]) -> NDArray[np.float32]:
    """Held-out probabilities [labels, classes], each fold's with the temperature of the others.

    NaN where never held out. Neither the network nor the temperature of a row has seen its label.
    """
    calibrated = np.full_like(held.probability, np.nan)
    for k in range(held.folds):
        inside, others = held.fold == k, held.tested & (held.fold != k)
        t = fit_temperature(held.probability[others], y[others])
        calibrated[inside] = apply_temperature(held.probability[inside], t)
    return calibrated


def held_out_metrics(
    held: HeldOut,
    y: NDArray[np.int64],
    n_classes: int,
    image: NDArray[np.int64] | None = None,
) -> tuple[dict[str, Any], float]:
    """Metrics of a model version (JSON-able) and the temperature its probabilities want.

    ``image`` [labels] has equal numbers for copies of one cutout, see ``summarise``.

    The calibration stated is that of probabilities whose temperature was fitted on the other
    folds, ``before`` it that of the vote as it is; the temperature returned is fitted on all.
    """
    tested = held.tested
    p, label, fold = held.probability[tested], y[tested], held.fold[tested]
    calibrated = calibrated_probability(held, y)[tested]
    accuracies, scores = [], []
    for k in range(held.folds):
        inside = fold == k
        part = summarise(p[inside], label[inside], n_classes)
        accuracies.append(part["accuracy"])
        scores.append(macro_f1(np.array(part["confusion"])))
    whole = summarise(calibrated, label, n_classes, None if image is None else image[tested])
    few = [int(k) for k in np.unique(y[~tested])]
    metrics = {
        "n_labels": len(y),
        "folds": held.folds,
        "accuracy": {
            "mean": whole["accuracy"],
            "sd": float(np.std(accuracies, ddof=1)) if len(accuracies) > 1 else None,
            "interval": whole["accuracy_interval"],
            "n": whole["n"],
        },
        "macro_f1": {
            "mean": whole["macro_f1"],
            "sd": float(np.std(scores, ddof=1)) if len(scores) > 1 else None,
        },
        "confusion": whole["confusion"],
        "per_class": whole["per_class"],
        "calibration": {
            **whole["calibration"],
            **calibration_spread(calibrated, label),
            "before": {
                "ece": reliability(p, label)["ece"],
                "interval": calibration_spread(p, label)["interval"],
            },
        },
        "coverage": whole["coverage"],
        "coverage_curve": coverage_curve(calibrated, label),
        "untested_classes": few,
    }
    return metrics, fit_temperature(p, label)
