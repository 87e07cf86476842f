"""How well the neighbours in an embedding agree with the labels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KNeighborsClassifier

from cloudchamber_worker.learning.folds import assign_folds

K = 5
FOLDS = 5
REPEATS = 3
# Labels looked at, at most: the answer is then good to a fraction of a percent.
MAX_LABELS = 5000


@dataclass(frozen=True)
class NeighbourAccuracy:
    """Of the k nearest neighbours' vote over held-out labels.

    mean   share of the tested labels that the vote names, over all repeats
    sd     standard deviation over the folds of all repeats
    right  float64 [labels], share of the repeats in which the label was named; NaN where it
           could never be held out
    """

    mean: float
    sd: float
    right: NDArray[np.float64]

    @property
    def n(self) -> int:
        """Labels tested."""
        return int(np.isfinite(self.right).sum())

    def as_dict(self) -> dict[str, Any]:
        return {"mean": self.mean, "sd": self.sd, "n": self.n}


def neighbour_accuracy(
    vectors: NDArray[np.float32],
    y: NDArray[np.int64],
    groups: NDArray[np.integer],
    k: int = K,
    seed: int = 0,
) -> NeighbourAccuracy | None:
    """Predict each label by its k nearest neighbours (Euclidean) among labels of other folds.

    vectors [labels, d], NaN counts as 0; y int64 [labels] class numbers from 0; groups int
    [labels]: labels of one group are never neighbours of each other. Three times 5 folds. None
    where nothing can be held out.
    """
    values = np.nan_to_num(np.asarray(vectors, np.float32))
    right = np.full((REPEATS, len(y)), np.nan)
    shares = []
    for repeat in range(REPEATS):
        fold, folds = assign_folds(y, groups, FOLDS, seed + repeat)
        for held in range(folds):
            inside = fold == held
            known = ~inside
            nearest = KNeighborsClassifier(min(k, int(known.sum())), algorithm="brute")
            named = nearest.fit(values[known], y[known]).predict(values[inside]) == y[inside]
            right[repeat, inside] = named
            shares.append(float(named.mean()))
    if not shares:
        return None
    tested = np.isfinite(right).any(axis=0)
    each = np.full(len(y), np.nan)
    each[tested] = np.nanmean(right[:, tested], axis=0)
    return NeighbourAccuracy(float(each[tested].mean()), float(np.std(shares, ddof=1)), each)


def compare_with_measurements(
    vectors: NDArray[np.float32],
    measurements: NDArray[np.float32],
    y: NDArray[np.int64],
    groups: NDArray[np.integer],
    seed: int = 0,
) -> dict[str, Any]:
    """Whether self-supervised vectors tell the classes better than scaled measurements do.

    All arrays over the labelled cutouts. Both are judged on the same folds, and ``used`` is true
    where the vectors name more labels, by more than one standard error of the paired difference.
    Returns {self_supervised, measurements: {mean, sd, n} or None, difference: {mean, sd} or None,
    used, sentence}, JSON-able.
    """
    if len(y) > MAX_LABELS:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(y))[:MAX_LABELS])
        vectors, measurements = vectors[chosen], measurements[chosen]
        y, groups = y[chosen], groups[chosen]
    own = neighbour_accuracy(vectors, y, groups, seed=seed) if len(y) else None
    theirs = None
    if own is not None and measurements.shape[1]:
        theirs = neighbour_accuracy(measurements, y, groups, seed=seed)
    check: dict[str, Any] = {
        "self_supervised": own and own.as_dict(),
        "measurements": theirs and theirs.as_dict(),
        "difference": None,
    }
    if own is None:
        return check | {
            "used": False,
            "sentence": "There are too few labels of two classes to check it with: "
            "maps stay with the measurements until there are more.",
        }
    if theirs is None:
        return check | {
            "used": True,
            "sentence": f"5 neighbours name {_stated(own)} of the held-out labels (n = {own.n}); "
            "the dataset has no measurements to compare with, so maps are drawn from it.",
        }
    apart = (own.right - theirs.right)[np.isfinite(own.right)]
    gain, error = float(apart.mean()), float(apart.std(ddof=1) / np.sqrt(len(apart)))
    used = gain > error
    if used:
        verdict = "better by more than the uncertainty of the difference: maps are drawn from it."
    elif gain > 0:
        verdict = "no more than chance allows: maps stay with the measurements."
    else:
        verdict = "so maps stay with the measurements."
    return check | {
        "difference": {"mean": gain, "sd": error},
        "used": used,
        "sentence": f"5 neighbours name {_stated(own)} of the held-out labels in it and "
        f"{_stated(theirs)} in the measurements (n = {own.n}), {verdict}",
    }


def _stated(accuracy: NeighbourAccuracy) -> str:
    return f"{accuracy.mean:.2f} ± {accuracy.sd:.2f}"
