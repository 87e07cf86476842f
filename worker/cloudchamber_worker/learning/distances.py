"""How far a cutout lies from the labelled ones: distances, densities and isolation.

Every function takes rows [n, d] and the row numbers ``known`` of the labelled ones, and answers
float32 [n], larger is odder; NaN where nothing is known. The work is bounded: reference rows are
thinned evenly where rows times references would pass MAX_PAIRS (a million cutouts against 4000).
"""

import warnings

import hdbscan
import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import LocalOutlierFactor

from cloudchamber_worker.learning.neighbours import Neighbours

MAX_REFERENCE = 20_000
MAX_PAIRS = 4_000_000_000
LEAST_REFERENCE = 500
# Densities need every reference's own neighbours too.
MAX_DENSITY = 5_000
CHUNK = 20_000
Rows = NDArray[np.intp]


def thinned(known: Rows, n: int, most: int = MAX_REFERENCE) -> Rows:
    """At most ``most`` of the known rows, evenly spread; fewer for many rows n."""
    most = min(most, max(LEAST_REFERENCE, MAX_PAIRS // max(n, 1)))
    return known[:: -(-len(known) // most)] if len(known) > most else known


def whiten(vectors: NDArray[np.float32], known: Rows) -> NDArray[np.float32]:
    """Vectors [n, d] in the axes of the known rows' covariance, each of unit variance.

    The covariance is shrunk (Ledoit & Wolf 2004), so that few labels do not blow up directions in
    which they hardly vary.
    """
    if len(known) < 2:
        return np.nan_to_num(vectors).astype(np.float32)
    clean = np.nan_to_num(vectors)
    covariance = LedoitWolf().fit(clean[thinned(known, 0)]).covariance_
    variance, axes = np.linalg.eigh(covariance)
    floor = max(float(variance[-1]) * 1e-6, 1e-12)
    return (clean @ (axes / np.sqrt(np.maximum(variance, floor)))).astype(np.float32)


def knn_distance(
    vectors: NDArray[np.float32], known: Rows, k: int = 5, whitened: bool = False
) -> NDArray[np.float32]:
    """Mean distance of each vector [n, d] to its k nearest among the rows ``known``, itself aside;
    NaN where nothing is known. Each dimension counts in units of its standard deviation over the
    known rows, or with ``whitened`` each axis of their covariance."""
    if len(known) < 2:
        return np.full(len(vectors), np.nan, np.float32)
    if whitened:
        scaled = whiten(vectors, known)
    else:
        spread = vectors[known].std(axis=0)
        scaled = np.nan_to_num(vectors / np.where(spread > 1e-6, spread, 1.0))
    known = thinned(known, len(vectors))
    k = min(k, len(known) - 1)
    finder = Neighbours(scaled[known])
    out = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), CHUNK):
        part = np.arange(start, min(start + CHUNK, len(vectors)))
        distance, nearest = finder.query(scaled[part], k + 1)
        itself = known[nearest] == part[:, None]
        # Drop oneself where present, else the farthest, so that k remain in every row.
        itself[~itself.any(axis=1), -1] = True
        out[part] = distance[~itself].reshape(len(part), k).mean(axis=1)
    return out


def mahalanobis(
    vectors: NDArray[np.float32], known: Rows, y: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Distance to the nearest class mean in the covariance that the classes share (Lee et al.
    2018), shrunk as in ``whiten``; y are the class numbers of the known rows."""
    if len(known) < 2:
        return np.full(len(vectors), np.nan, np.float32)
    clean = np.nan_to_num(vectors).astype(np.float64)
    classes, member = np.unique(y, return_inverse=True)
    means = np.stack([clean[known[member == c]].mean(axis=0) for c in range(len(classes))])
    fit = LedoitWolf(assume_centered=True).fit(clean[known] - means[member])
    variance, axes = np.linalg.eigh(fit.covariance_)
    turn = axes / np.sqrt(np.maximum(variance, max(float(variance[-1]) * 1e-6, 1e-12)))
    centres = means @ turn
    out = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), CHUNK):
        part = clean[start : start + CHUNK] @ turn
        apart = ((part[:, None] - centres[None]) ** 2).sum(axis=2)
        out[start : start + CHUNK] = np.sqrt(apart.min(axis=1))
    return out


def local_outlier_factor(
    vectors: NDArray[np.float32], known: Rows, k: int = 20
) -> NDArray[np.float32]:
    """Local outlier factor (Breunig et al. 2000) against the known rows; about 1 among them.

    Known rows are judged with themselves among their neighbours, and so a little too kindly.
    """
    reference = np.nan_to_num(vectors[thinned(known, len(vectors), MAX_DENSITY)])
    if len(reference) < 3:
        return np.full(len(vectors), np.nan, np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # equal rows: their factor is huge, which is as it should
        model = LocalOutlierFactor(min(k, len(reference) - 1), algorithm="brute", novelty=True)
        model.fit(reference)
        return _in_chunks(vectors, lambda part: -model.score_samples(part))


def isolation_forest(
    vectors: NDArray[np.float32], known: Rows, seed: int = 0
) -> NDArray[np.float32]:
    """Isolation forest (Liu, Ting & Zhou 2008) of the known rows: 0..1, about 0.5 is ordinary."""
    reference = np.nan_to_num(vectors[thinned(known, len(vectors))])
    if len(reference) < 3:
        return np.full(len(vectors), np.nan, np.float32)
    model = IsolationForest(n_estimators=100, random_state=seed, n_jobs=1).fit(reference)
    return _in_chunks(vectors, lambda part: -model.score_samples(part))


def hdbscan_outlier(
    vectors: NDArray[np.float32], known: Rows, seed: int = 0
) -> NDArray[np.float32]:
    """HDBSCAN's outlier score (GLOSH; Campello et al. 2015) in the embedding, 0..1.

    In the ten first principal components of the whitened vectors, since densities mean nothing in
    more. At most 5000 rows are clustered, drawn with the seed; the others are placed among them.
    """
    n = len(vectors)
    if n < 10 or len(known) < 2:
        return np.zeros(n, np.float32)
    flat = whiten(vectors, known)
    if np.ptp(flat, axis=0).max() < 1e-6:
        return np.zeros(n, np.float32)
    parts = min(10, flat.shape[1], n - 1)
    flat = PCA(parts, random_state=seed).fit(flat[thinned(np.arange(n), 0)]).transform(flat)
    rows = np.sort(np.random.default_rng(seed).permutation(n)[:MAX_DENSITY])
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        model = hdbscan.HDBSCAN(
            min_cluster_size=max(5, min(15, len(rows) // 4)),
            min_samples=5,
            prediction_data=len(rows) < n,
            core_dist_n_jobs=1,
        ).fit(flat[rows].astype(np.float64))
        out = np.zeros(n, np.float32)
        out[rows] = np.nan_to_num(model.outlier_scores_, nan=0.0, posinf=1.0, neginf=0.0)
        rest = np.setdiff1d(np.arange(n), rows)
        for start in range(0, len(rest), CHUNK):
            part = rest[start : start + CHUNK]
            scores = hdbscan.prediction.approximate_predict_scores(model, flat[part])
            out[part] = np.nan_to_num(scores, nan=0.0, posinf=1.0, neginf=0.0)
    return np.clip(out, 0, 1)


def _in_chunks(vectors: NDArray[np.float32], score) -> NDArray[np.float32]:
    out = np.empty(len(vectors), np.float32)
    for start in range(0, len(vectors), CHUNK):
        out[start : start + CHUNK] = score(np.nan_to_num(vectors[start : start + CHUNK]))
    return out
