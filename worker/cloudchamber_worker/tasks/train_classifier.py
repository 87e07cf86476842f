"""Train a classifier on the labels as they are now, judge it on held-out ones, predict all."""

import logging
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudchamber.data import datasets, models
from cloudchamber.data.job_requests import TrainClassifier
from cloudchamber.data.retired import retired
from cloudchamber.errors import JobError
from cloudchamber_worker.learning.architectures import Architecture
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.classifier import (
    Classifier,
    Prediction,
    epochs_for,
    fit_classifier,
    with_temperature,
)
from cloudchamber_worker.learning.crossvalidation import (
    HeldOut,
    cross_validate,
)
from cloudchamber_worker.learning.errors import LearningError
from cloudchamber_worker.learning.inputs import CutoutSet
from cloudchamber_worker.learning.novelty import rankings
from cloudchamber_worker.learning.projection import standardise
from cloudchamber_worker.learning.quantiles import QuantileScaling
from cloudchamber_worker.learning.unseen_class import leave_one_class_out
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.classifier_columns import held_out_columns, write_prediction
from cloudchamber_worker.steps.classifier_inputs import Inputs, read_inputs
from cloudchamber_worker.steps.contributions import contributions, write_contributions
from cloudchamber_worker.steps.dataset_inputs import library_versions, named_numbers, need_cutouts
from cloudchamber_worker.steps.hyperparameters import (
    freeze_hyperparameters,
    remember_hyperparameters,
)
from cloudchamber_worker.steps.judgeable import need_variation, unjudged
from cloudchamber_worker.steps.label_doubt import described, doubt_labels, write_label_doubt
from cloudchamber_worker.steps.map_audit import audit_penultimate
from cloudchamber_worker.steps.maps import Map, draw_map, previous_positions, write_map
from cloudchamber_worker.steps.snapshot import (
    Snapshot,
    Targets,
    class_targets,
    freeze_labels,
    remember,
)
from cloudchamber_worker.steps.truth import judge, read_truth

log = logging.getLogger(__name__)
QUEUE = "gpu"


