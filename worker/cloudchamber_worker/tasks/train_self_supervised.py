"""Train an embedding without labels, and check on labels whether it is worth using."""

import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import columns, datasets, models
from cloudchamber.data.columns import ColumnSpec
from cloudchamber.data.job_requests import TrainSelfSupervised
from cloudchamber.errors import JobError
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.errors import LearningError
from cloudchamber_worker.learning.inputs import Representation
from cloudchamber_worker.learning.novelty import knn_distance
from cloudchamber_worker.learning.self_supervised import (
    LEAST_CUTOUTS,
    epochs_for,
    fit_self_supervised,
)
from cloudchamber_worker.learning.training import Row, Schedule
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.dataset_inputs import (
    library_versions,
    need_cutouts,
    sample_scaling,
    split_groups,
)
from cloudchamber_worker.steps.embeddings import (
    COLUMN,
    KIND,
    Labelled,
    check_embedding,
    read_images,
    read_labelled,
)
from cloudchamber_worker.steps.reconstructors import (
    orientation_ignored,
    remembered,
    remembered_rows,
)

QUEUE = "gpu"
REPRESENTATION: Representation = "two_scale"
WEIGHT_DECAY = 1e-4


def run(job: JobContext) -> None:
    """Pack → train on pairs of altered views → embed everything → check → publish."""
    params = TrainSelfSupervised.model_validate(job.params)
    started = time.monotonic()
    journal = Journal(job.load_checkpoint(), job.save_checkpoint)
    job.progress(0.0, "reading cutouts")
    with job.read() as session:
        n = datasets.get_dataset(session, job.dataset_id).n_cutouts
        need_cutouts(n, LEAST_CUTOUTS)
        n = remembered(journal, n)
        scaling = sample_scaling(session, job.dataset_id, n, params.pixels)
        turned = orientation_ignored(params.ignore_orientation, scaling)
        seen = {
            "representation": REPRESENTATION,
            "pixel_scaling": scaling.as_dict(),
            "ignore_orientation": turned,
        }
        images = read_images(
            session,
            job.dataset_id,
            seen,
            range(n),
            lambda row: job.progress(0.1 * row / n, "packing cutouts", cutouts=n),
        ).images
        groups = split_groups(session, job.dataset_id, np.arange(n), n).groups
        rows = remembered_rows(session, job.dataset_id, journal, n)
        need_cutouts(len(rows), LEAST_CUTOUTS)
    epochs = epochs_for(n, params.epochs)

    def report(row: Row) -> None:
        job.progress(0.1 + 0.8 * (row["epoch"] + 1) / epochs, f"epoch {row['epoch'] + 1}/{epochs}")
        job.epoch(**row)

    try:
        model = fit_self_supervised(
            images if len(rows) == n else images[rows],
            params.method,
            params.dimension,
            Schedule(epochs, params.batch_size, params.learning_rate, WEIGHT_DECAY),
            params.seed,
            journal,
            turned,
            report,
            groups[rows],
        )
    except LearningError as error:
        raise JobError(str(error), hint=error.hint) from error
    vectors = model.embed(
        images, lambda done: job.progress(0.9 + 0.06 * done / n, "embedding", cutouts=done)
    )
    job.progress(0.97, "checking against the measurements")
    with job.read() as session:
        check = check_embedding(session, job.dataset_id, vectors)
        known = read_labelled(session, job.dataset_id, n)
    side = images.shape[2]
    config = {
        "method": params.method,
        **seen,
        "input_shape": [side, side, images.shape[1]],
        "dimension": params.dimension,
        "orientations": 8 * model.turns or 1,
        "epochs": epochs,
        "batch_size": params.batch_size,
        "learning_rate": params.learning_rate,
        "weight_decay": WEIGHT_DECAY,
    }
    last = journal.curve[-1]
    metrics = {
        **{name: last.get(name) for name in ("loss", "val_loss") if name in last},
        "check": check,
        "neighbours": check["self_supervised"],
        "n": n,
        "seconds": round(time.monotonic() - started, 1),
    }
    weights = model.to_bytes({"config": config})
    result: dict[str, Any] = {"n": n, "check": check}
    job.progress(0.98, "publishing")
    with job.publish(result) as session:
        version = models.add_model_version(
            session,
            job.dataset_id,
            kind=KIND,
            architecture=params.method,
            config=config,
            metrics=metrics,
            curves=journal.curve,
            seed=params.seed,
            versions=library_versions(),
            job_id=job.id,
            weights=weights,
        )
        _write(session, job.dataset_id, version.id, vectors, known)
        result["model_version_id"] = version.id


def _write(
    session: Session,
    dataset_id: int,
    version_id: int,
    vectors: NDArray[np.float32],
    known: Labelled,
) -> None:
    spec = ColumnSpec(
        COLUMN, "Self-supervised vector", "", "model", "float32", vectors.shape[1],
        description="Embedding learned without labels", model_version_id=version_id,
    )  # fmt: skip
    columns.write_column(session, dataset_id, spec, vectors)
    if len(known.rows) < 2:
        return
    spec = ColumnSpec(
        "self_supervised_knn", "Far from labelled, self-supervised", "", "ranking", "float32",
        description="Mean distance to the 5 nearest labelled cutouts in the self-supervised "
        "embedding", model_version_id=version_id,
    )  # fmt: skip
    columns.write_column(session, dataset_id, spec, knn_distance(vectors, known.rows))
