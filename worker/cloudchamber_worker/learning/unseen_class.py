"""The experiment: would a ranking have found a class that nobody had labelled?"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from cloudchamber_worker.learning.architectures import Architecture
from cloudchamber_worker.learning.architectures.vae import N_METADATA
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.classifier import epochs_for, fit_classifier
from cloudchamber_worker.learning.crossvalidation import assign_folds
from cloudchamber_worker.learning.inputs import CutoutSet
from cloudchamber_worker.learning.novelty import normalised_loss, rankings
from cloudchamber_worker.learning.quantiles import QuantileScaling
from cloudchamber_worker.learning.reconstruction import epochs_for as reconstruction_epochs
from cloudchamber_worker.learning.reconstruction import fit_reconstructor
from cloudchamber_worker.learning.training import Row, Schedule

LEAST_PER_CLASS = 8
LEAST_EPOCHS = 12
# No gallery is looked through much farther.
MOST_LOOKED_AT = 50
RESAMPLES = 500


@dataclass(frozen=True)
class Division:
    """One class left out: rows of the dataset to train on and to rank.

    training  three quarters of the labels of the other classes, with class numbers 0..k−1
    ranked    all of the unseen class and the quarter left; ``odd`` bool marks the former
    """

    unseen: int
    training: NDArray[np.intp]
    classes: NDArray[np.int64]
    ranked: NDArray[np.intp]
    odd: NDArray[np.bool_]

    @property
    def stage(self) -> str:
        return f"without class {self.unseen}"


def divide(
    rows: NDArray[np.intp],
    y: NDArray[np.int64],
    groups: NDArray[np.integer],
    seed: int,
    most_classes: int = 12,
    most_rows: int = 4000,
) -> list[Division]:
    """A division for each class with enough labels, most frequent first; empty with fewer than
    three such classes. ``rows`` are ascending; groups int [n] stay on one side."""
    if len(rows) > most_rows:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(rows))[:most_rows])
        rows, y = rows[chosen], y[chosen]
    counts = np.bincount(y)
    eligible = [int(k) for k in np.argsort(-counts, kind="stable") if counts[k] >= LEAST_PER_CLASS]
    found = []
    for unseen in eligible[:most_classes] if len(eligible) > 2 else []:
        rest = np.flatnonzero(y != unseen)
        fold, folds = assign_folds(y[rest], groups[rows[rest]], 4, seed)
        if folds < 2:
            continue
        training, test = rest[fold != 0], rest[fold == 0]
        ranked = np.concatenate([rows[y == unseen], rows[test]])
        odd = np.arange(len(ranked)) < (y == unseen).sum()
        compact = np.unique(y[training], return_inverse=True)[1].astype(np.int64)
        found.append(Division(unseen, rows[training], compact, ranked, odd))
    return found


def epochs_within(
    recipe: Architecture, divisions: list[Division], shown: int, asked: int | None
) -> int | None:
    """Epochs with which all divisions together show at most about ``shown`` images, twelve at
    least; never more than a training would take."""
    rows = [len(d.training) for d in divisions]
    usual = epochs_for(recipe, max(rows, default=0), asked)
    return min(usual, max(LEAST_EPOCHS, shown // max(sum(rows), 1)))


def rank_unseen(
    data: CutoutSet,
    division: Division,
    recipe: Architecture,
    seed: int,
    journal: Journal,
    scaling: QuantileScaling,
    epochs: int | None = None,
    on_epoch: Callable[[Row], None] | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Train without the class and rank: every ranking over ``division.ranked``."""
    done = journal.result(division.stage)
    if done is None:
        model = fit_classifier(
            data, division.training, division.classes, int(division.classes.max()) + 1, recipe,
            seed, journal, division.stage, epochs, None, on_epoch, scaling,
        )  # fmt: skip
        together = np.concatenate([division.ranked, division.training])
        known = np.arange(len(division.ranked), len(together))
        numbers = scaling.transform(data.measurements[together])
        values = rankings(model.predict(data, together), known, division.classes, numbers, seed)
        done = {name: v[: len(division.ranked)] for name, v in values.items()}
        journal.finish(division.stage, done)
    return done


def reconstruction_losses(
    images: NDArray[np.uint8],
    sizes: NDArray[np.floating],
    division: Division,
    seed: int,
    journal: Journal,
    epochs: int | None = None,
    on_epoch: Callable[[Row], None] | None = None,
) -> dict[str, NDArray[np.float32]]:
    """The ice-core seed's ranking: loss of an autoencoder trained without the class, raw and
    normalised, over ``division.ranked``.

    images  uint8 [n, channels, 64, 64]; sizes float [n, 2] (pixels, charge) for the normalised
    """
    stage = f"autoencoder {division.stage}"
    done = journal.result(stage)
    if done is None:
        seen = images[division.training]
        model = fit_reconstructor(
            "autoencoder", seen, np.zeros((len(seen), N_METADATA), np.float32), 64,
            Schedule(reconstruction_epochs(len(seen), epochs), 64, 1e-3, weight_decay=0.0),
            seed, journal, on_epoch=on_epoch,
        )  # fmt: skip
        tested = images[division.ranked]
        parts = model.batches(tested, np.zeros((len(tested), N_METADATA), np.float32))
        done = {"loss": np.concatenate([part.loss for part in parts])}
        journal.finish(stage, done)
    about = sizes[division.ranked]
    return {"loss": done["loss"], "loss_normalised": normalised_loss(done["loss"], *about.T)}


