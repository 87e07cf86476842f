"""Do the clusters of an embedding agree with labels?"""

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score


def cluster_agreement(
    cluster: NDArray[np.integer], label: NDArray[np.integer]
) -> dict[str, float | int | None]:
    """Agreement of clusters int [n] (−1 unclustered) with labels int [n].

    ``ari`` adjusted Rand index (Hubert & Arabie 1985; 0 is chance) and ``nmi`` normalised mutual
    information (arithmetic mean of the entropies), the unclustered being one group more;
    ``purity``, the share of the clustered that belong to their cluster's largest class;
    ``unclustered``, the share in no cluster. None where nothing is labelled, or clustered.
    """
    n = len(label)
    if n == 0:
        return {"n": 0, "ari": None, "nmi": None, "purity": None, "unclustered": None}
    clustered = cluster >= 0
    largest = sum(
        int(np.unique(label[cluster == c], return_counts=True)[1].max())
        for c in np.unique(cluster[clustered])
    )
    return {
        "n": n,
        "ari": float(adjusted_rand_score(label, cluster)),
        "nmi": float(normalized_mutual_info_score(label, cluster)),
        "purity": largest / int(clustered.sum()) if clustered.any() else None,
        "unclustered": float(1 - clustered.mean()),
    }
