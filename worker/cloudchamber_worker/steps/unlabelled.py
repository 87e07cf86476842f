"""Vectors from a training without labels: those there are, or made for the occasion."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cloudchamber.data import columns, models
from cloudchamber.data.job_requests import LeaveOneClassOut
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.self_supervised import (
    LEAST_CUTOUTS,
    epochs_for,
    fit_self_supervised,
)
from cloudchamber_worker.learning.training import Row, Schedule
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.dataset_inputs import sample_scaling
from cloudchamber_worker.steps.embeddings import COLUMN, KIND, read_images

# Beside the labelled cutouts, at most so many others, evenly spread, are learned from.
MOST = 5000
STAGE = "self-supervised"


@dataclass(frozen=True)
class Embedding:
    """vectors float32 [n, d], NaN where a cutout has none; ``origin`` says how they were made."""

    vectors: NDArray[np.float32]
    origin: str


def embed_without_labels(
    job: JobContext, journal: Journal, rows: NDArray[np.intp], n: int, params: LeaveOneClassOut
) -> Embedding | None:
    """Vectors of at least the labelled ``rows`` among n cutouts: of the newest self-supervised
    model version, else of one trained here and forgotten. None with too few cutouts.

    It sees the images of every class and no label, as it does in use: whoever trains one has the
    unknown class among the images too.
    """
    with job.read() as session:
        newest = next(
            (m for m in models.list_models(session, job.dataset_id) if m.kind == KIND), None
        )
        if newest is not None:
            (column,) = columns.find_columns(
                session, job.dataset_id, model_version_id=newest.id, names=[COLUMN]
            )
            if column.n > rows.max(initial=-1):
                vectors = np.full((n, column.width), np.nan, np.float32)
                published = columns.read_column(session, column)[:n]
                vectors[: len(published)] = published
                return Embedding(vectors, f"{newest.name}, trained on all cutouts without labels")
        if n < LEAST_CUTOUTS:
            return None
        spread = np.linspace(0, n - 1, min(n, MOST)).astype(np.intp)
        chosen = np.union1d(rows, spread)
        origin = f"trained once on {len(chosen)} cutouts without labels"
        if (done := journal.result(STAGE)) is not None:
            return Embedding(_spread(done["vectors"], chosen, n), origin)
        scaling = sample_scaling(session, job.dataset_id, n)
        seen = {
            "representation": "two_scale",
            "pixel_scaling": scaling.as_dict(),
            "ignore_orientation": scaling.channels == 1,
        }
        images = read_images(session, job.dataset_id, seen, chosen).images
    epochs = epochs_for(len(chosen), params.epochs)

    def report(row: Row) -> None:
        done = (row["epoch"] + 1) / epochs
        job.progress(0.05 + 0.15 * done, "training an embedding without labels")
        job.epoch(phase=STAGE, fold=0, **row)

    model = fit_self_supervised(
        images, "vicreg", 64, Schedule(epochs, 128, 2e-3, 1e-4), params.seed, journal,
        scaling.channels == 1, report, stage=STAGE,
    )  # fmt: skip
    vectors = model.embed(images)
    journal.finish(STAGE, {"vectors": vectors})
    return Embedding(_spread(vectors, chosen, n), origin)


def _spread(vectors: NDArray[np.float32], rows: NDArray[np.intp], n: int) -> NDArray[np.float32]:
    spread = np.full((n, vectors.shape[1]), np.nan, np.float32)
    spread[rows] = vectors
    return spread
