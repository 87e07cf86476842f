"""Project an embedding to the plane, find clusters in it, and say what drives them."""

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudchamber.data import datasets, labels
from cloudchamber.data.job_requests import FitMap
from cloudchamber.data.retired import retired
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.parametric_projection import place, project_parametric
from cloudchamber_worker.learning.parametric_umap import ParametricMap
from cloudchamber_worker.learning.projection import project
from cloudchamber_worker.learning.quantiles import fit_quantile_scaling
from cloudchamber_worker.learning.training import Row
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.dataset_inputs import (
    library_versions,
    measurement_columns,
    need_cutouts,
    read_numbers,
)
from cloudchamber_worker.steps.map_audit import audit
from cloudchamber_worker.steps.map_vectors import MapVectors, read_vectors
from cloudchamber_worker.steps.maps import finish_map, map_figures, previous_positions, write_map
from cloudchamber_worker.steps.parametric_maps import (
    Before,
    StoredMap,
    keep_map,
    map_before,
    read_map,
    trusted,
)

QUEUE = "cpu"


@dataclass(frozen=True)
class Read:
    """mapped vectors; scaled measurements [n, m] for what is typical; the map before; labelled
    and shown bool [n]; the network that places them without a new fit, or None."""

    mapped: MapVectors
    scaled: NDArray[np.float32]
    previous: NDArray[np.float32] | None
    labelled: NDArray[np.bool_]
    shown: NDArray[np.bool_]
    stored: StoredMap | None


@dataclass(frozen=True)
class Projected:
    """positions [n, 2]; how they came about; the network where a new one was fitted."""

    positions: NDArray[np.float32]
    method: str
    network: ParametricMap | None = None
    placed: int | None = None


def run(job: JobContext) -> None:
    """Read vectors → project or place → cluster, order → judge → publish and show."""
    params = FitMap.model_validate(job.params)
    journal = Journal(job.load_checkpoint(), job.save_checkpoint)
    before: Before | None = None
    if params.as_before:
        with job.read() as session:
            before = map_before(session, job.dataset_id)
        params = params if before is None else before.params
    read = _read(job, params, before)
    n = len(read.mapped.raw)
    job.progress(0.15, f"projecting {n} cutouts", cutouts=n)
    started = time.monotonic()
    done = _project(job, params, read, journal)
    seconds = time.monotonic() - started
    job.progress(0.8, "finding clusters", cutouts=n)
    drawn = finish_map(
        done.positions, read.scaled, read.labelled, params.min_cluster_size, params.seed,
        read.shown,
    )  # fmt: skip
    job.progress(0.85, "judging the map", cutouts=n)
    with job.read() as session:
        judged = audit(
            session,
            job.dataset_id,
            read.mapped,
            drawn.clusters.cluster,
            on_row=lambda _: job.progress(0.85, "judging the map", cutouts=n),
        )
    trust = trusted(read.mapped.vectors, done.positions)
    result: dict[str, Any] = {
        "embedding": read.mapped.embedding,
        "model_version_id": read.mapped.model_version_id,
        "method": done.method,
        "map_version_id": read.stored.version_id if read.stored is not None else None,
        **map_figures(drawn),
        "trustworthiness": trust,
        "embedded_now": read.mapped.computed,
        "placed": done.placed,
        "seconds": round(seconds, 3),
        "audit": judged,
    }
    job.progress(0.97, "publishing")
    with job.publish(result) as session:
        if done.network is not None:
            result["map_version_id"] = keep_map(
                session,
                job.dataset_id,
                job.id,
                done.network,
                read.mapped,
                params,
                journal.curve,
                {"n": n, "trustworthiness": trust, "audit": judged},
                library_versions(),
            )
        write_map(session, job.dataset_id, job.id, drawn, read.mapped.model_version_id)
        datasets.activate(session, job.dataset_id, map_job_id=job.id)


def _read(job: JobContext, params: FitMap, before: Before | None) -> Read:
    job.progress(0.02, "reading")
    with job.read() as session:
        n = datasets.get_dataset(session, job.dataset_id).n_cutouts
        need_cutouts(n)
        found = measurement_columns(session, job.dataset_id)
        numbers = read_numbers(session, found, n)
        mapped = read_vectors(
            session,
            job.dataset_id,
            params,
            n,
            lambda row: job.progress(0.02 + 0.1 * row / n, "embedding new cutouts", cutouts=row),
        )
        previous = previous_positions(session, job.dataset_id)
        labelled = labels.current(session, job.dataset_id).class_id[:n] > 0
        shown = ~retired(session, job.dataset_id, n)
        stored = None
        if before is not None and before.map_version_id is not None:
            stored = read_map(session, before.map_version_id)
    if stored is not None and stored.takes(mapped):
        mapped = replace(mapped, preparation=stored.preparation)
    else:
        stored = None
    scaled = fit_quantile_scaling(numbers).transform(numbers) if found else mapped.vectors
    return Read(mapped, scaled, previous, labelled, shown, stored)


def _project(job: JobContext, params: FitMap, read: Read, journal: Journal) -> Projected:
    vectors, previous = read.mapped.vectors, read.previous
    if read.stored is not None:
        positions = place(read.stored.network, vectors, previous)
        known = 0 if previous is None else int(np.isfinite(previous).all(axis=1).sum())
        return Projected(positions, "parametric_umap", placed=len(vectors) - known)
    around = (params.n_neighbors, params.min_dist, params.seed)
    if params.method == "parametric_umap":

        def report(row: Row) -> None:
            part = 1 - 0.5 ** ((row["epoch"] + 1) / 25)
            job.progress(0.15 + 0.6 * part, f"epoch {row['epoch'] + 1}", cutouts=len(vectors))
            if row["phase"] == "layout":  # the loss before is of another kind
                job.epoch(**{name: value for name, value in row.items() if name != "phase"})

        fitted = project_parametric(vectors, previous, *around, journal, report)
        if fitted is not None:
            return Projected(fitted.positions, params.method, fitted.network)
    return Projected(project(vectors, previous, *around), "umap")
