"""Is there another class? For each known one: would a ranking have found it, unknown?"""

import logging
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudchamber.data.job_requests import LeaveOneClassOut
from cloudchamber.errors import JobError
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.distances import knn_distance, mahalanobis
from cloudchamber_worker.learning.errors import LearningError
from cloudchamber_worker.learning.novelty import DEFAULT
from cloudchamber_worker.learning.training import Row
from cloudchamber_worker.learning.unseen_class import (
    LEAST_PER_CLASS,
    Division,
    divide,
    judge,
    rank_unseen,
    reconstruction_losses,
    summarise,
)
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.classifier_inputs import read_inputs
from cloudchamber_worker.steps.dataset_inputs import named_numbers, pack_cutouts
from cloudchamber_worker.steps.hyperparameters import (
    freeze_hyperparameters,
    remember_hyperparameters,
)
from cloudchamber_worker.steps.snapshot import class_targets, freeze_labels, remember
from cloudchamber_worker.steps.unlabelled import Embedding, embed_without_labels

log = logging.getLogger(__name__)
QUEUE = "gpu"


def run(job: JobContext) -> None:
    """Freeze labels → for each class train without it, rank, judge → publish one table."""
    params = LeaveOneClassOut.model_validate(job.params)
    began = time.monotonic()
    journal = Journal(job.load_checkpoint(), job.save_checkpoint)
    job.progress(0.0, "reading labels and cutouts")
    with job.read() as session:
        snapshot = freeze_labels(session, job.dataset_id, params.annotator, journal)
        targets = class_targets(session, job.dataset_id, snapshot)
        rows, n = snapshot.rows, snapshot.n
        params = freeze_hyperparameters(session, job.dataset_id, params, journal)
        inputs = read_inputs(
            session, job.dataset_id, n, params, rows,
            lambda row: job.progress(0.05 * row / n, "packing cutouts", cutouts=n),
        )  # fmt: skip
        sizes = named_numbers(session, job.dataset_id, ["pixels", "charge"], n)
    remember(journal, snapshot)
    remember_hyperparameters(journal, params)
    divisions = divide(rows, targets.y, inputs.data.groups, params.seed)
    if not divisions:
        raise JobError(
            f"Three classes with at least {LEAST_PER_CLASS} labels are needed to leave one out.",
            hint="Label some more cutouts of the rarer classes.",
        )
    embedding = None
    try:
        if params.self_supervised:
            embedding = embed_without_labels(job, journal, rows, n, params)
        # The seed's own input: the whole cutout to scale.
        images = None
        if params.autoencoder:
            with job.read() as session:
                images = pack_cutouts(session, job.dataset_id, n, inputs.pixels, "fitted")
        judged: dict[str, dict[str, Any]] = {}
        names = [c["name"] for c in targets.classes]
        for place, division in enumerate(divisions):
            tell = _Teller(job, place, len(divisions), names[division.unseen])
            found = rank_unseen(
                inputs.data, division, inputs.recipe, params.seed, journal, inputs.numbers,
                params.epochs, tell.classifier,
            )  # fmt: skip
            if embedding is not None:
                found |= _in_embedding(embedding, division)
            if images is not None:
                found |= reconstruction_losses(
                    images,
                    sizes,
                    division,
                    params.seed,
                    journal,
                    params.epochs,
                    tell.autoencoder,
                )
            found |= {"pixels": sizes[division.ranked, 0]} if np.isfinite(sizes).any() else {}
            for name, values in found.items():
                of = judged.setdefault(name, {})
                of[names[division.unseen]] = judge(values, division.odd, params.seed)
    except LearningError as error:
        raise JobError(str(error), hint=error.hint) from error
    table = summarise(judged)
    result: dict[str, Any] = {
        "rankings": table,
        "classes": [names[d.unseen] for d in divisions],
        "untested_classes": [
            name for k, name in enumerate(names) if k not in {d.unseen for d in divisions}
        ],
        "n": len(rows),
        "default": DEFAULT,
        "architecture": inputs.recipe.name,
        "split": inputs.split.by,
        "copies": inputs.split.copies,
        "seed": params.seed,
        "self_supervised": None if embedding is None else embedding.origin,
        "seconds": round(time.monotonic() - began, 1),
    }
    job.progress(0.99, "publishing")
    with job.publish(result):
        pass
    log.info("left %d classes out: default AUROC %.3f", len(divisions), table[DEFAULT]["auroc"])


def _in_embedding(embedding: Embedding, division: Division) -> dict[str, NDArray[np.float32]]:
    """Distances in the self-supervised space, over ``division.ranked``."""
    together = np.concatenate([division.ranked, division.training])
    vectors = embedding.vectors[together]
    ranked = len(division.ranked)
    known = np.arange(ranked, len(together))
    return {
        "self_supervised_knn": knn_distance(vectors, known)[:ranked],
        "self_supervised_mahalanobis": mahalanobis(vectors, known, division.classes)[:ranked],
    }


class _Teller:
    """Progress and curve of the trainings of one class."""

    def __init__(self, job: JobContext, place: int, of: int, name: str) -> None:
        self.job, self.place, self.of, self.name = job, place, of, name

    def _tell(self, row: Row, phase: str, start: float) -> None:
        # How many epochs come is the network's affair: approach the end instead.
        within = start + 0.5 * (1 - 0.5 ** ((row["epoch"] + 1) / 15))
        fraction = 0.2 + 0.78 * (self.place + within) / self.of
        self.job.progress(fraction, f"without {self.name} ({self.place + 1}/{self.of}): {phase}")
        self.job.epoch(phase=phase, fold=self.place, **row)

    def classifier(self, row: Row) -> None:
        self._tell(row, "classifier", 0.0)

    def autoencoder(self, row: Row) -> None:
        self._tell(row, "autoencoder", 0.5)