def auroc(values: NDArray[np.floating], odd: NDArray[np.bool_]) -> float:
    """Chance that an odd one ranks above another, ties counted half; undefined values rank in the
    middle."""
    ranks = rankdata(_finite(values))
    n = int(odd.sum())
    return float((ranks[odd].sum() - n * (n + 1) / 2) / (n * (len(odd) - n)))


def judge(values: NDArray[np.floating], odd: NDArray[np.bool_], seed: int = 0) -> dict[str, Any]:
    """AUROC with a 95 % interval (bootstrap over both groups), and precision among the first.

    Looked at are as many of the first as there are of the unseen class, at most 50: a number that
    leaves room above chance (``base_rate``) and below 1, however few were ranked. The interval
    holds for this training and this class; the spread over classes is apart.
    """
    finite = _finite(values)
    inside, outside = finite[odd], finite[~odd]
    rng = np.random.default_rng(seed)
    # Above one another, counted once; a resample only weighs rows and columns.
    above = (inside[:, None] > outside).astype(np.float32)
    above += 0.5 * (inside[:, None] == outside)
    weigh = [
        rng.multinomial(len(part), np.full(len(part), 1 / len(part)), RESAMPLES) / len(part)
        for part in (inside, outside)
    ]
    resampled = ((weigh[0].astype(np.float32) @ above) * weigh[1]).sum(axis=1)
    low, high = np.clip(np.quantile(resampled, [0.025, 0.975]), 0, 1)
    first = np.argsort(-finite, kind="stable")[: min(MOST_LOOKED_AT, int(odd.sum()))]
    return {
        "auroc": auroc(values, odd),
        "interval": [float(low), float(high)],
        "precision": float(odd[first].mean()),
        "looked_at": len(first),
        "base_rate": float(odd.mean()),
        "n_unseen": int(odd.sum()),
        "n_known": int((~odd).sum()),
    }


def summarise(per_class: dict[str, dict[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """{ranking: {class: judgement}} with mean and spread over the classes:
    {ranking: {auroc, sd, precision, looked_at, base_rate, per_class}}; looked_at are the least and
    the most of the classes."""

    def mean(of: dict[str, dict[str, Any]], figure: str) -> float:
        return float(np.mean([judged[figure] for judged in of.values()]))

    return {
        name: {
            "auroc": mean(of, "auroc"),
            "sd": float(np.std([j["auroc"] for j in of.values()], ddof=1)) if len(of) > 1 else None,
            "precision": mean(of, "precision"),
            "looked_at": [
                min(judged["looked_at"] for judged in of.values()),
                max(judged["looked_at"] for judged in of.values()),
            ],
            "base_rate": mean(of, "base_rate"),
            "per_class": of,
        }
        for name, of in per_class.items()
    }


def leave_one_class_out(
    data: CutoutSet,
    rows: NDArray[np.intp],
    y: NDArray[np.int64],
    classes: list[str],
    recipe: Architecture,
    seed: int,
    journal: Journal,
    scaling: QuantileScaling,
    others: dict[str, NDArray[np.floating]] | None = None,
    on_epoch: Callable[[int, Row], None] | None = None,
    epochs: int | None = None,
    shown: int | None = None,
) -> dict[str, Any] | None:
    """How well each ranking would have found a class that nobody had labelled, the cheap way.

    For each of the (at most six, most frequent) classes with enough labels: train without it on
    three quarters of the other labels, then rank it together with the quarter left out. The AUROC
    is the chance that a member of the unseen class ranks above a known one; 0.5 is a coin.

    others  rankings that do not come from this training (size), each over all cutouts, to be
            measured on the same rows
    shown   images shown in all trainings together, at most about; fewer epochs where needed

    Returns what ``summarise`` does, or None with fewer than three classes or too few labels.
    """
    divisions = divide(rows, y, data.groups, seed, most_classes=6, most_rows=1200)
    if not divisions:
        return None
    if shown is not None:
        epochs = epochs_within(recipe, divisions, shown, epochs)
    judged: dict[str, dict[str, dict[str, Any]]] = {}
    for division in divisions:

        def report(row: Row, unseen: int = division.unseen) -> None:
            if on_epoch is not None:
                on_epoch(unseen, row)

        values = rank_unseen(data, division, recipe, seed, journal, scaling, epochs, report)
        aside = {name: column[division.ranked] for name, column in (others or {}).items()}
        for name, column in {**values, **aside}.items():
            of = judged.setdefault(name, {})
            of[classes[division.unseen]] = judge(column, division.odd, seed)
    return summarise(judged)


def _finite(values: NDArray[np.floating]) -> NDArray[np.float64]:
    finite = np.asarray(values, np.float64)
    known = np.isfinite(finite)
    return np.where(known, finite, np.median(finite[known]) if known.any() else 0.0)
