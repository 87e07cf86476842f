"""Figures of merit with their uncertainty. Rows of a confusion matrix are labels, columns
predictions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from cloudchamber_worker.learning.classifier import apply_temperature


def wilson_interval(right: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of a proportion ``right / n`` (Wilson 1927); (0, 1) for n = 0."""
    if n == 0:
        return 0.0, 1.0
    z = float(norm.ppf(0.5 + confidence / 2))
    p = right / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def confusion_matrix(
    label: NDArray[np.integer], prediction: NDArray[np.integer], n_classes: int
) -> NDArray[np.int64]:
    """Counts int64 [classes, classes]."""
    flat = label.astype(np.int64) * n_classes + prediction
    return np.bincount(flat, minlength=n_classes**2).reshape(n_classes, n_classes)


def per_class(confusion: NDArray[np.int64]) -> list[dict[str, Any]]:
    """Precision, recall, F1 and number of labels of each class; None where undefined."""
    rows = []
    for k in range(len(confusion)):
        right, labelled, named = confusion[k, k], confusion[k].sum(), confusion[:, k].sum()
        total = labelled + named
        rows.append(
            {
                "precision": float(right / named) if named else None,
                "recall": float(right / labelled) if labelled else None,
                "f1": float(2 * right / total) if total else None,
                "n": int(labelled),
            }
        )
    return rows


def macro_f1(confusion: NDArray[np.int64]) -> float:
    """Mean F1 over the classes that have labels; 0 when none has."""
    scores = [row["f1"] for row in per_class(confusion) if row["n"]]
    return float(np.mean(scores)) if scores else 0.0


def reliability(
    probability: NDArray[np.floating], label: NDArray[np.integer], bins: int = 10
) -> dict[str, Any]:
    """Expected calibration error (Guo et al. 2017, eq. 3) and its bins over the top probability.

    probability [n, classes], label [n]. Each bin: {confidence, accuracy, n}; empty bins are left
    out. ``ece`` is None for n = 0.
    """
    if len(label) == 0:
        return {"ece": None, "bins": []}
    top = probability.max(axis=1)
    right = probability.argmax(axis=1) == label
    which = np.minimum((top * bins).astype(int), bins - 1)
    rows, error = [], 0.0
    for b in range(bins):
        inside = which == b
        if inside.any():
            confidence, accuracy = float(top[inside].mean()), float(right[inside].mean())
            rows.append({"confidence": confidence, "accuracy": accuracy, "n": int(inside.sum())})
            error += inside.mean() * abs(confidence - accuracy)
    return {"ece": float(error), "bins": rows}


def coverage(
    probability: NDArray[np.floating], label: NDArray[np.integer], threshold: float = 0.9
) -> dict[str, Any]:
    """The share whose top probability exceeds the threshold, and how many of them are right."""
    sure = probability.max(axis=1) > threshold
    right = int((probability.argmax(axis=1) == label)[sure].sum())
    n = int(sure.sum())
    return {
        "threshold": threshold,
        "coverage": float(sure.mean()) if len(sure) else 0.0,
        "accuracy": right / n if n else None,
        "interval": list(wilson_interval(right, n)),
        "n": n,
    }


def fit_temperature(probability: NDArray[np.floating], label: NDArray[np.integer]) -> float:
    """Temperature that makes held-out probabilities [n, classes] most likely; 1 below 50 rows."""
    if len(label) < 50:
        return 1.0
    rows = np.arange(len(label))

    def loss(log_t: float) -> float:
        p = apply_temperature(probability, float(np.exp(log_t)))[rows, label]
        return float(-np.log(np.maximum(p, 1e-9)).mean())

    found = minimize_scalar(loss, bounds=(np.log(0.2), np.log(5.0)), method="bounded")
    return float(np.exp(found.x))


def summarise(
    probability: NDArray[np.floating], label: NDArray[np.integer], n_classes: int
) -> dict[str, Any]:
    """All figures of predictions against labels [n] as JSON-able values."""
    confusion = confusion_matrix(label, probability.argmax(axis=1), n_classes)
    right, n = int(np.trace(confusion)), int(confusion.sum())
    return {
        "n": n,
        "accuracy": right / n if n else None,
        "accuracy_interval": list(wilson_interval(right, n)),
        "macro_f1": macro_f1(confusion) if n else None,
        "confusion": confusion.tolist(),
        "per_class": per_class(confusion),
        "calibration": reliability(probability, label),
        "coverage": coverage(probability, label),
    }
