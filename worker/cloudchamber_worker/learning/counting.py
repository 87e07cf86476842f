"""How many of each class there are, from how many a classifier says there are.

A classifier that confuses classes counts them wrongly, and the more so the more their shares differ
from those it was tested on. With P(said | true) from held-out data the true shares are found anew;
how well is stated, and where the held-out labels do not carry a count, that is stated instead. The
assumption is label shift: cutouts of a class look alike in both datasets, only the shares of the
classes differ.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudchamber_worker.learning.count_posterior import sample_shares
from cloudchamber_worker.learning.metrics import wilson_interval

# With 5 of 5 right a class is found in at least 0.61 of the cases (95 %), with 2 of 2 in 0.37:
# below, the prior on the rates weighs as much as the labels.
LEAST_HELD_OUT = 5
# A posterior with this part of the width of its prior, or more, says nothing but the prior.
WIDE = 0.8
# Fewer cutouts of two classes together would leave their ratio open with a perfect classifier too.
LEAST_TOGETHER = 10
THRESHOLDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)


@dataclass(frozen=True)
class Together:
    """Classes that are not told apart, and their number together with its 95 % interval."""

    classes: tuple[int, ...]
    count: float
    low: float
    high: float


@dataclass(frozen=True)
class Corrected:
    """What is known of the number of each class.

    count      float64 [classes], posterior means, which add up to the number of cutouts
    low, high  float64 [classes], 95 % interval. Of the central one and the one from zero the
               shorter is given, so that low = 0 means an upper limit.
    held_out   int64 [classes], labels that the rates of the class were measured on
    open       bool [classes], the interval is about as wide as the prior's
    mixed      for each class those it cannot be told from: of the two together either may have
               nearly any part, and the two together are known better than the worse of them
    together   groups of such classes
    """

    count: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    held_out: NDArray[np.int64]
    open: NDArray[np.bool_]
    mixed: tuple[tuple[int, ...], ...]
    together: tuple[Together, ...]

    @property
    def identifiable(self) -> NDArray[np.bool_]:
        """Whether the held-out labels carry the count, [classes]."""
        told_apart = np.array([not others for others in self.mixed], bool)
        return (self.held_out >= LEAST_HELD_OUT) & told_apart & ~self.open


def corrected_counts(
    said: NDArray[np.integer], confusion: NDArray[np.number], seed: int = 0
) -> Corrected:
    """Counts corrected for confusion, with 95 % intervals.

    said       int [classes], how often each class was said of the new cutouts
    confusion  counts [true, said] on held-out cutouts, fractions where copies were counted, see
               ``metrics.of_images``

    A count is the number expected of such a sample of this size: its interval holds the counting
    fluctuation as well as what is not known of the confusions, so that a class of which none was
    said has the upper limit 3 / efficiency. See ``sample_shares`` for the priors.
    """
    return corrected_sets(np.asarray(said)[None], np.asarray(confusion)[None], seed)[0]


def corrected_sets(
    said: NDArray[np.integer],
    confusion: NDArray[np.number],
    seed: int = 0,
    chains: int | None = None,
) -> list[Corrected]:
    """``corrected_counts`` of many sets at once: said [sets, classes], confusion [sets, true,
    said]."""
    said, confusion = np.asarray(said, np.int64), np.asarray(confusion, np.float64)
    shares = sample_shares(said, confusion, seed, chains)
    totals = said.sum(axis=1)
    return [
        _corrected(drawn * total, np.floor(rows.sum(axis=1) + 1e-9).astype(np.int64))
        for drawn, total, rows in zip(shares, totals, confusion, strict=True)
    ]


def interval(draws: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95 % intervals (low, high) of draws [draws, ..]: the central one, or the one from zero where
    that is the shorter (for a normal posterior: where the mean is below 2.3 standard deviations).

    Which of the two is stated follows from the data alone, and both hold 95 % of the posterior;
    compare Feldman & Cousins 1998, where one construction leads from limits to intervals too.
    """
    low, one_sided, high = np.quantile(draws, [0.025, 0.95, 0.975], axis=0)
    from_zero = one_sided <= high - low
    return np.where(from_zero, 0.0, low), np.where(from_zero, one_sided, high)


