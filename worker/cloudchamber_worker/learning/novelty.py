"""Rankings that bring the odd cutouts to the top. In all of them a larger number is odder."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import NearestNeighbors

from cloudchamber_worker.learning.architectures import Architecture
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.classifier import Prediction, fit_classifier
from cloudchamber_worker.learning.crossvalidation import assign_folds
from cloudchamber_worker.learning.inputs import CutoutSet
from cloudchamber_worker.learning.quantiles import QuantileScaling
from cloudchamber_worker.learning.training import Row

LEAST_PER_CLASS = 8
MAX_CLASSES = 6
MAX_ROWS = 600
MAX_REFERENCE = 20_000


def entropy(probability: NDArray[np.floating]) -> NDArray[np.float32]:
    """Entropy of class probabilities [n, classes] over log(classes), 0..1, [n]."""
    p = np.clip(probability, 1e-12, 1)
    return (-(p * np.log(p)).sum(axis=1) / max(np.log(p.shape[1]), 1e-12)).astype(np.float32)


def margin(probability: NDArray[np.floating]) -> NDArray[np.float32]:
    """1 minus the gap between the two largest probabilities, 0..1, [n]."""
    top = np.sort(probability, axis=1)[:, -2:]
    return (1 - (top[:, -1] - top[:, 0])).astype(np.float32)


def median_score(probability: NDArray[np.floating]) -> NDArray[np.float32]:
    """Median of the class probabilities, the ice-core seed's measure of confusion, [n]."""
    return np.median(probability, axis=1).astype(np.float32)


def knn_distance(
    vectors: NDArray[np.float32], known: NDArray[np.intp], k: int = 5
) -> NDArray[np.float32]:
    """Mean distance of each vector [n, d] to its k nearest among the rows ``known``, itself and
    exact copies of its row number aside; NaN where nothing is known. Each dimension counts in
    units of its standard deviation over the known rows."""
    if len(known) < 2:
        return np.full(len(vectors), np.nan, np.float32)
    if len(known) > MAX_REFERENCE:
        known = known[:: -(-len(known) // MAX_REFERENCE)]
    spread = vectors[known].std(axis=0)
    scaled = np.nan_to_num(vectors / np.where(spread > 1e-6, spread, 1.0))
    k = min(k, len(known) - 1)
    distance, nearest = (
        NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(scaled[known]).kneighbors(scaled)
    )
    itself = known[nearest] == np.arange(len(vectors))[:, None]
    # Drop oneself where present, else the farthest, so that k remain in every row.
    itself[~itself.any(axis=1), -1] = True
    return distance[~itself].reshape(len(vectors), k).mean(axis=1).astype(np.float32)


def normalised_loss(
    loss: NDArray[np.floating], *sizes: NDArray[np.floating]
) -> NDArray[np.float32]:
    """What a reconstruction loss [n] says beyond size and charge [n each].

    Residual of log loss regressed on the logs and their squares, in units of its own robust
    scatter. Large tracks always lose more; this asks which lose more than others of their size.
    Missing sizes count as the median.
    """
    y = np.log(np.maximum(np.asarray(loss, np.float64), 1e-12))
    columns = [np.ones(len(y))]
    for size in sizes:
        x = np.log(np.maximum(np.nan_to_num(np.asarray(size, np.float64), nan=-1), 1e-3))
        x[~np.isfinite(size)] = np.median(x[np.isfinite(size)]) if np.isfinite(size).any() else 0
        scale = x.std()
        x = (x - x.mean()) / scale if scale > 1e-9 else np.zeros(len(x))
        columns += [x, x * x]
    design = np.stack(columns, axis=1)
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    scatter = 1.4826 * np.median(np.abs(residual - np.median(residual)))
    return (residual / max(scatter, 1e-9)).astype(np.float32)


def rankings(prediction: Prediction, known: NDArray[np.intp]) -> dict[str, NDArray[np.float32]]:
    """All rankings of a classifier's predictions, each [n]; the first is the default."""
    return {
        "knn_distance": knn_distance(prediction.penultimate, known),
        "entropy": entropy(prediction.probability),
        "margin": margin(prediction.probability),
        "median_score": median_score(prediction.probability),
    }


def leave_one_class_out(
    data: CutoutSet,
    rows: NDArray[np.intp],
    y: NDArray[np.int64],
    recipe: Architecture,
    seed: int,
    journal: Journal,
    scaling: QuantileScaling,
    others: dict[str, NDArray[np.floating]] | None = None,
    on_epoch: Callable[[int, Row], None] | None = None,
    epochs: int | None = None,
) -> dict[str, Any] | None:
    """How well each ranking would have found a class that nobody had labelled.

    For each of the (at most six, most frequent) classes with enough labels: train without it on
    three quarters of the other labels, then rank it together with the quarter left out. The AUROC
    is the chance that a member of the unseen class ranks above a known one; 0.5 is a coin.

    others  rankings that do not come from this training (size, reconstruction loss), each over
            all cutouts, to be measured on the same rows

    Returns {ranking: {auroc, sd, per_class: {class: auroc}}}, or None with fewer than three
    classes or too few labels.
    """
    if len(rows) > MAX_ROWS:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(rows))[:MAX_ROWS])
        rows, y = rows[chosen], y[chosen]
    counts = np.bincount(y)
    eligible = [int(k) for k in np.argsort(-counts) if counts[k] >= LEAST_PER_CLASS]
    if len(eligible) < 3:
        return None
    scores: dict[str, dict[int, float]] = {}
    for unseen in eligible[:MAX_CLASSES]:
        stage = f"without class {unseen}"
        rest = np.flatnonzero(y != unseen)
        fold, folds = assign_folds(y[rest], data.groups[rows[rest]], 4, seed)
        if folds < 2:
            continue
        training, test = rest[fold != 0], rest[fold == 0]
        ranked = np.concatenate([rows[y == unseen], rows[test]])
        done = journal.result(stage)
        if done is None:

            def report(row: Row, unseen: int = unseen) -> None:
                if on_epoch is not None:
                    on_epoch(unseen, row)

            classes, compact = np.unique(y[training], return_inverse=True)
            model = fit_classifier(
                data, rows[training], compact, len(classes), recipe, seed, journal, stage,
                epochs, None, report, scaling,
            )  # fmt: skip
            together = np.concatenate([ranked, rows[training]])
            known = np.arange(len(ranked), len(together))
            done = {
                name: values[: len(ranked)]
                for name, values in rankings(model.predict(data, together), known).items()
            }
            journal.finish(stage, done)
        truth = y[np.searchsorted(rows, ranked)] == unseen
        measured = {**done, **{name: column[ranked] for name, column in (others or {}).items()}}
        for name, values in measured.items():
            finite = np.nan_to_num(values, nan=float(np.nanmedian(values)))
            scores.setdefault(name, {})[unseen] = float(roc_auc_score(truth, finite))
    if not scores:
        return None
    return {
        name: {
            "auroc": float(np.mean(list(of.values()))),
            "sd": float(np.std(list(of.values()), ddof=1)) if len(of) > 1 else None,
            "per_class": {str(k): v for k, v in of.items()},
        }
        for name, of in scores.items()
    }