class _Training:
    """One run of the recipe: what was read, and the steps that follow one another."""

    def __init__(self, job: JobContext, params: TrainClassifier) -> None:
        self.job, self.params = job, params
        self.started = time.monotonic()
        self.journal = Journal(job.load_checkpoint(), job.save_checkpoint)
        self.snapshot: Snapshot
        self.targets: Targets
        self.inputs: Inputs
        self.recipe: Architecture
        self.data: CutoutSet
        self.numbers: QuantileScaling

    def read(self) -> None:
        """Freeze the labels and pack the cutouts."""
        job = self.job
        job.progress(0.0, "reading labels and cutouts")
        with job.read() as session:
            need_cutouts(datasets.get_dataset(session, job.dataset_id).n_cutouts)
            self.snapshot = freeze_labels(
                session, job.dataset_id, self.params.annotator, self.journal
            )
            self.targets = class_targets(session, job.dataset_id, self.snapshot)
            n = self.snapshot.n
            self.params = freeze_hyperparameters(session, job.dataset_id, self.params, self.journal)
            self.truth = read_truth(session, job.dataset_id, self.snapshot.class_id)
            self.size = named_numbers(session, job.dataset_id, ["pixels"], n)[:, 0]
            self.previous = previous_positions(session, job.dataset_id)
            self.shown = ~retired(session, job.dataset_id, self.snapshot.n)
            self.inputs = read_inputs(
                session,
                job.dataset_id,
                n,
                self.params,
                self.snapshot.rows,
                lambda row: job.progress(0.08 * row / n, "packing cutouts", cutouts=n),
            )
        self.recipe, self.data = self.inputs.recipe, self.inputs.data
        self.numbers = self.inputs.numbers
        need_variation(self.data.images, self.data.measurements, self.snapshot.rows)
        remember(self.journal, self.snapshot)
        remember_hyperparameters(self.journal, self.params)

    def _reporter(self, phase: str, start: float, share: float, runs: int) -> Callable[..., None]:
        """Progress and a curve row per epoch; ``run`` counts the trainings of a phase."""
        seen: dict[int, int] = {}

        def report(run: int, row: dict[str, Any]) -> None:
            done = seen.setdefault(run, len(seen))
            # The bar needs the epochs to come, which depend on the set: approach the end instead.
            within = 1 - 0.5 ** ((row["epoch"] + 1) / 15)
            self.job.progress(start + share * (done + within) / runs, f"{phase} {done + 1}/{runs}")
            self.job.epoch(phase=phase, fold=run, **row)

        return report

    def validate(self) -> tuple[HeldOut, dict[str, Any], float]:
        """Held-out predictions, metrics and temperature."""
        held = cross_validate(
            self.data,
            self.snapshot.rows,
            self.targets.y,
            len(self.targets.classes),
            self.recipe,
            self.params.seed,
            self.journal,
            self.numbers,
            self.params.folds,
            self.params.epochs,
            self._reporter("fold", 0.1, 0.4, self.params.folds),
        )
        y, n_classes = self.targets.y, len(self.targets.classes)
        metrics, temperature = judge(held, y, n_classes, self.truth, self.inputs.split.image)
        metrics["unjudged"] = unjudged(held, self.inputs.split.by)
        return held, metrics, temperature

    def check_novelty(self) -> dict[str, Any] | None:
        """How well each ranking finds a class that nobody labelled, at a third of what the
        cross-validation costs; the job `leave_one_class_out` takes its time."""
        if not self.params.novelty_check:
            return None
        trained_on = len(self.targets.y) * (self.params.folds - 1) // self.params.folds
        epochs = epochs_for(self.recipe, trained_on, self.params.epochs)
        return leave_one_class_out(
            self.data,
            self.snapshot.rows,
            self.targets.y,
            [c["name"] for c in self.targets.classes],
            self.recipe,
            self.params.seed,
            self.journal,
            self.numbers,
            {"pixels": self.size} if np.isfinite(self.size).any() else None,
            self._reporter("unseen class", 0.5, 0.25, min(6, len(self.targets.classes))),
            self.params.epochs,
            shown=self.params.folds * trained_on * epochs // 3,
        )

    def fit(self, temperature: float) -> tuple[Classifier, Prediction]:
        """The model on all labels, and its predictions for every cutout."""
        report = self._reporter("all labels", 0.75, 0.1, 1)
        classifier = fit_classifier(
            self.data,
            self.snapshot.rows,
            self.targets.y,
            len(self.targets.classes),
            self.recipe,
            self.params.seed,
            self.journal,
            "all labels",
            self.params.epochs,
            on_epoch=lambda row: report(0, row),
            scaling=self.numbers,
        )
        classifier = with_temperature(classifier, temperature)
        n = self.snapshot.n
        prediction = classifier.predict(
            self.data,
            on_batch=lambda done: self.job.progress(
                0.85 + 0.05 * done / n, "predicting", cutouts=n
            ),
        )
        return classifier, prediction

    def rank(self, prediction: Prediction) -> dict[str, NDArray[np.float32]]:
        """Every ranking that needs no training of its own, over all cutouts."""
        self.job.progress(0.96, "ranking", cutouts=self.snapshot.n)
        scaled = self.numbers.transform(self.data.measurements)
        rows, y = self.snapshot.rows, self.targets.y
        return rankings(prediction, rows, y, scaled, self.params.seed)

    def draw(self, prediction: Prediction) -> Map:
        """The map of the penultimate layer.

        On held-out DAMIC labels (2 seeds) its clusters agree with the classes (adjusted Rand index
        0.75; 0.13 with the measurements beside it), its neighbours as often (0.83 and 0.82).
        """
        self.job.progress(0.9, "drawing the map", cutouts=self.snapshot.n)
        scaled = self.numbers.transform(self.data.measurements)
        vectors = standardise(prediction.penultimate)
        labelled = self.snapshot.class_id > 0
        typical_of = scaled if scaled.shape[1] else prediction.penultimate
        return draw_map(
            vectors, typical_of, self.previous, labelled, seed=self.params.seed, shown=self.shown
        )