def _corrected(draws: NDArray[np.float64], held_out: NDArray[np.int64]) -> Corrected:
    low, high = interval(draws)
    pairs = _inseparable(draws)
    mixed = tuple(tuple(int(i) for i in np.flatnonzero(row)) for row in pairs)
    groups = []
    for members in _connected(pairs):
        if len(members) == draws.shape[1]:
            continue  # all classes together are as many as there are cutouts
        summed = draws[:, members].sum(axis=1)
        bottom, top = interval(summed)
        groups.append(Together(members, float(summed.mean()), float(bottom), float(top)))
    return Corrected(
        draws.mean(axis=0), low, high, held_out, _as_open_as_before(draws), mixed, tuple(groups)
    )


def _width(draws: NDArray[np.float64]) -> NDArray[np.float64]:
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return high - low


def _as_open_as_before(draws: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which classes may have as many as the prior alone allows, [classes]. Each of k shares has
    the prior Beta(1, k - 1)."""
    k, total = draws.shape[1], draws[0].sum()
    if k < 2 or total < LEAST_TOGETHER:
        return np.zeros(k, bool)
    low, high = 1 - np.array([0.975, 0.025]) ** (1 / (k - 1))
    return _width(draws) >= WIDE * (high - low) * total


def _inseparable(draws: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Pairs [classes, classes] that are known together, but not apart. The part of one class among
    two has a flat prior, whose 95 % interval is 0.95 wide."""
    k = draws.shape[1]
    own = _width(draws)
    pairs = np.zeros((k, k), bool)
    for a in range(k - 1):
        both = draws[:, a : a + 1] + draws[:, a + 1 :]
        pairs[a, a + 1 :] = (
            (_width(draws[:, a : a + 1] / np.maximum(both, 1e-300)) >= WIDE * 0.95)
            & (_width(both) < np.maximum(own[a], own[a + 1 :]))
            & (np.median(both, axis=0) >= LEAST_TOGETHER)
        )
    return pairs | pairs.T


def _connected(pairs: NDArray[np.bool_]) -> list[tuple[int, ...]]:
    """Groups of two or more that hang together by pairs, [classes, classes]."""
    left, groups = set(np.flatnonzero(pairs.any(axis=1)).tolist()), []
    while left:
        group, border = set(), {min(left)}
        while border:
            group |= border
            border = set(np.flatnonzero(pairs[list(border)].any(axis=0)).tolist()) - group
        left -= group
        groups.append(tuple(sorted(group)))
    return groups


def at_thresholds(
    probability: NDArray[np.floating], y: NDArray[np.integer] | None = None
) -> dict[str, Any]:
    """Cutouts per class whose class has a probability above each threshold.

    probability  [n, classes], rows that are NaN left out
    y            true classes [n], where known: then also how many of them are right

    Returns {thresholds, n: [threshold][class], right: the same}.
    """
    known = np.isfinite(probability).all(axis=1)
    probability = probability[known]
    k = probability.shape[1]
    said, confidence = probability.argmax(axis=1), probability.max(axis=1)
    above = [confidence > t for t in THRESHOLDS]
    found: dict[str, Any] = {
        "thresholds": list(THRESHOLDS),
        "n": [np.bincount(said[a], minlength=k).tolist() for a in above],
    }
    if y is not None:
        right = said == y[known]
        found["right"] = [np.bincount(said[a & right], minlength=k).tolist() for a in above]
    return found


def purities(
    held_out: dict[str, Any], confidence: float = 0.95
) -> list[list[dict[str, Any] | None]]:
    """[threshold][class]: share of right ones among held-out cutouts said to be of the class above
    the threshold, {value, interval, n}; None where there is none."""
    return [
        [
            {"value": r / n, "interval": list(wilson_interval(r, n, confidence)), "n": n}
            if n
            else None
            for n, r in zip(*level, strict=True)
        ]
        for level in zip(held_out["n"], held_out["right"], strict=True)
    ]
