"""Learning curve: what labels have brought so far, and what the next hundred would bring."""

import logging
import time
from typing import Any

import numpy as np

from cloudchamber.data import datasets
from cloudchamber.data.job_requests import LearningCurve
from cloudchamber.errors import JobError
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.learning_curve import (
    ORDERS,
    Order,
    divide,
    extrapolate,
    measure,
    sizes_up_to,
)
from cloudchamber_worker.learning.quantiles import fit_quantile_scaling
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.dataset_inputs import (
    measurement_columns,
    read_numbers,
    split_groups,
)
from cloudchamber_worker.steps.judgeable import need_variation
from cloudchamber_worker.steps.snapshot import class_targets, freeze_labels
from cloudchamber_worker.steps.truth import read_truth

log = logging.getLogger(__name__)
QUEUE = "cpu"
LEAST = 20


def run(job: JobContext) -> None:
    """Labels and numbers → divisions → a point per order, size and division → the power law."""
    params = LearningCurve.model_validate(job.params)
    started = time.monotonic()
    job.progress(0.0, "reading labels and measurements")
    with job.read() as session:
        # Half a minute's work: another attempt begins anew, with the labels of then.
        snapshot = freeze_labels(
            session, job.dataset_id, params.annotator, Journal(None, lambda _: None)
        )
        rows, n = snapshot.rows, snapshot.n
        found = measurement_columns(session, job.dataset_id)
        if not found:
            raise JobError(
                "A learning curve is drawn from measurements, and the dataset has no numbers.",
                hint="Import measurements or metadata beside the cutouts.",
            )
        if len(rows) < LEAST:
            raise JobError(
                f"A learning curve needs {LEAST} labels; you have {len(rows)}.",
                hint="Label some more cutouts.",
            )
        targets = class_targets(session, job.dataset_id, snapshot)
        truth = read_truth(session, job.dataset_id, snapshot.class_id)
        numbers = read_numbers(session, found, n)
        split = split_groups(session, job.dataset_id, rows, n)
        title = datasets.get_dataset(session, job.dataset_id).name
    need_variation(None, numbers, rows)
    x = fit_quantile_scaling(numbers).transform(numbers[rows])
    y, n_classes = targets.y, len(targets.classes)
    seeds = [params.seed + 1000 * repeat for repeat in range(params.repeats)]
    divisions = [divide(x, split.groups[rows], truth.judged, seed) for seed in seeds]
    smallest = min(len(division.train["random"]) for division in divisions)
    sizes = sizes_up_to(smallest)
    told = 0

    def hear(order: Order, repeat: int, place: int, accuracy: float, f1: float) -> None:
        nonlocal told
        told += 1
        share = told / (len(ORDERS) * len(sizes) * len(divisions))
        job.progress(share, f"division {repeat + 1}/{len(divisions)}")
        job.epoch(
            phase=order, fold=repeat, epoch=place, labels=sizes[place],
            accuracy=accuracy, macro_f1=f1,
        )  # fmt: skip

    accuracies = measure(x, y, n_classes, divisions, sizes, params.seed, hear)
    tests = [len(division.test) for division in divisions]
    result: dict[str, Any] = {
        "sizes": sizes,
        "orders": {
            order: {
                "mean": found.mean(axis=0).tolist(),
                "sd": found.std(axis=0, ddof=1).tolist(),
            }
            for order, found in accuracies.items()
        },
        "repeats": len(divisions),
        "n_labels": len(rows),
        "n_test": int(np.mean(tests)),
        "split": split.by,
        "copies": split.copies,
        "truth": truth.as_dict(),
        "biased_sample": truth.biased,
        "next": extrapolate(
            sizes, accuracies["random"], len(rows), float(np.mean(tests)) / smallest, params.seed
        ),
        "label_action_id": snapshot.action_id,
        "seconds": round(time.monotonic() - started, 1),
    }
    with job.publish(result):
        pass
    log.info("learning curve of %s on %d labels", title, len(rows))
