"""Hyperparameters of extra-trees; the trees themselves are in ``learning.forest``."""

from cloudchamber_worker.learning.architectures.space import Space, choice, whole

EXTRA_TREES_SPACE: Space = (
    whole("trees", 50, 2000, 400, "how many", log=True),
    whole("min_samples_leaf", 1, 20, 1, "labels a leaf has at least; more in very large sets"),
    choice("max_features", ("sqrt", "log2", "all"), "sqrt", "measurements a split chooses from"),
)
