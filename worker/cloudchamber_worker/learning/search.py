"""A search for hyperparameters: what a trial takes, how it is judged, what a study says.

Optuna chooses (tree-structured Parzen estimators, Bergstra et al. 2011) and gives up early what
lies below the median of the trials before it at the same step. Each trial is judged by
cross-validation on the search's own folds: those that later judge the model trained with the
winner are drawn with another seed, for the best of n trials looks better than it is on the folds
that chose it.
"""

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial, TrialState

from cloudchamber_worker.learning.architectures import Architecture
from cloudchamber_worker.learning.architectures.space import Hyperparameter, Value, counts
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.classifier import epochs_for, fit_classifier
from cloudchamber_worker.learning.errors import NotEnoughLabels
from cloudchamber_worker.learning.folds import assign_folds
from cloudchamber_worker.learning.inputs import CutoutSet
from cloudchamber_worker.learning.metrics import confusion_matrix, macro_f1
from cloudchamber_worker.learning.quantiles import QuantileScaling
from cloudchamber_worker.learning.training import Row

optuna.logging.set_verbosity(logging.WARNING)

# Trials before the importance of a hyperparameter is worth a bar.
LEAST_FOR_IMPORTANCE = 8
# Looks at a trial within a fold: each is written to the database before the next epoch.
TOLD_PER_FOLD = 12
# Told of a study at most, best first: a result is read by a page.
MOST_TOLD = 2000
_SALT = 0x5EA4C4

# (step, steps of the whole trial, mean held-out accuracy so far)
OnStep = Callable[[int, int, float], None]


def searched(recipe: Architecture, values: Mapping[str, Value], numbers: int):
    """The parameters of the space that a search varies and that count beside these values."""
    return [p for p in recipe.space if p.searched and counts(p, values, numbers)]


def suggest(trial: optuna.Trial, recipe: Architecture, numbers: int) -> Architecture:
    """The recipe with values from the trial; those that are not searched stay as chosen."""
    kept = {p.name for p in recipe.space if not p.searched}
    values: dict[str, Value] = {k: v for k, v in recipe.hyperparameters.items() if k in kept}
    for parameter in recipe.space:
        if parameter.searched and counts(parameter, values, numbers):
            values[parameter.name] = _suggested(trial, parameter)
    return recipe.choose(values)


def _suggested(trial: optuna.Trial, parameter: Hyperparameter) -> Value:
    name, low, high = parameter.name, parameter.low, parameter.high
    if parameter.kind == "categorical":
        return parameter.checked(trial.suggest_categorical(name, list(parameter.choices)))
    if parameter.kind == "int":
        return trial.suggest_int(name, int(low), int(high), log=parameter.log)
    return trial.suggest_float(name, low, high, log=parameter.log)


def first_trials(recipe: Architecture, numbers: int) -> list[dict[str, Value]]:
    """What every study begins with: the architecture's own values, and those chosen before."""
    found: list[dict[str, Value]] = []
    for start in (recipe.choose({}), recipe):
        values = start.values(numbers)
        names = [p.name for p in searched(start, values, numbers) if p.name in values]
        ask = {name: values[name] for name in names}
        if ask not in found:
            found.append(ask)
    return found


def sampler_for(seed: int, trial: int) -> optuna.samplers.TPESampler:
    """A sampler of this trial's own: a study that was interrupted, or that several workers share,
    never draws the same random numbers twice."""
    mixed = int(np.random.SeedSequence([seed, trial, _SALT]).generate_state(1)[0])
    return optuna.samplers.TPESampler(seed=mixed, multivariate=False)


@dataclass(frozen=True)
class Task:
    """What every trial of a study is judged on."""

    data: CutoutSet
    rows: NDArray[np.intp]
    y: NDArray[np.int64]
    n_classes: int
    scaling: QuantileScaling
    folds: int
    seed: int
    epochs: int | None = None

    @property
    def numbers(self) -> int:
        """Numbers per cutout."""
        return self.data.measurements.shape[1]


def trial_folds(task: Task) -> tuple[NDArray[np.int32], int]:
    """Folds of the search, split by source, drawn with another seed than those of a training."""
    mixed = int(np.random.SeedSequence([task.seed, _SALT]).generate_state(1)[0])
    fold, n = assign_folds(task.y, task.data.groups[task.rows], task.folds, mixed)
    if n < 2:
        raise NotEnoughLabels(
            "Too few labels to hold some out: a search needs two classes in two sources each.",
            "Label some more cutouts first.",
        )
    return fold, n


