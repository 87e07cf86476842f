"""Which labelled cutouts are held out together."""

import numpy as np
from numpy.typing import NDArray


def assign_folds(
    y: NDArray[np.int64], groups: NDArray[np.integer], folds: int, seed: int
) -> tuple[NDArray[np.int32], int]:
    """Fold number of each labelled row (-1: always in training) and the number of folds (or 0).

    Rows of a group share a fold. A class with a single group is never held out, for nothing of it
    would be left to train on. There are as many folds as the second most widespread class has
    groups, if fewer. Groups go one after the other, largest first, to the fold that has least of
    their classes.
    """
    names, member = np.unique(groups, return_inverse=True)
    n_classes = int(y.max()) + 1 if len(y) else 0
    counts = np.zeros((len(names), n_classes))
    np.add.at(counts, (member, y), 1)
    per_class = (counts > 0).sum(axis=0)
    while folds > 1 and (per_class >= folds).sum() < 2:
        folds -= 1
    if folds < 2:
        return np.full(len(y), -1, np.int32), 0
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(names))
    order = order[np.argsort(-counts[order].sum(axis=1), kind="stable")]
    load = np.zeros((folds, n_classes))
    of_group = np.zeros(len(names), np.int32)
    totals = np.maximum(counts.sum(axis=0), 1)
    for group in order:
        share = (load[:, counts[group] > 0] / totals[counts[group] > 0]).sum(axis=1)
        tie = load.sum(axis=1) / len(y) * 1e-3
        of_group[group] = int((share + tie).argmin())
        load[of_group[group]] += counts[group]
    fold = of_group[member].astype(np.int32)
    fold[per_class[y] < 2] = -1
    return fold, folds
