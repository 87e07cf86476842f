"""Search an architecture's hyperparameters: one of the workers of a study.

Every job that names the same study works on it until it has its trials: each takes the next trial,
trains it on the study's own folds, and tells what came of it. What all of them must agree on (the
labels, the request) is written down by the first and read by the others.
"""

import contextlib
import logging
import time
from datetime import datetime
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from cloudchamber.data import dataset_settings, datasets, jobs
from cloudchamber.data.job_requests import SearchHyperparameters
from cloudchamber.errors import JobError
from cloudchamber_worker.learning import search
from cloudchamber_worker.learning.architectures import Architecture
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.errors import LearningError
from cloudchamber_worker.lease import JobCancelled, JobContext, LeaseLost
from cloudchamber_worker.steps.classifier_inputs import read_inputs
from cloudchamber_worker.steps.dataset_inputs import need_cutouts
from cloudchamber_worker.steps.hyperparameters import asked_hyperparameters, chosen_recipe
from cloudchamber_worker.steps.search_storage import (
    DatabaseJournal,
    differing,
    packed_labels,
    shared_frame,
    unpacked_labels,
)
from cloudchamber_worker.steps.snapshot import class_targets, freeze_labels

log = logging.getLogger(__name__)
QUEUE = "gpu"

# A trial that nobody signed within this time was asked for by a worker that died at once.
UNSIGNED_SECONDS = 60
# Finished trials between two looks at the importance while the search runs.
IMPORTANCE_EVERY = 5
NOT_SHARED = ("study", "trials", "use_best")


