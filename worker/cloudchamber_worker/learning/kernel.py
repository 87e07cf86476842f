"""Logistic regression on radial-basis features of the measurements: an SVM with probabilities.

The features are distances to landmarks (Nyström, Williams & Seeger 2001), so that what is stored
and predicted from is three small matrices.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from sklearn.linear_model import LogisticRegression

from cloudchamber_worker.learning.checkpoints import Arrays

MAX_LANDMARKS = 600


@dataclass(frozen=True)
class KernelLogistic:
    """landmarks [l, features], gamma [1], weights [l, classes], intercept [classes]; float64.

    ``intercept`` is -inf for classes that the training rows lacked.
    """

    landmarks: NDArray[np.float64]
    gamma: NDArray[np.float64]
    weights: NDArray[np.float64]
    intercept: NDArray[np.float64]

    def predict(self, x: NDArray[np.float32], chunk: int = 8192) -> NDArray[np.float32]:
        """Class probabilities float32 [n, classes] of x [n, features] (finite)."""
        out = np.empty((len(x), len(self.intercept)), np.float32)
        for start in range(0, len(x), chunk):
            kernel = _rbf(x[start : start + chunk], self.landmarks, self.gamma[0])
            score = kernel @ self.weights + self.intercept
            score = np.exp(score - score.max(axis=1, keepdims=True))
            out[start : start + chunk] = score / score.sum(axis=1, keepdims=True)
        return out

    def arrays(self) -> Arrays:
        return dict(vars(self))


def _rbf(x: NDArray[np.floating], y: NDArray[np.float64], gamma: float) -> NDArray[np.float64]:
    return np.exp(-gamma * cdist(x, y, "sqeuclidean"))


def fit_kernel_logistic(
    x: NDArray[np.float32], y: NDArray[np.int64], n_classes: int, seed: int, strength: float = 10.0
) -> KernelLogistic:
    """Fit on x [n, features] (finite), class numbers y [n] with at least two classes present."""
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(x))[:MAX_LANDMARKS]
    landmarks = np.unique(x[chosen].astype(np.float64), axis=0)
    gamma = 0.5 / max(x.shape[1], 1)
    values, vectors = np.linalg.eigh(_rbf(landmarks, landmarks, gamma))
    root = vectors / np.sqrt(np.maximum(values, 1e-6 * values.max()))  # [l, l]
    model = LogisticRegression(C=strength, max_iter=500)
    model.fit(_rbf(x, landmarks, gamma) @ root, y)
    coefficients, offsets = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        # One row of log-odds becomes a softmax of two.
        coefficients = np.concatenate([-coefficients / 2, coefficients / 2])
        offsets = np.concatenate([-offsets / 2, offsets / 2])
    weights = np.zeros((len(landmarks), n_classes))
    intercept = np.full(n_classes, -np.inf)
    weights[:, model.classes_] = root @ coefficients.T
    intercept[model.classes_] = offsets
    return KernelLogistic(landmarks, np.array([gamma]), weights, intercept)
