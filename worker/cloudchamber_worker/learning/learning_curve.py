"""Accuracy against the number of labels: what the next hundred would bring.

A power law err(k) = a + b k^-c describes most learning curves (Viering & Loog 2023, IEEE TPAMI 45,
7799); its continuation is an estimate, and comes with its spread.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from cloudchamber_worker.learning.forest import fit_forest
from cloudchamber_worker.learning.kernel import fit_kernel_logistic
from cloudchamber_worker.learning.metrics import confusion_matrix, macro_f1
from cloudchamber_worker.learning.typicality import labelling_order

Order = Literal["random", "typical"]
ORDERS: tuple[Order, ...] = ("random", "typical")
SIZES = (10, 25, 50, 100)
TREES = 200
TEST_SHARE = 0.25
NEXT = 100
EXPONENTS = np.linspace(0.1, 2.0, 20)
RESAMPLES = 400


@dataclass(frozen=True)
class Division:
    """Row numbers of one division: ``train`` in the order of each way of choosing, and ``test``."""

    train: dict[Order, NDArray[np.intp]]
    test: NDArray[np.intp]


def sizes_up_to(n: int) -> list[int]:
    """10, 25, 50, 100, 200, 400 … below n, and n itself (at least 2)."""
    sizes = [size for size in SIZES if size < n]
    while sizes and sizes[-1] >= SIZES[-1] and 2 * sizes[-1] < n:
        sizes.append(2 * sizes[-1])
    # Two sizes closer than a tenth of each other say the same twice.
    if sizes and n < 1.1 * sizes[-1]:
        sizes.pop()
    return [*sizes, n]


def divide(
    x: NDArray[np.float32],
    groups: NDArray[np.integer],
    testable: NDArray[np.bool_],
    seed: int,
) -> Division:
    """Put whole groups aside until a quarter of the ``testable`` rows [n] is among them.

    x  finite vectors [n, d], by which typical ones are found among the rest
    Rows set aside that are not testable are used for nothing.
    """
    rng = np.random.default_rng(seed)
    names, member = np.unique(groups, return_inverse=True)
    worth = np.bincount(member, weights=testable, minlength=len(names))
    order = rng.permutation(len(names))
    reached = np.cumsum(worth[order])
    last = int(np.searchsorted(reached, TEST_SHARE * worth.sum()))
    aside = np.zeros(len(names), bool)
    # Something must be left to learn from, however large one group is.
    aside[order[: min(last + 1, len(names) - 1)]] = True
    test = np.flatnonzero(aside[member] & testable)
    train = rng.permutation(np.flatnonzero(~aside[member]))
    typical = train[labelling_order(x[train], seed)]
    return Division({"random": train, "typical": typical}, test)


def accuracy_of(
    x: NDArray[np.float32],
    y: NDArray[np.int64],
    n_classes: int,
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    seed: int,
) -> tuple[float, float]:
    """Accuracy and macro-F1 on ``test`` of extra-trees and a kernel method fitted on ``train``."""
    p = fit_forest(x[train], y[train], n_classes, seed, TREES).predict(x[test])
    if len(np.unique(y[train])) > 1:
        p = p + fit_kernel_logistic(x[train], y[train], n_classes, seed).predict(x[test])
    confusion = confusion_matrix(y[test], p.argmax(axis=1), n_classes)
    return float(np.trace(confusion) / len(test)), macro_f1(confusion)


def measure(
    x: NDArray[np.float32],
    y: NDArray[np.int64],
    n_classes: int,
    divisions: list[Division],
    sizes: list[int],
    seed: int,
    on_point: Callable[[Order, int, int, float, float], None],
) -> dict[Order, NDArray[np.float64]]:
    """Accuracies [divisions, sizes] of each order; ``on_point`` hears of each as it comes.

    A size beyond a division's training rows takes all of them.
    """
    found: dict[Order, NDArray[np.float64]] = {
        order: np.full((len(divisions), len(sizes)), np.nan) for order in ORDERS
    }
    for d, division in enumerate(divisions):
        for order, s, rows in _trainings(division, sizes):
            accuracy, f1 = accuracy_of(x, y, n_classes, rows, division.test, seed + d)
            # With all rows the order makes no difference.
            same = ORDERS if len(rows) == len(division.train[order]) else (order,)
            for one in same:
                found[one][d, s] = accuracy
                on_point(one, d, s, accuracy, f1)
    return found


def _trainings(
    division: Division, sizes: list[int]
) -> Iterator[tuple[Order, int, NDArray[np.intp]]]:
    for s, size in enumerate(sizes):
        for order in ORDERS:
            rows = division.train[order][:size]
            if order == ORDERS[0] or len(rows) < len(division.train[order]):
                yield order, s, rows


@dataclass(frozen=True)
class PowerLaw:
    """err(k) = a + b k^-c"""

    a: float
    b: float
    c: float

    def error(self, k: float) -> float:
        return self.a + self.b * k**-self.c


def fit_power_law(
    sizes: NDArray[np.floating], error: NDArray[np.floating], weight: NDArray[np.floating]
) -> PowerLaw:
    """Weighted least squares with a, b ≥ 0 over a grid of exponents from 0.1 to 2."""
    root = np.sqrt(weight)
    best, least = PowerLaw(float(error[-1]), 0.0, 1.0), np.inf
    for c in EXPONENTS:
        basis = np.stack([np.ones_like(sizes), sizes**-c], axis=1)
        (a, b), residual = nnls(basis * root[:, None], error * root)
        if residual < least:
            best, least = PowerLaw(float(a), float(b), float(c)), residual
    return best


def extrapolate(
    sizes: list[int], accuracy: NDArray[np.float64], n: int, test_share: float, seed: int
) -> dict[str, Any] | None:
    """What ``NEXT`` labels more than the n at hand would bring; None below three sizes.

    accuracy    [divisions, sizes] in random order
    test_share  test rows per training row of a division

    The spread is that of a bootstrap over the divisions. Divisions of one set of labels overlap,
    so their mean scatters more than it seems: deviations are scaled by √(1 + divisions·test_share)
    (Nadeau & Bengio 2003, Mach. Learn. 52, 239).
    """
    if len(sizes) < 3:
        return None
    k, mean = np.array(sizes, float), accuracy.mean(axis=0)
    repeats = len(accuracy)
    scale = np.sqrt(1 + repeats * test_share)
    spread = accuracy.std(axis=0, ddof=1) / np.sqrt(repeats) * scale
    weight = 1 / np.maximum(spread, 0.005) ** 2
    law = fit_power_law(k, 1 - mean, weight)
    rng = np.random.default_rng(seed)
    laws = []
    for _ in range(RESAMPLES):
        drawn = accuracy[rng.integers(repeats, size=repeats)].mean(axis=0)
        laws.append(fit_power_law(k, 1 - (mean + (drawn - mean) * scale), weight))
    gains = np.array([one.error(n) - one.error(n + NEXT) for one in laws])
    then = np.array([1 - one.error(n + NEXT) for one in laws])
    gain = law.error(n) - law.error(n + NEXT)
    # Divisions that all come out alike have no spread, but n labels do not tell an accuracy finer
    # than one of them.
    sd = max(float(gains.std(ddof=1)), 1 / n)
    low, high = np.quantile(gains, [0.025, 0.975])
    low, high = min(low, gain - 2 / n), max(high, gain + 2 / n)
    return {
        "labels": NEXT,
        "from": n,
        "gain": gain,
        "sd": sd,
        "interval": [float(low), float(high)],
        "accuracy_now": 1 - law.error(n),
        "accuracy_then": 1 - law.error(n + NEXT),
        "sd_then": max(float(then.std(ddof=1)), 1 / n),
        "law": {"a": law.a, "b": law.b, "c": law.c},
        "verdict": verdict(gain, sd),
    }


def verdict(gain: float, sd: float) -> Literal["stop", "go_on", "unclear"]:
    """Stop where 100 labels bring less than a point, known to 1.5 points; go on where they bring
    more by at least their spread."""
    if gain < 0.01 and sd <= 0.015:
        return "stop"
    return "go_on" if gain >= 0.01 and gain > sd else "unclear"
