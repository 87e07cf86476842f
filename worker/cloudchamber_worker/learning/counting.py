"""How many of each class there are, from how many a classifier says there are.

A classifier that confuses classes counts them wrongly, and the more so the more their shares differ
from those it was tested on. With P(said | true) from held-out data, the true shares are found by
inverting the confusion under the constraint that no share is negative. The assumption is label
shift: cutouts of a class look alike in both datasets, only the shares of the classes differ.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudchamber_worker.learning.metrics import wilson_interval

RESAMPLES = 1000
THRESHOLDS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)


@dataclass(frozen=True)
class Corrected:
    """count float64 [classes], which add up to the number of cutouts; low, high: 95 % interval."""

    count: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def rates(confusion: NDArray[np.number]) -> NDArray[np.float64]:
    """P(said | true) [true, said] from confusion counts; a class never held out counts as never
    confused, since nothing else is known of it."""
    counts = np.asarray(confusion, np.float64)
    totals = counts.sum(axis=-1, keepdims=True)
    return np.where(totals > 0, counts / np.maximum(totals, 1e-12), np.eye(counts.shape[-1]))


def true_shares(
    said: NDArray[np.number], rate: NDArray[np.floating], steps: int = 2000
) -> NDArray[np.float64]:
    """Most likely shares [.., classes] of the true classes, given counts ``said`` [.., classes]
    and P(said | true) [.., true, said].

    Expectation maximisation (Saerens, Latinne & Decaestecker 2002, on counts of decisions; the
    same iteration is known in physics as D'Agostini's unfolding, here run to its end). Every step
    keeps shares ≥ 0 and their sum 1.
    """
    said = np.asarray(said, np.float64)
    observed = said / np.maximum(said.sum(axis=-1, keepdims=True), 1e-12)
    shares = np.full(observed.shape, 1 / observed.shape[-1])
    for _ in range(steps):
        expected = np.einsum("...j,...ji->...i", shares, rate)
        ratio = observed / np.maximum(expected, 1e-12)
        new = shares * np.einsum("...ji,...i->...j", rate, ratio)
        new /= np.maximum(new.sum(axis=-1, keepdims=True), 1e-12)
        if np.abs(new - shares).max() < 1e-8:
            return new
        shares = new
    return shares


def corrected_counts(
    said: NDArray[np.integer], confusion: NDArray[np.number], seed: int = 0
) -> Corrected:
    """Counts corrected for confusion, with 95 % intervals.

    said       int [classes], how often each class was said of the new cutouts
    confusion  counts [true, said] on held-out cutouts

    The intervals are percentiles of a bootstrap: new counts multinomial, rows of the confusion
    Dirichlet with half a count spread over the row, so that a confusion never seen among few
    held-out cutouts is not taken for impossible.
    """
    said = np.asarray(said, np.int64)
    confusion = np.asarray(confusion, np.float64)
    total, k = int(said.sum()), len(said)
    if total == 0:
        return Corrected(np.zeros(k), np.zeros(k), np.zeros(k))
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(total, said / total, RESAMPLES)
    gamma = rng.gamma(confusion + 0.5 / k, size=(RESAMPLES, k, k))
    # A class that was never held out has no rates to vary.
    tested = confusion.sum(axis=1) > 0
    row = np.where(tested[None, :, None], gamma, np.eye(k)[None])
    row /= np.maximum(row.sum(axis=-1, keepdims=True), 1e-300)
    shares = true_shares(drawn, row, steps=300)
    low, high = np.quantile(shares, [0.025, 0.975], axis=0) * total
    count = true_shares(said, rates(confusion)) * total
    return Corrected(count, np.minimum(low, count), np.maximum(high, count))


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
