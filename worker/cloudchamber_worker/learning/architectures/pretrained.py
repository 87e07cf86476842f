"""Published ResNet-18 weights (ImageNet-1k), where torchvision is installed to fetch them."""

import importlib
from collections.abc import Mapping
from functools import lru_cache

from torch import Tensor, nn

from cloudchamber_worker.learning.architectures.resnet18 import ResNet18Classifier
from cloudchamber_worker.learning.errors import LearningError

# Where torchvision's layers are among ours; the layers to 64, 40 and the classes are not published.
_FIRST_BLOCK = 4


def load_published(network: nn.Module) -> None:
    """Put the published weights into a ResNet-18 of any number of channels.

    The first convolution takes three colours. Its kernels are summed over them and the sum is
    shared out evenly, so that a grey image, repeated in all channels or single, gives what its RGB
    copy would have given; colours seen at two scales (6 channels) take half of each colour's
    kernel. That our pixels lie in 0..1 and not about the mean of ImageNet is taken up by the
    normalisation after that convolution while it trains.

    Raises
    ------
    LearningError
        Where the network is another, torchvision is absent, or the weights cannot be fetched.
    """
    if not isinstance(network, ResNet18Classifier):
        raise LearningError(
            "There are published weights of ResNet-18 alone.", "Choose the architecture resnet18."
        )
    published = fetch_published()
    state = network.state_dict()
    for name, tensor in ours(published).items():
        if name == "base.0.weight":
            tensor = for_channels(tensor, state[name].shape[1])
        if state[name].shape != tensor.shape:
            raise LearningError(f"The published weights do not fit: {name} has another shape.")
        state[name].copy_(tensor)


def ours(published: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Torchvision's weights by our names, its last layer left out."""
    found = {}
    for name, tensor in published.items():
        part, _, rest = name.partition(".")
        if part == "conv1":
            found[f"base.0.{rest}"] = tensor
        elif part == "bn1":
            found[f"base.1.{rest}"] = tensor
        elif part.startswith("layer"):
            block, _, rest = rest.partition(".")
            found[f"base.{_FIRST_BLOCK + 2 * (int(part[5:]) - 1) + int(block)}.{rest}"] = tensor
    return found


def for_channels(kernels: Tensor, channels: int) -> Tensor:
    """Kernels [64, 3, 7, 7] for that many channels."""
    if channels % 3 == 0:
        times = channels // 3
        return kernels.repeat(1, times, 1, 1) / times
    return kernels.sum(dim=1, keepdim=True).repeat(1, channels, 1, 1) / channels


@lru_cache(maxsize=1)
def fetch_published() -> Mapping[str, Tensor]:
    """Torchvision's weights by its names; fetched once. LearningError where there are none."""
    try:
        models = importlib.import_module("torchvision.models")
    except ImportError as error:
        raise LearningError(
            "Published weights come with torchvision, which is not installed.",
            "Install torchvision beside the worker, or train without pretrained.",
        ) from error
    try:
        # weights_only: tensors are read, nothing is unpickled.
        return models.ResNet18_Weights.IMAGENET1K_V1.get_state_dict(
            progress=False, check_hash=True, weights_only=True
        )
    except (OSError, RuntimeError) as error:
        raise LearningError(
            f"The published weights could not be fetched: {error}",
            "They come from download.pytorch.org once and are then kept; see whether the worker "
            "reaches it, or train without pretrained.",
        ) from error
