"""Figures of merit with their uncertainty. Rows of a confusion matrix are labels, columns
predictions."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from cloudchamber_worker.learning.classifier import apply_temperature


def wilson_interval(right: float, n: float, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of a proportion ``right / n`` (Wilson 1927); (0, 1) for n = 0. n is a number of
    independent trials, which copies make fractional: see ``independent``."""
    if n == 0:
        return 0.0, 1.0
    z = float(norm.ppf(0.5 + confidence / 2))
    p = right / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def independent(image: NDArray[np.integer]) -> float:
    """How many independent labels n labels are worth whose cutouts show ``image`` [n], equal
    numbers for copies of one: n² / Σ m² over images with m copies (Kish 1965, all copies of an
    image being right or wrong together)."""
    _, copies = np.unique(image, return_counts=True)
    return float(copies.sum() ** 2 / max(1, (copies**2).sum()))


def of_images(
    confusion: NDArray[np.number], label: NDArray[np.integer], image: NDArray[np.integer]
) -> NDArray[np.float64]:
    """A confusion [true, said] of labels [n] as of ``independent`` ones: a row for which copies
    were counted is worth less."""
    worth = [independent(image[label == k]) for k in range(len(confusion))]
    counts = confusion.sum(axis=1)
    return confusion * (worth / np.maximum(counts, 1))[:, None]


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


def coverage_curve(
    probability: NDArray[np.floating], label: NDArray[np.integer]
) -> dict[str, list[Any]]:
    """Coverage and accuracy above each threshold 0, 0.01 … 0.99, as lists of one length.

    {threshold, coverage, n, accuracy, low, high}: the share whose top probability exceeds the
    threshold, their number, the share of them that is right with its 95 % Wilson interval (None,
    0, 1 where none is left).
    """
    rows = [coverage(probability, label, round(step / 100, 2)) for step in range(100)]
    return {
        "threshold": [row["threshold"] for row in rows],
        "coverage": [round(row["coverage"], 4) for row in rows],
        "n": [row["n"] for row in rows],
        "accuracy": [row["accuracy"] and round(row["accuracy"], 4) for row in rows],
        "low": [round(row["interval"][0], 4) for row in rows],
        "high": [round(row["interval"][1], 4) for row in rows],
    }


def calibration_spread(
    probability: NDArray[np.floating], label: NDArray[np.integer], seed: int = 0, draws: int = 500
) -> dict[str, Any]:
    """How far the expected calibration error [n, classes], [n] can be believed.

    interval   95 % of the errors of bootstrap samples; these lie somewhat above the error itself,
               for resampling adds noise to every bin
    floor      mean error of answers that are right exactly as often as they say, with these
               confidences and this n: what a perfect calibration would show here
    """
    if len(label) == 0:
        return {"interval": None, "floor": None}
    rng = np.random.default_rng(seed)
    top, right = probability.max(axis=1), probability.argmax(axis=1) == label
    rows = (rng.integers(0, len(top), len(top)) for _ in range(draws))
    errors = [_calibration_error(top[drawn], right[drawn]) for drawn in rows]
    perfect = [_calibration_error(top, rng.random(len(top)) < top) for _ in range(draws)]
    return {
        "interval": [float(v) for v in np.quantile(errors, [0.025, 0.975])],
        "floor": float(np.mean(perfect)),
    }


def _calibration_error(
    top: NDArray[np.floating], right: NDArray[np.bool_], bins: int = 10
) -> float:
    which = np.minimum((top * bins).astype(int), bins - 1)
    return float(np.abs(np.bincount(which, right - top.astype(float))).sum() / len(top))


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
    probability: NDArray[np.floating],
    label: NDArray[np.integer],
    n_classes: int,
    image: NDArray[np.integer] | None = None,
) -> dict[str, Any]:
    """All figures of predictions against labels [n] as JSON-able values.

    image  [n], equal numbers for copies of one cutout, which count once in the interval; None
           where there are none
    """
    confusion = confusion_matrix(label, probability.argmax(axis=1), n_classes)
    right, n = int(np.trace(confusion)), int(confusion.sum())
    worth = 1.0 if image is None or not n else independent(image) / n
    return {
        "n": n,
        "accuracy": right / n if n else None,
        "accuracy_interval": list(wilson_interval(right * worth, n * worth)),
        "macro_f1": macro_f1(confusion) if n else None,
        "confusion": confusion.tolist(),
        "per_class": per_class(confusion),
        "calibration": reliability(probability, label),
        "coverage": coverage(probability, label),
    }
