"""Gradient-boosted trees (XGBoost, Chen & Guestrin 2016) on measurements and metadata, and what
each number contributed to each answer: exact TreeSHAP (Lundberg et al. 2020, arXiv:1905.04610).

The booster is stored as XGBoost's own UBJSON bytes, so that nothing is ever unpickled.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray
from xgboost.callback import TrainingCallback

from cloudchamber_worker.learning.architectures.space import Value
from cloudchamber_worker.learning.checkpoints import Arrays
from cloudchamber_worker.learning.folds import assign_folds

# Kept back in turn to choose the number of rounds; one part is enough where labels abound.
INNER_FOLDS, MANY = 5, 5000


@dataclass(frozen=True)
class BoostedTrees:
    """Probability of each class as a softmax over sums of trees.

    ubj      uint8 [bytes], the booster as UBJSON
    present  int64 [p], the class numbers it was fitted on, in its own order
    shape    int64 [2], (features, classes)
    """

    ubj: NDArray[np.uint8]
    present: NDArray[np.int64]
    shape: NDArray[np.int64]

    @cached_property
    def _booster(self) -> xgboost.Booster:
        booster = xgboost.Booster({"nthread": 1})
        booster.load_model(bytearray(self.ubj.tobytes()))
        return booster

    @property
    def rounds(self) -> int:
        """Rounds of boosting that were run."""
        return self._booster.num_boosted_rounds()

    def predict(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Class probabilities [n, classes] of x [n, features] (finite); 0 for absent classes."""
        out = np.zeros((len(x), int(self.shape[1])), np.float32)
        if len(x):
            out[:, self.present] = self._booster.predict(xgboost.DMatrix(x, nthread=1))
        return out

    def contributions(
        self, x: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Shapley values [n, classes, features] of x [n, features] and base values [classes].

        In units of log odds: base plus the sum over the features is a class's score before the
        softmax. Exact for the trees (path-dependent TreeSHAP); 0 for absent classes.
        """
        features, classes = (int(v) for v in self.shape)
        values = np.zeros((len(x), classes, features), np.float32)
        base = np.zeros(classes, np.float32)
        # At least one row, for the base values.
        rows = x if len(x) else np.zeros((1, features), np.float32)
        found = self._booster.predict(xgboost.DMatrix(rows, nthread=1), pred_contribs=True)
        base[self.present] = found[0, :, -1]  # [n, present, features + 1]
        values[:, self.present] = found[: len(x), :, :-1]
        return values, base

    @cached_property
    def importance(self) -> NDArray[np.float32]:
        """Share of each feature in the gain of all splits, float32 [features]."""
        gain = np.zeros(int(self.shape[0]), np.float32)
        for name, value in self._booster.get_score(importance_type="total_gain").items():
            gain[int(name[1:])] = np.sum(value)
        return gain / gain.sum() if gain.any() else gain

    def arrays(self) -> Arrays:
        return {"ubj": self.ubj, "present": self.present, "shape": self.shape}


def fit_boosted(
    x: NDArray[np.float32],
    y: NDArray[np.int64],
    n_classes: int,
    seed: int,
    values: Mapping[str, Value],
    groups: NDArray[np.integer] | None = None,
    held_out: tuple[NDArray[np.float32], NDArray[np.int64]] | None = None,
    on_round: Callable[[dict[str, Any]], None] | None = None,
) -> BoostedTrees:
    """Fit on x [n, features] (finite), class numbers y [n] with at least two classes present.

    values    of ``BOOSTED_TREES_SPACE``
    groups    int [n]; rows of one group stay together where rounds are chosen (default: each alone)
    held_out  x and y whose loss and accuracy go into the rows for ``on_round``, and nowhere else
    on_round  called with {epoch, loss, accuracy, ...} of about 50 rounds; an exception it raises
              stops the training

    The number of rounds is that with the least log loss on rows kept back *within* x, in turn;
    then one booster is fitted on all of x. The same seed gives the same bytes.
    """
    present, target = np.unique(y, return_inverse=True)
    groups = np.arange(len(y)) if groups is None else groups
    params = {
        **{name: value for name, value in values.items() if name not in _OURS},
        "objective": "multi:softprob",
        "num_class": len(present),
        "tree_method": "hist",
        "nthread": 1,
        "seed": seed,
        "verbosity": 0,
    }
    rounds = int(values["n_estimators"])
    if values["early_stopping"]:
        rounds = _choose_rounds(x, target, groups, params, rounds, int(values["early_stopping"]))
    table = xgboost.DMatrix(x, target, nthread=1)
    callbacks = []
    evals: list[tuple[xgboost.DMatrix, str]] = []
    if on_round is not None:
        evals = [(table, "")]
        if held_out is not None:
            known = np.isin(held_out[1], present)
            numbers = np.searchsorted(present, held_out[1][known])
            if known.any():
                evals.append((xgboost.DMatrix(held_out[0][known], numbers, nthread=1), "val_"))
        callbacks = [_Rounds(on_round, max(1, rounds // 50))]
    booster = xgboost.train(
        {**params, "eval_metric": ["mlogloss", "merror"]}, table, rounds,
        evals=evals, callbacks=callbacks, verbose_eval=False,
    )  # fmt: skip
    return BoostedTrees(
        np.frombuffer(bytes(booster.save_raw("ubj")), np.uint8).copy(),
        present.astype(np.int64),
        np.array([x.shape[1], n_classes], np.int64),
    )


# Names of the space that are not XGBoost's.
_OURS = ("n_estimators", "early_stopping")


class _Rounds(TrainingCallback):
    """A row for every ``every``-th round."""

    def __init__(self, on_round: Callable[[dict[str, Any]], None], every: int) -> None:
        self._on_round, self._every = on_round, every

    def after_iteration(self, model: Any, epoch: int, evals_log: Any) -> bool:
        if epoch % self._every == 0:
            row: dict[str, Any] = {"epoch": epoch}
            for prefix, found in evals_log.items():
                row[f"{prefix}loss"] = found["mlogloss"][-1]
                row[f"{prefix}accuracy"] = 1 - found["merror"][-1]
            self._on_round(row)
        return False


def _choose_rounds(
    x: NDArray[np.float32],
    y: NDArray[np.int64],
    groups: NDArray[np.integer],
    params: dict[str, Any],
    most: int,
    patience: int,
) -> int:
    """Rounds with the least mean log loss over inner folds; ``most`` where none can be made."""
    fold, folds = assign_folds(y, groups, INNER_FOLDS, int(params["seed"]))
    if folds == 0:
        return most
    parts = range(folds if len(y) < MANY else 1)
    losses = np.full((len(parts), most), np.nan)
    for k in parts:
        inside = fold == k
        history: dict[str, Any] = {}
        xgboost.train(
            {**params, "eval_metric": "mlogloss"},
            xgboost.DMatrix(x[~inside], y[~inside], nthread=1),
            most,
            evals=[(xgboost.DMatrix(x[inside], y[inside], nthread=1), "inner")],
            early_stopping_rounds=patience,
            evals_result=history,
            verbose_eval=False,
        )
        found = history["inner"]["mlogloss"]
        losses[k, : len(found)] = found
        # A part that stopped has no more to say; its last loss stands for the rest.
        losses[k, len(found) :] = found[-1]
    return int(losses.mean(axis=0).argmin()) + 1