class _Worker:
    """One job's share of a study."""

    def __init__(self, job: JobContext, params: SearchHyperparameters) -> None:
        self.job, self.params = job, params
        self.name = params.study or f"search-{job.id}"
        self.recipe, self.task = self._read()
        # Raises where the labels allow no folds, before a study exists.
        search.trial_folds(self.task)
        self.study = optuna.create_study(
            storage=optuna.storages.JournalStorage(DatabaseJournal(job, self.name)),
            study_name=self.name,
            direction="maximize",
            load_if_exists=True,
            sampler=search.sampler_for(params.seed, 0),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=5, n_warmup_steps=5),
        )
        for values in search.first_trials(self.recipe, self.task.numbers):
            self.study.enqueue_trial(values, skip_if_exists=True)

    def _read(self) -> tuple[Architecture, search.Task]:
        job, params = self.job, self.params
        job.progress(0.0, "reading labels and cutouts")
        with job.read() as session:
            need_cutouts(datasets.get_dataset(session, job.dataset_id).n_cutouts)
            snapshot = freeze_labels(session, job.dataset_id, params.annotator, Journal())
            class_targets(session, job.dataset_id, snapshot)  # refuses too few
            chosen = asked_hyperparameters(session, job.dataset_id, params)
        request = params.model_dump(mode="json", exclude=set(NOT_SHARED))
        mine = {"request": request, "chosen": chosen, **packed_labels(snapshot)}
        frame = shared_frame(job, self.name, mine)
        if other := differing(frame["request"], request):
            name = other[0]
            raise JobError(
                f"The study “{self.name}” was begun with {name} = {frame['request'].get(name)}, "
                f"not {request.get(name)}.",
                hint="Its trials could not be compared. Name another study.",
            )
        snapshot = unpacked_labels(frame)
        with job.read() as session:
            targets = class_targets(session, job.dataset_id, snapshot)
            inputs = read_inputs(
                session, job.dataset_id, snapshot.n, params, snapshot.rows,
                lambda row: job.progress(0.05 * row / snapshot.n, "packing cutouts"),
            )  # fmt: skip
        recipe = inputs.recipe.choose(chosen_recipe(params, frame["chosen"]).hyperparameters)
        if not any(p.searched for p in recipe.space):
            raise JobError(f"“{recipe.title}” has no hyperparameters to search.")
        task = search.Task(
            inputs.data, snapshot.rows, targets.y, len(targets.classes), inputs.numbers,
            params.folds, params.seed, params.epochs,
        )  # fmt: skip
        return recipe, task

    def begun(self) -> list[FrozenTrial]:
        """Every trial that a worker took, oldest first."""
        found = self.study.get_trials(deepcopy=False)
        return [t for t in found if t.state != TrialState.WAITING]

    def trials(self) -> list[FrozenTrial]:
        """Those that count: nothing is known of the ones that died with their worker."""
        return [t for t in self.begun() if "lost" not in t.user_attrs]

    def clear_the_dead(self) -> None:
        """Mark as failed what was running in an attempt that is no more."""
        for trial in self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
            if self._alive(trial):
                continue
            log.info("trial %d of %s was left by a dead worker", trial.number, self.name)
            self._lose(trial, "its worker died")

    def _alive(self, trial: FrozenTrial) -> bool:
        owner = trial.user_attrs.get("worker")
        if owner is None:
            now = datetime.now()  # Optuna notes local times
            return (now - (trial.datetime_start or now)).total_seconds() < UNSIGNED_SECONDS
        if owner[0] == self.job.id:
            return owner[1] == self.job.fence
        with self.job.read() as session:
            other = session.get(jobs.Job, owner[0])
            return other is not None and other.state in jobs.LIVE_STATES and other.fence == owner[1]

    def _lose(self, trial: FrozenTrial | optuna.Trial, cause: str) -> None:
        """A trial that does not count: it was begun and nothing is known of it."""
        with contextlib.suppress(optuna.exceptions.UpdateFinishedTrialError, ValueError):
            live = optuna.Trial(self.study, trial._trial_id)
            live.set_user_attr("lost", True)
            live.set_user_attr("cause", cause)
            self.study.tell(trial.number, state=TrialState.FAIL)

    def work(self) -> None:
        """Trial after trial until the study has them all."""
        while True:
            self.clear_the_dead()
            done = len(self.trials())
            if done >= self.params.trials:
                return
            self._told(0.0)
            trial = self.study.ask()
            trial.set_user_attr("worker", [self.job.id, self.job.fence])
            if self._surplus(trial):
                self._lose(trial, "the study was full")
                return
            self.study.sampler = search.sampler_for(self.params.seed, trial.number)
            self._run(trial)

    def _surplus(self, trial: optuna.Trial) -> bool:
        """Whether workers that asked at the same time began more trials than wanted."""
        before = [t for t in self.trials() if t.number < trial.number]
        return len(before) >= self.params.trials

    def _told(self, within: float, best: FrozenTrial | None = None) -> None:
        best = best or search.best_of(self.trials())
        done = sum(t.state.is_finished() for t in self.trials())
        text = f"trial {min(done + 1, self.params.trials)} of {self.params.trials}"
        if best is not None:
            text += f", best {best.value:.3f}"
        share = min(1.0, (done + within) / self.params.trials)
        self.job.progress(0.05 + 0.93 * share, text, trials=done)

    def _run(self, trial: optuna.Trial) -> None:
        """Train and judge one trial; whatever it meets that is its own fault is its result."""
        best = search.best_of(self.trials())
        started = time.monotonic()

        def on_step(step: int, steps: int, accuracy: float) -> None:
            trial.report(accuracy, step)
            frozen = self.study.get_trials(deepcopy=False)[trial.number]
            seconds = round(time.monotonic() - started, 1)
            more = {"value": accuracy, "seconds": seconds}
            self.job.epoch(**search.row_of(frozen, [best] if best else [], **more))
            self._told((step + 1) / steps, best)
            if trial.should_prune():
                raise optuna.TrialPruned

        try:
            recipe = search.suggest(trial, self.recipe, self.task.numbers)
            found = search.judge(self.task, recipe, on_step)
        except optuna.TrialPruned:
            self.study.tell(trial, state=TrialState.PRUNED)
        except (JobCancelled, LeaseLost):
            raise
        except (LearningError, ValueError, RuntimeError, ArithmeticError, MemoryError) as error:
            # A kernel larger than the image, a network larger than the memory: the next may do.
            cause = str(error).strip() or type(error).__name__
            log.info("trial %d of %s failed: %s", trial.number, self.name, cause)
            trial.set_user_attr("cause", cause[:500])
            self.study.tell(trial, state=TrialState.FAIL)
        else:
            for name, value in found.items():
                trial.set_user_attr(name, value)
            self.study.tell(trial, found["accuracy"])
        self._tell_row(trial.number)

    def _tell_row(self, number: int) -> None:
        trials = self.trials()
        finished = sum(t.state == TrialState.COMPLETE for t in trials)
        more: dict[str, Any] = {}
        if finished % IMPORTANCE_EVERY == 0 and (found := search.importance(trials, self.study)):
            more["importance"] = search.as_text(found)
        frozen = self.study.get_trials(deepcopy=False)[number]
        self.job.epoch(**search.row_of(frozen, trials, **more))

    def result(self) -> dict[str, Any]:
        """What the study knows now; JobError where not one trial came through."""
        trials = self.trials()
        best = search.best_of(trials)
        if best is None:
            causes = [t.user_attrs["cause"] for t in trials if "cause" in t.user_attrs]
            raise JobError(
                f"None of the {len(trials)} trials came through.",
                hint=causes[0] if causes else "Give the search more trials.",
            )
        return {
            "study": self.name,
            "architecture": self.recipe.name,
            "best": search.told(best),
            "trials": search.told_all(self.begun()),
            "importance": search.importance(trials, self.study),
            "space": [p.as_dict() for p in self.recipe.space],
            "folds": search.trial_folds(self.task)[1],
            "n_labels": len(self.task.rows),
        }


def run(job: JobContext) -> None:
    """Read what the study agreed on → trials → publish what the study knows."""
    params = SearchHyperparameters.model_validate(job.params)
    try:
        worker = _Worker(job, params)
        worker.work()
        result = worker.result()
    except LearningError as error:
        raise JobError(str(error), hint=error.hint) from error
    with job.publish(result) as session:
        if params.use_best:
            settings = dataset_settings.read_settings(session, job.dataset_id)
            chosen = {**settings.hyperparameters, params.architecture: result["best"]["params"]}
            changed = {"hyperparameters": chosen}
            dataset_settings.change_settings(session, job.dataset_id, changed)
    log.info("study %s: best %.3f", worker.name, result["best"]["value"])
