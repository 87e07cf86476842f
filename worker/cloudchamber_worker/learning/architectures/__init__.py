"""Every classifier by name.

An architecture is a recipe: which network (if any), on which representation, with which members
beside it. Adding one is one file and one line here; the tests train every entry by name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from torch import nn

from cloudchamber_worker.learning.architectures.boosted_trees import BOOSTED_TREES_SPACE
from cloudchamber_worker.learning.architectures.extra_trees import EXTRA_TREES_SPACE
from cloudchamber_worker.learning.architectures.metadata_net import (
    METADATA_NET_SPACE,
    MetadataNet,
)
from cloudchamber_worker.learning.architectures.pretrained import load_published
from cloudchamber_worker.learning.architectures.resnet18 import (
    RESNET18_SPACE,
    ResNet18Classifier,
)
from cloudchamber_worker.learning.architectures.seed_cnn import (
    SEED_CNN_3_SPACE,
    SEED_CNN_SPACE,
    SeedCnn,
    SeedCnn3,
)
from cloudchamber_worker.learning.architectures.small_cnn import SMALL_CNN_SPACE, SmallCnn
from cloudchamber_worker.learning.architectures.space import (
    Space,
    Training,
    Value,
    check,
    complete,
    split_training,
)
from cloudchamber_worker.learning.errors import LearningError
from cloudchamber_worker.learning.inputs import Representation


@dataclass(frozen=True)
class Architecture:
    """How one kind of classifier is put together.

    network         builds nn.Module from (channels, n_measurements, n_classes, side of the images,
                    **hyperparameters); its forward takes (images, measurements) and returns
                    (logits, penultimate)
    representation  what the network sees of the pixels; None for numbers alone
    space           the hyperparameters it has, with their ranges and its own values
    forest, kernel, boosted  whether extra-trees, a kernel logistic regression, gradient-boosted
                    trees vote beside the network, or alone
    symmetries      train on and average over the 8 orientations
    numbers         which numbers stand beside the image where none are asked for: the dataset's
                    measurements (metadata where it has none), or both
    epochs, batch_size  where neither hyperparameters nor the request say it, for few labels
    hyperparameters what was chosen in the place of its own values
    pretrained      start from published weights
    """

    name: str
    title: str
    description: str
    network: Callable[..., nn.Module] | None
    representation: Representation | None
    space: Space = ()
    forest: bool = False
    kernel: bool = False
    boosted: bool = False
    symmetries: bool = True
    numbers: Literal["none", "measurements", "both"] = "measurements"
    epochs: int = 60
    batch_size: int = 32
    hyperparameters: Mapping[str, Value] = field(default_factory=dict)
    pretrained: bool = False

    def choose(self, given: Mapping[str, object]) -> "Architecture":
        """With these hyperparameters in the place of its own; BadHyperparameter names the range."""
        chosen = replace(self, hyperparameters=check(self.space, self.title, given))
        chosen.training()
        return chosen

    def values(self, numbers: int) -> dict[str, Value]:
        """All hyperparameters that count beside that many numbers per cutout."""
        return complete(self.space, self.hyperparameters, numbers)

    def training(self) -> Training:
        """Those that concern the training loop."""
        return split_training(self.values(0))[0]

    def build(self, channels: int, numbers: int, classes: int, side: int) -> nn.Module:
        """A new network with random weights, but for the published ones where it is pretrained."""
        assert self.network is not None
        _, values = split_training(self.values(numbers))
        network = self.network(channels, numbers, classes, side, **values)
        if self.pretrained:
            load_published(network)
        return network


_ALL = (
    Architecture(
        "default",
        "Small CNN, measurements, trees",
        "four-convolution CNN on two pixel scales fused with the measurements, averaged over the 8 "
        "symmetries, voting with extra-trees and a kernel logistic regression on the measurements",
        SmallCnn,
        "two_scale",
        SMALL_CNN_SPACE,
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
        SMALL_CNN_SPACE,
    ),
    Architecture(
        "seed_cnn",
        "CCD seed's CNN, two convolutions",
        "the TensorFlow network of the CCD project with its final hyperparameters, on 64x64",
        SeedCnn,
        "downscaled",
        SEED_CNN_SPACE,
        symmetries=False,
    ),
    Architecture(
        "seed_cnn_3",
        "CCD seed's CNN, three convolutions",
        "the PyTorch network of the CCD project's search, on 64x64",
        SeedCnn3,
        "downscaled",
        SEED_CNN_3_SPACE,
        symmetries=False,
        epochs=30,
    ),
    Architecture(
        "resnet18",
        "ResNet-18",
        "ResNet-18 to 64 to 40 to the classes (ice-core project), on 64x64; numbers, where asked "
        "for, are reduced to 32 and stand beside the 64",
        ResNet18Classifier,
        "fitted",
        RESNET18_SPACE,
        numbers="none",
        epochs=20,
    ),
    Architecture(
        "metadata_net",
        "Network on the numbers alone",
        "the dense network of the ice-core project on measurements",
        MetadataNet,
        None,
        METADATA_NET_SPACE,
        symmetries=False,
    ),
    Architecture(
        "trees",
        "Gradient-boosted trees",
        "XGBoost (softmax over sums of trees) on measurements and metadata",
        None,
        None,
        BOOSTED_TREES_SPACE,
        boosted=True,
        symmetries=False,
        numbers="both",
    ),
    Architecture(
        "extra_trees",
        "Extra-trees",
        "extremely randomised trees on the measurements",
        None,
        None,
        EXTRA_TREES_SPACE,
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