def judge(task: Task, recipe: Architecture, on_step: OnStep) -> dict[str, Any]:
    """Train on all folds but one, in turn; what ``on_step`` raises ends it.

    Returns
    -------
    dict
        accuracy (mean over the folds), accuracy_sd, macro_f1, macro_f1_sd (over the folds), n.
    """
    fold, n_folds = trial_folds(task)
    accuracies: list[float] = []
    scores: list[float] = []
    for k in range(n_folds):
        inside = fold == k
        train, test = task.rows[~inside], task.rows[inside]
        epochs = epochs_for(recipe, len(train), task.epochs)

        def tell(row: Row, k: int = k, epochs: int = epochs) -> None:
            now = row.get("val_accuracy", np.nan)
            # The last step of a fold is told with the whole classifier's accuracy.
            due = (row["epoch"] + 1) % max(1, epochs // TOLD_PER_FOLD) == 0
            if np.isfinite(now) and due and row["epoch"] < epochs - 1:
                mean = float(np.mean([*accuracies, now]))
                on_step(k * epochs + row["epoch"], n_folds * epochs, mean)

        model = fit_classifier(
            task.data, train, task.y[~inside], task.n_classes, recipe, task.seed, Journal(),
            f"fold {k}", epochs, (test, task.y[inside]), tell, task.scaling,
        )  # fmt: skip
        found = model.predict(task.data, test).probability.argmax(axis=1)
        accuracies.append(float((found == task.y[inside]).mean()))
        scores.append(macro_f1(confusion_matrix(task.y[inside], found, task.n_classes)))
        on_step((k + 1) * epochs - 1, n_folds * epochs, float(np.mean(accuracies)))
    return {
        "accuracy": float(np.mean(accuracies)),
        "accuracy_sd": float(np.std(accuracies, ddof=1)),
        "macro_f1": float(np.mean(scores)),
        "macro_f1_sd": float(np.std(scores, ddof=1)),
        "n": int((fold >= 0).sum()),
    }


STATES = {
    TrialState.COMPLETE: "complete",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}


def told(trial: FrozenTrial) -> dict[str, Any]:
    """One trial as a page shows it; a failed one has no value but a ``cause``."""
    duration = trial.duration
    return {
        "number": trial.number,
        "state": STATES[trial.state],
        "value": trial.value,
        "params": trial.params,
        "seconds": None if duration is None else round(duration.total_seconds(), 2),
        **{
            name: trial.user_attrs[name]
            for name in ("accuracy_sd", "macro_f1", "macro_f1_sd", "cause")
            if name in trial.user_attrs
        },
    }


def importance(trials: list[FrozenTrial], study: optuna.Study) -> list[dict[str, Any]]:
    """Share of the variance of the value that each hyperparameter explains (fANOVA, Hutter et al.
    2014), largest first; empty for fewer than 8 finished trials or equal values.

    A hyperparameter that not every finished trial has (a third layer's) is left out.
    """
    finished = [t for t in trials if t.state == TrialState.COMPLETE]
    values = {t.value for t in finished}
    if len(finished) < LEAST_FOR_IMPORTANCE or len(values) < 2:
        return []
    found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
    return [{"name": name, "importance": float(share)} for name, share in found.items()]


def best_of(trials: list[FrozenTrial]) -> FrozenTrial | None:
    """The finished trial of the highest value, the first of equals."""
    finished = [t for t in trials if t.state == TrialState.COMPLETE]
    return max(finished, key=lambda t: (t.value or 0.0, -t.number), default=None)


def told_all(trials: list[FrozenTrial]) -> list[dict[str, Any]]:
    """The trials by number; of very many, the best."""
    if len(trials) > MOST_TOLD:
        trials = sorted(trials, key=lambda t: -(t.value or 0.0))[:MOST_TOLD]
    return [told(t) for t in sorted(trials, key=lambda t: t.number)]


def as_text(found: list[dict[str, Any]]) -> str:
    """As a word of a curve's row."""
    return json.dumps(found)


def row_of(trial: FrozenTrial, trials: list[FrozenTrial], **more: Any) -> dict[str, Any]:
    """One trial as a row of a live curve: numbers and words alone."""
    best = best_of(trials)
    row = told(trial) | more
    return {
        "phase": "trial",
        "epoch": row.pop("number"),
        **row,
        "params": json.dumps(row["params"]),
        "best": None if best is None else best.value,
    }
