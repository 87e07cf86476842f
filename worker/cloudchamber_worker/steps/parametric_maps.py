"""Parametric maps as model versions: kept when fitted, found again to place what came later."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import datasets, jobs, models
from cloudchamber.data.job_requests import FitMap
from cloudchamber_worker.learning.parametric_umap import (
    ParametricMap,
    lead_epochs,
    parametric_map_from_bytes,
)
from cloudchamber_worker.learning.preparation import Preparation
from cloudchamber_worker.steps.map_vectors import MapVectors

ARCHITECTURE = "parametric_umap"


@dataclass(frozen=True)
class Before:
    """The map the dataset shows now: what it was asked with, and its network where it has one."""

    params: FitMap
    map_version_id: int | None


@dataclass(frozen=True)
class StoredMap:
    """A network, how its vectors are prepared, and the names of the numbers these are made of."""

    version_id: int
    network: ParametricMap
    preparation: Preparation
    names: tuple[str, ...]

    def takes(self, mapped: MapVectors) -> bool:
        """Whether these vectors are of the kind it was fitted to."""
        if mapped.embedding == "measurements":
            return mapped.embedder is not None and mapped.embedder.names == self.names
        return mapped.raw.shape[1] == len(self.preparation.centre)


def map_before(session: Session, dataset_id: int) -> Before | None:
    """The active map; None before the first, and where another kind of job drew it."""
    job_id = datasets.get_dataset(session, dataset_id).active_map_job_id
    job = None if job_id is None else session.get(jobs.Job, job_id)
    if job is None or job.result is None:
        return None
    result: dict[str, Any] = job.result
    if job.kind == "train_classifier":
        of_it = {"embedding": "penultimate", "model_version_id": result.get("model_version_id")}
        return Before(FitMap.model_validate(of_it), None)
    if job.kind != "fit_map":
        return None
    params = FitMap.model_validate(job.params)
    if params.embedding != "auto":
        params = params.model_copy(update={"model_version_id": result.get("model_version_id")})
    params = params.model_copy(update={"method": result.get("method", "umap")})
    map_version = result.get("map_version_id")
    if map_version is not None:  # what it was fitted to, whatever auto would choose by now
        params = params.model_copy(
            update={
                "embedding": result["embedding"],
                "model_version_id": result.get("model_version_id"),
            }
        )
    return Before(params.model_copy(update={"as_before": False}), map_version)


def read_map(session: Session, version_id: int) -> StoredMap:
    """The parametric map kept as this model version."""
    network, preparation, note = parametric_map_from_bytes(models.read_weights(session, version_id))
    return StoredMap(version_id, network, preparation, tuple(note["numbers"]))


def keep_map(
    session: Session,
    dataset_id: int,
    job_id: int,
    network: ParametricMap,
    mapped: MapVectors,
    params: FitMap,
    curve: list[dict[str, Any]],
    metrics: dict[str, Any],
    versions: dict[str, str],
) -> int:
    """Add the network as a model version; its id."""
    numbers = list(mapped.embedder.names) if mapped.embedder is not None else []
    config = {
        "embedding": mapped.embedding,
        "embedding_version_id": mapped.model_version_id,
        "dimension": int(mapped.raw.shape[1]),
        "n_neighbors": params.n_neighbors,
        "min_dist": params.min_dist,
        "epochs": len(curve),
    }
    version = models.add_model_version(
        session,
        dataset_id,
        kind="fit_map",
        architecture=ARCHITECTURE,
        config=config,
        metrics=metrics,
        curves=curve[lead_epochs(len(curve)) :],
        seed=params.seed,
        versions=versions,
        job_id=job_id,
        weights=network.to_bytes({"config": config, "numbers": numbers}, mapped.preparation),
    )
    return version.id


def trusted(
    vectors: NDArray[np.float32], positions: NDArray[np.float32], seed: int = 0
) -> dict[str, Any] | None:
    """Trustworthiness of the map (Venna & Kaski 2001): 1 where all neighbours on it are neighbours
    among the vectors; of at most 2000 cutouts and their 15 neighbours. None with too few."""
    from sklearn.manifold import trustworthiness

    sample = np.sort(np.random.default_rng(seed).permutation(len(vectors))[:2000])
    k = min(15, (len(sample) - 1) // 2)
    if k < 1:
        return None
    value = trustworthiness(vectors[sample], positions[sample], n_neighbors=k)
    return {"value": float(value), "n": len(sample), "neighbours": k}