def run(job: JobContext) -> None:
    """Freeze labels → pack → cross-validate → check novelty → fit → predict → map → publish."""
    params = TrainClassifier.model_validate(job.params)
    try:
        training = _Training(job, params)
        training.read()
        held, metrics, temperature = training.validate()
        novelty = training.check_novelty()
        classifier, prediction = training.fit(temperature)
    except LearningError as error:
        raise JobError(str(error), hint=error.hint) from error
    drawn = training.draw(prediction)
    odd = training.rank(prediction)
    explained = contributions(classifier, training.data)
    doubted = doubt_labels(held, training.targets.y)
    metrics |= {
        "per_class": [
            {"class_id": c["id"], **row}
            for c, row in zip(training.targets.classes, metrics["per_class"], strict=True)
        ],
        "untested_classes": [training.targets.classes[k] for k in metrics["untested_classes"]],
        "split": training.inputs.split.by,
        "copies": training.inputs.split.copies,
        "label_origins": {key: metrics["truth"][key] for key in ("drawn", "chosen", "unknown")},
        "label_errors": described(doubted, training.targets.y, training.targets.classes),
        "temperature": temperature,
        "novelty": novelty,
        "shap": None if explained is None else explained.summary(training.targets.classes),
        "seconds": round(time.monotonic() - training.started, 1),
    }
    recipe = training.recipe
    config = {
        **training.inputs.config(),
        "group_by": params.group_by,
        "epochs": params.epochs,
        "folds": held.folds,
        "annotator": params.annotator,
    }
    if classifier.boosted is not None:
        config["rounds"] = classifier.boosted.rounds
    weights = classifier.to_bytes({"config": config, "classes": training.targets.classes})
    rows = training.snapshot.rows
    with job.read() as session:
        judged = audit_penultimate(
            session,
            job.dataset_id,
            classifier,
            config,
            prediction.penultimate,
            rows,
            drawn.clusters.cluster,
        )
    result: dict[str, Any] = {
        "accuracy": metrics["accuracy"],
        "macro_f1": metrics["macro_f1"],
        "n_labels": metrics["n_labels"],
        "unjudged": metrics["unjudged"],
        "audit": judged,
    }
    job.progress(0.98, "publishing")
    with job.publish(result) as session:
        model = models.add_model_version(
            session,
            job.dataset_id,
            kind="train_classifier",
            architecture=recipe.name,
            config=config,
            classes=training.targets.classes,
            metrics=metrics,
            curves=training.journal.curve,
            label_ordinals=rows.astype(np.int32),
            label_class_ids=training.snapshot.class_id[rows],
            label_action_id=training.snapshot.action_id,
            seed=params.seed,
            versions=library_versions(),
            job_id=job.id,
            weights=weights,
        )
        write_prediction(
            session,
            job.dataset_id,
            model.id,
            training.targets.classes,
            prediction,
            odd,
            held_out_columns(
                training.snapshot.n,
                rows,
                training.targets.y,
                held,
                training.truth.judged | (metrics["truth"]["used"] == "all"),
            ),
        )
        if explained is not None:
            write_contributions(
                session, job.dataset_id, model.id, training.targets.classes, explained
            )
        write_label_doubt(session, job.dataset_id, model.id, training.snapshot.n, rows, doubted)
        write_map(session, job.dataset_id, job.id, drawn, model.id)
        datasets.activate(session, job.dataset_id, model_version_id=model.id, map_job_id=job.id)
        result["model_version_id"] = judged["model_version_id"] = model.id
    log.info("trained %s on %d labels", recipe.name, metrics["n_labels"])
