"""Extra-trees whose nodes are arrays: fitted by scikit-learn, stored and predicted without it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier

from cloudchamber_worker.learning.checkpoints import Arrays


@dataclass(frozen=True)
class Forest:
    """All trees' nodes in one row; child numbers are absolute.

    roots      int32 [trees]
    left, right, feature  int32 [nodes]; a leaf is its own child
    threshold  float64 [nodes]; x <= threshold goes left
    value      float32 [nodes, classes], class shares of the node
    importance float32 [features], mean decrease of impurity
    """

    roots: NDArray[np.int32]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    value: NDArray[np.float32]
    importance: NDArray[np.float32]

    def predict(self, x: NDArray[np.float32], chunk: int = 2048) -> NDArray[np.float32]:
        """Class probabilities [n, classes] of x [n, features] (finite): the mean over the trees."""
        out = np.empty((len(x), self.value.shape[1]), np.float32)
        for start in range(0, len(x), chunk):
            part = np.asarray(x[start : start + chunk], np.float32)
            rows = np.arange(len(part))[:, None]
            node = np.broadcast_to(self.roots, (len(part), len(self.roots)))
            while True:
                left = part[rows, self.feature[node]] <= self.threshold[node]
                step = np.where(left, self.left[node], self.right[node])
                if np.array_equal(step, node):
                    break
                node = step
            out[start : start + chunk] = self.value[node].mean(axis=1)
        return out

    def arrays(self) -> Arrays:
        return dict(vars(self))


def fit_forest(
    x: NDArray[np.float32],
    y: NDArray[np.int64],
    n_classes: int,
    seed: int,
    trees: int = 400,
    min_samples_leaf: int = 1,
    max_features: Literal["sqrt", "log2", "all"] = "sqrt",
) -> Forest:
    """Fit on x [n, features] (finite) and class numbers y [n] of n_classes (some may be absent)."""
    # Large sets: leaves of one sample would make the arrays as large as the data times the trees.
    leaf = max(min_samples_leaf, len(x) // 5000)
    model = ExtraTreesClassifier(
        trees,
        min_samples_leaf=leaf,
        max_features=1.0 if max_features == "all" else max_features,  # pyright: ignore[reportArgumentType]
        random_state=seed,
        n_jobs=1,
    ).fit(x, y)
    parts: dict[str, list[NDArray[np.generic]]] = {
        name: [] for name in ("roots", "left", "right", "feature", "threshold", "value")
    }
    offset = 0
    for estimator in model.estimators_:
        tree = estimator.tree_
        leaf_nodes = tree.children_left < 0
        own = np.arange(tree.node_count)
        parts["roots"].append(np.array([offset]))
        parts["left"].append(np.where(leaf_nodes, own, tree.children_left) + offset)
        parts["right"].append(np.where(leaf_nodes, own, tree.children_right) + offset)
        parts["feature"].append(np.where(leaf_nodes, 0, tree.feature))
        parts["threshold"].append(tree.threshold)
        value = np.zeros((tree.node_count, n_classes), np.float32)
        value[:, model.classes_] = tree.value[:, 0, :]
        parts["value"].append(value)
        offset += tree.node_count
    return Forest(
        roots=np.concatenate(parts["roots"]).astype(np.int32),
        left=np.concatenate(parts["left"]).astype(np.int32),
        right=np.concatenate(parts["right"]).astype(np.int32),
        feature=np.concatenate(parts["feature"]).astype(np.int32),
        threshold=np.concatenate(parts["threshold"]).astype(np.float64),
        value=np.concatenate(parts["value"]).astype(np.float32),
        importance=model.feature_importances_.astype(np.float32),
    )
