"""Groups of cutouts, never of pixels: HDBSCAN on the map or an embedding."""

import warnings
from dataclasses import dataclass

import hdbscan
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Clusters:
    """cluster int32 [n], −1 unclustered, 0 the largest; outlier float32 [n], 0..1 (GLOSH)."""

    cluster: NDArray[np.int32]
    outlier: NDArray[np.float32]


def default_min_cluster_size(n: int) -> int:
    """Smallest cluster worth a name among n cutouts: about the root of n.

    Measured on maps of the DAMIC measurements (509 cutouts, 3 seeds): adjusted Rand index with the
    labels 0.46 in 3 clusters with 25, 0.13 in 20 with 10.
    """
    return max(5, round(1.1 * np.sqrt(n)))


def find_clusters(points: NDArray[np.float32], min_cluster_size: int | None = None) -> Clusters:
    """HDBSCAN (Campello et al. 2013) of points [n, d] with its outlier scores (2015).

    Sets smaller than one cluster are all unclustered; equal points are one cluster.
    """
    n = len(points)
    size = min_cluster_size or default_min_cluster_size(n)
    nothing = np.zeros(n, np.float32)
    if n < max(size, 3):
        return Clusters(np.full(n, -1, np.int32), nothing)
    finite = np.nan_to_num(np.asarray(points, np.float64))
    if np.ptp(finite, axis=0).max() < 1e-9:
        return Clusters(np.zeros(n, np.int32), nothing)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # Equal points have infinite density: the scores they spoil are set to 0 below.
        warnings.simplefilter("ignore")
        found = hdbscan.HDBSCAN(
            min_cluster_size=size, min_samples=min(5, size), core_dist_n_jobs=1
        ).fit(finite)
        outlier = np.nan_to_num(found.outlier_scores_, nan=0.0, posinf=1.0, neginf=0.0)
    labels = found.labels_
    present = np.unique(labels[labels >= 0])
    sizes = np.array([(labels == c).sum() for c in present])
    renamed = np.full(n, -1, np.int32)
    for new, old in enumerate(present[np.argsort(-sizes, kind="stable")]):
        renamed[labels == old] = new
    return Clusters(renamed, np.clip(outlier, 0, 1).astype(np.float32))
