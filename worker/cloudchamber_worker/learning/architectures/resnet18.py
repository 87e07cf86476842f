"""ResNet-18 → 64 → 40 → classes, the ice-core project's network, for any number of channels.

torchvision has no CPU build on every platform, so the residual network is written out (He et al.
2016, table 1, the 18-layer column).
"""

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from cloudchamber_worker.learning.architectures.metadata_net import NUMBERS_SPACE, numbers_layers
from cloudchamber_worker.learning.architectures.space import (
    NUMBERS,
    Space,
    number,
    training_space,
    whole,
)

RESNET18_SPACE: Space = (
    whole("image_units", 16, 256, 64, "what the image is reduced to", log=True),
    whole("dense_units", 8, 160, 40, "units of the penultimate layer", log=True),
    *(replace(parameter, needs=(NUMBERS, 1)) for parameter in NUMBERS_SPACE),
    number("dropout_rate", 0, 0.5, 0.2, "share of units left out in training"),
    *training_space(1e-3, 1e-2, 0.0),
)
# Where in ``dense`` the numbers come in beside the image.
FUSED = 4


class _Block(nn.Module):
    """Two 3x3 convolutions and a shortcut."""

    def __init__(self, inner: int, outer: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inner, outer, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outer)
        self.conv2 = nn.Conv2d(outer, outer, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outer)
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or inner != outer:
            self.downsample = nn.Sequential(
                nn.Conv2d(inner, outer, 1, stride, bias=False), nn.BatchNorm2d(outer)
            )

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + self.downsample(x))


class ResNet18Classifier(nn.Module):
    """Images [batch, channels, side, side]; penultimate [batch, 40].

    Without numbers it is the project's CNN_IMG, with them CNN_BOTH: its ``meta_net`` reduces them
    to 32, which stand beside the 64 of the image before the layer of 40.
    """

    def __init__(
        self,
        channels: int,
        measurements: int,
        classes: int,
        side: int,
        *,
        image_units: int,
        dense_units: int,
        dropout_rate: float,
        numbers_units0: int = 128,
        numbers_units1: int = 64,
        numbers_units2: int = 32,
    ):
        super().__init__()
        layers: list[nn.Module] = [
            nn.Conv2d(channels, 64, 7, 2, 3, bias=False),
            nn.BatchNorm2d(64),
            nn.ReLU(),
            nn.MaxPool2d(3, 2, 1),
        ]
        inner = 64
        for outer, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
            layers += [_Block(inner, outer, stride), _Block(outer, outer, 1)]
            inner = outer
        self.base = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.numbers = None
        fused = image_units
        if measurements:
            units = (numbers_units0, numbers_units1, numbers_units2)
            self.numbers = nn.Sequential(*numbers_layers(measurements, units, dropout_rate))
            fused += numbers_units2
        self.dense = nn.Sequential(
            nn.Linear(512, image_units),
            nn.BatchNorm1d(image_units),
            nn.ReLU(),
            nn.Dropout(dropout_rate),
            nn.Linear(fused, dense_units),
            nn.BatchNorm1d(dense_units),
            nn.ReLU(),
        )
        self.head = nn.Sequential(nn.Dropout(dropout_rate), nn.Linear(dense_units, classes))

    def forward(self, images: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        image = self.dense[:FUSED](self.base(images))  # [batch, 64]
        if self.numbers is not None:
            image = torch.cat([image, self.numbers(numbers)], dim=1)  # [batch, 96]
        penultimate = self.dense[FUSED:](image)  # [batch, 40]
        return self.head(penultimate), penultimate
