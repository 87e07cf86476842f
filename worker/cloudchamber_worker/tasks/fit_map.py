"""Project an embedding to the plane and find clusters in it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import columns, datasets, labels, models
from cloudchamber.data.job_requests import FitMap
from cloudchamber.errors import JobError
from cloudchamber_worker.learning.quantiles import fit_quantile_scaling
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.tasks.dataset_inputs import (
    measurement_columns,
    need_cutouts,
    read_numbers,
)
from cloudchamber_worker.tasks.maps import draw_map, map_figures, previous_positions, write_map

QUEUE = "cpu"


def run(job: JobContext) -> None:
    """Read vectors → project, cluster, order → publish and show."""
    params = FitMap.model_validate(job.params)
    job.progress(0.02, "reading")
    with job.read() as session:
        n = datasets.get_dataset(session, job.dataset_id).n_cutouts
        need_cutouts(n)
        found = measurement_columns(session, job.dataset_id)
        numbers = read_numbers(session, found, n)
        previous = previous_positions(session, job.dataset_id)
        labelled = labels.current(session, job.dataset_id).class_id[:n] > 0
        vectors = None
        if params.embedding not in ("auto", "measurements"):
            vectors = _model_vectors(session, job.dataset_id, params, n)
    scaled = fit_quantile_scaling(numbers).transform(numbers)
    if vectors is None:
        if not found:
            raise JobError(
                "The dataset has no measurements to draw a map from.",
                hint="Import it again, or train a model and map its penultimate layer.",
            )
        vectors = scaled
    job.progress(0.1, f"projecting {n} cutouts", cutouts=n)
    drawn = draw_map(
        vectors,
        scaled if found else vectors,
        previous,
        labelled,
        params.n_neighbors,
        params.min_dist,
        params.min_cluster_size,
        params.seed,
    )
    job.progress(0.95, "publishing")
    result: dict[str, Any] = {"embedding": params.embedding, **map_figures(drawn)}
    with job.publish(result) as session:
        write_map(session, job.dataset_id, job.id, drawn)
        datasets.activate(session, job.dataset_id, map_job_id=job.id)


def _model_vectors(
    session: Session, dataset_id: int, params: FitMap, n: int
) -> NDArray[np.float32]:
    """The vectors [n, d] of the model asked for, or of the newest that has such vectors; rows
    that came after the model was trained are NaN and lie in the middle."""
    found = columns.find_columns(
        session,
        dataset_id,
        model_version_id=params.model_version_id,
        names=[params.embedding],
    )
    if not found:
        raise JobError(
            f"There is no {params.embedding} embedding to draw a map from.",
            hint="Train a classifier for a penultimate layer, an autoencoder for a latent one.",
        )
    newest = max(found, key=lambda c: models.get_model(session, c.model_version_id or 0).number)
    return read_numbers(session, [newest], n)
