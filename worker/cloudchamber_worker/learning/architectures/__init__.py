"""Every classifier by name.

An architecture is a recipe: which network (if any), on which representation, with which members
beside it. Adding one is one file and one line here; the tests train every entry by name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import nn

from cloudchamber_worker.learning.architectures.metadata_net import MetadataNet
from cloudchamber_worker.learning.architectures.resnet18 import ResNet18Classifier
from cloudchamber_worker.learning.architectures.seed_cnn import SeedCnn, SeedCnn3
from cloudchamber_worker.learning.architectures.small_cnn import SmallCnn
from cloudchamber_worker.learning.errors import LearningError
from cloudchamber_worker.learning.inputs import Representation


@dataclass(frozen=True)
class Architecture:
    """How one kind of classifier is put together.

    network         builds nn.Module from (channels, n_measurements, n_classes); its forward takes
                    (images, measurements) and returns (logits, penultimate)
    representation  what the network sees of the pixels; None for numbers alone
    forest, kernel  whether extra-trees and a kernel logistic regression vote beside the network
    symmetries      train on and average over the 8 orientations
    numbers         which numbers stand beside the image where none are asked for: the dataset's
                    measurements (metadata where it has none), or both
    """

    name: str
    title: str
    description: str
    network: Callable[[int, int, int], nn.Module] | None
    representation: Representation | None
    forest: bool = False
    kernel: bool = False
    symmetries: bool = True
    numbers: Literal["none", "measurements", "both"] = "measurements"
    epochs: int = 60
    batch_size: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    smoothing: float = 0.05
    decay: tuple[float, int] | None = None
    """Factor on the learning rate and the batches it takes; None is one cosine."""


_ALL = (
    Architecture(
        "default",
        "Small CNN, measurements, trees",
        "four-convolution CNN on two pixel scales fused with the measurements, averaged over the 8 "
        "symmetries, voting with extra-trees and a kernel logistic regression on the measurements",
        SmallCnn,
        "two_scale",
        forest=True,
        kernel=True,
        # Measured on DAMIC, 3 seeds: 0.825 accuracy with 40 epochs, 0.824 with 60.
        epochs=40,
    ),
    Architecture(
        "small_cnn",
        "Small CNN with measurements",
        "the network of the default alone",
        SmallCnn,
        "two_scale",
    ),
    Architecture(
        "seed_cnn",
        "CCD seed's CNN, two convolutions",
        "the TensorFlow network of the CCD project with its final hyperparameters, on 64x64",
        SeedCnn,
        "downscaled",
        symmetries=False,
        learning_rate=3.676e-4,
        weight_decay=0.0,
        smoothing=0.0,
        decay=(0.9122, 3866),
    ),
    Architecture(
        "seed_cnn_3",
        "CCD seed's CNN, three convolutions",
        "the PyTorch network of the CCD project's search, on 64x64",
        SeedCnn3,
        "downscaled",
        symmetries=False,
        epochs=30,
        learning_rate=1e-3,
        weight_decay=0.0,
        smoothing=0.0,
    ),
    Architecture(
        "resnet18",
        "ResNet-18",
        "ResNet-18 to 64 to 40 to the classes (ice-core project), from random weights, on 64x64",
        ResNet18Classifier,
        "fitted",
        epochs=20,
        learning_rate=1e-3,
        smoothing=0.0,
    ),
    Architecture(
        "metadata_net",
        "Network on the numbers alone",
        "the dense network of the ice-core project on measurements",
        MetadataNet,
        None,
        symmetries=False,
        learning_rate=1e-3,
        smoothing=0.0,
    ),
    Architecture(
        "trees",
        "Gradient-boosted trees",
        "extremely randomised trees on the measurements",
        None,
        None,
        forest=True,
        symmetries=False,
        numbers="both",
    ),
    Architecture(
        "extra_trees",
        "Extra-trees",
        "extremely randomised trees on the measurements",
        None,
        None,
        forest=True,
        symmetries=False,
    ),
)
ARCHITECTURES: dict[str, Architecture] = {entry.name: entry for entry in _ALL}


def architecture(name: str) -> Architecture:
    """The entry of that name; LearningError names the ones there are."""
    if name not in ARCHITECTURES:
        known = ", ".join(ARCHITECTURES)
        raise LearningError(f"There is no architecture “{name}”.", f"Choose one of: {known}.")
    return ARCHITECTURES[name]
