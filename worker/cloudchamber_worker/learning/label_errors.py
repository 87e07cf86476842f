"""Which labels are most likely wrong: confident learning (Northcutt, Jiang & Chuang 2021).

A class has as threshold the mean probability that held-out predictions give it where it is the
label. A label is suspect when another class passes its own threshold and is the likeliest of those
that do. No model need be right for that: only its probabilities must be of the labels' classes.

Reference: C. G. Northcutt, L. Jiang, I. L. Chuang, J. Artif. Intell. Res. 70 (2021) 1373.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LabelErrors:
    """doubt    float32 [n]; above 1 the suspects, NaN where nothing was held out
    likely   int64 [n], the class the label is confused with; the label itself where it is not
    suspect  bool [n]
    joint    float64 [classes, classes], estimated joint distribution of label (rows) and truth
    """

    doubt: NDArray[np.float32]
    likely: NDArray[np.int64]
    suspect: NDArray[np.bool_]
    joint: NDArray[np.float64]

    def as_dict(self, y: NDArray[np.int64]) -> dict[str, Any]:
        """Counts for a model version's metrics; classes are numbers."""
        pairs, counts = np.unique(
            np.stack([y[self.suspect], self.likely[self.suspect]], axis=1),
            axis=0,
            return_counts=True,
        )
        rows = [
            {"label": int(a), "likely": int(b), "n": int(n)}
            for (a, b), n in zip(pairs, counts, strict=True)
        ]
        return {
            "n": int(np.isfinite(self.doubt).sum()),
            "n_suspect": int(self.suspect.sum()),
            "noise_rate": float(1 - np.trace(self.joint)) if self.joint.any() else None,
            "pairs": sorted(rows, key=lambda row: -row["n"]),
        }


def find_label_errors(probability: NDArray[np.floating], y: NDArray[np.int64]) -> LabelErrors:
    """Doubt in each of the labels y [n], from held-out probabilities [n, classes].

    Rows of NaN were never held out: they have no doubt. Doubt is half of 1 plus the margin by which
    the likeliest other class exceeds the label's (the normalised margin of the reference), and 1
    more for suspects: they come first in a ranking, whatever their margin.
    """
    n, n_classes = probability.shape
    doubt = np.full(n, np.nan, np.float32)
    likely, suspect = y.copy(), np.zeros(n, bool)
    joint = np.zeros((n_classes, n_classes))
    tested = np.isfinite(probability).all(axis=1)
    p, label = probability[tested].astype(np.float64), y[tested]
    if not len(label):
        return LabelErrors(doubt, likely, suspect, joint)
    own = p[np.arange(len(label)), label]
    counts = np.bincount(label, minlength=n_classes)
    sums = np.bincount(label, own, minlength=n_classes)
    threshold = np.where(counts > 0, sums / np.maximum(counts, 1), np.inf)
    confident = p >= threshold
    named = np.where(confident, p, -1.0).argmax(axis=1)
    sure = confident.any(axis=1)
    wrong = sure & (named != label)
    likely[tested] = np.where(wrong, named, label)
    suspect[tested] = wrong
    others = p.copy()
    others[np.arange(len(label)), label] = -1.0
    doubt[tested] = (1 + others.max(axis=1) - own) / 2 + wrong
    return LabelErrors(doubt, likely, suspect, _joint(label[sure], named[sure], counts))


def _joint(
    label: NDArray[np.int64], named: NDArray[np.int64], counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The confident joint, each row scaled to the labels of its class, as shares of all."""
    n_classes = len(counts)
    joint = np.bincount(label * n_classes + named, minlength=n_classes**2).astype(float)
    joint = joint.reshape(n_classes, n_classes)
    rows = joint.sum(axis=1)
    joint[rows == 0] = np.eye(n_classes)[rows == 0]
    joint *= (counts / joint.sum(axis=1))[:, None]
    return joint / counts.sum()
