"""Drawing a map and its clusters, for every task that ends with one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import columns, datasets
from cloudchamber.data.columns import ColumnSpec
from cloudchamber_worker.learning.clustering import Clusters, find_clusters
from cloudchamber_worker.learning.projection import project
from cloudchamber_worker.learning.typicality import typicality


@dataclass(frozen=True)
class Map:
    """positions float32 [n, 2]; clusters; typicality float32 [n], 1 is the first to label."""

    positions: NDArray[np.float32]
    clusters: Clusters
    typicality: NDArray[np.float32]


def previous_positions(session: Session, dataset_id: int) -> NDArray[np.float32] | None:
    """Positions [k, 2] of the active map, or None before the first."""
    job_id = datasets.get_dataset(session, dataset_id).active_map_job_id
    for column in columns.find_columns(session, dataset_id, group="map", names=["map"]):
        if job_id is not None and column.producer_job_id == job_id:
            return columns.read_column(session, column)
    return None


def draw_map(
    vectors: NDArray[np.float32],
    typical_of: NDArray[np.float32],
    previous: NDArray[np.float32] | None,
    labelled: NDArray[np.bool_],
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    min_cluster_size: int | None = None,
    seed: int = 0,
    shown: NDArray[np.bool_] | None = None,
) -> Map:
    """Project vectors [n, d], cluster the positions, and order the cutouts by what is typical
    among ``typical_of`` [n, m] (scaled measurements)."""
    positions = project(vectors, previous, n_neighbors, min_dist, seed)
    return finish_map(positions, typical_of, labelled, min_cluster_size, seed, shown)


def finish_map(
    positions: NDArray[np.float32],
    typical_of: NDArray[np.float32],
    labelled: NDArray[np.bool_],
    min_cluster_size: int | None = None,
    seed: int = 0,
    shown: NDArray[np.bool_] | None = None,
) -> Map:
    """Cluster positions [n, 2] and order the cutouts, as ``draw_map`` does; those that are not
    ``shown`` have no place in the order."""
    clusters = find_clusters(positions, min_cluster_size)
    if shown is None or shown.all():
        return Map(positions, clusters, typicality(typical_of, seed, labelled))
    typical = np.full(len(positions), np.nan, np.float32)
    typical[shown] = typicality(typical_of[shown], seed, labelled[shown])
    return Map(positions, clusters, typical)


def write_map(
    session: Session, dataset_id: int, job_id: int, drawn: Map, model_version_id: int | None = None
) -> None:
    """Write the columns of a map; it is shown once the dataset names the job as its map."""
    place = {"group": "map", "model_version_id": model_version_id, "producer_job_id": job_id}
    order = {"group": "ranking", "producer_job_id": job_id}
    for spec, values in (
        (
            ColumnSpec(
                "map", "Map", "", dtype="float32", width=2, description="UMAP position", **place
            ),
            drawn.positions,
        ),
        (
            ColumnSpec(
                "cluster",
                "Cluster",
                "",
                dtype="int32",
                description="HDBSCAN cluster of the map, 0 the largest; −1 is unclustered",
                **place,
            ),
            drawn.clusters.cluster,
        ),
        (
            ColumnSpec(
                "map_outlier",
                "Map outlier",
                "",
                dtype="float32",
                description="HDBSCAN outlier score of the map position, 0 to 1",
                **order,
            ),
            drawn.clusters.outlier,
        ),
        (
            ColumnSpec(
                "typicality",
                "Typicality",
                "",
                dtype="float32",
                description="Place in the order to label in: 1 is first; the first k hold one "
                "typical cutout of each of k regions",
                **order,
            ),
            drawn.typicality,
        ),
    ):
        columns.write_column(session, dataset_id, spec, values)


def map_figures(drawn: Map) -> dict[str, float | int]:
    """Number of clusters and share unclustered, for the job's result."""
    cluster = drawn.clusters.cluster
    return {
        "n": len(cluster),
        "clusters": int(cluster.max(initial=-1)) + 1,
        "unclustered": float((cluster < 0).mean()) if len(cluster) else 0.0,
    }
