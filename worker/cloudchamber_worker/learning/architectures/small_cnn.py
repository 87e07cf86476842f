"""The default network: about 60,000 parameters, for hundreds of labels rather than thousands."""

import torch
from torch import Tensor, nn

from cloudchamber_worker.learning.architectures.space import (
    Space,
    choice,
    number,
    training_space,
    whole,
)

# Filters of each layer over those of the first: 24, 32, 48, 64 (80) by default.
GROWTH = (1, 4 / 3, 2, 8 / 3, 10 / 3)

SMALL_CNN_SPACE: Space = (
    whole("layers", 2, len(GROWTH), 4, "convolutions; each but the first halves the image"),
    whole("filters", 8, 64, 24, "filters of the first convolution, later ones in proportion",
          log=True),
    choice("kernel_size", (3, 5), 3, "side of the kernels"),
    whole("dense_units", 16, 256, 64, "units of the penultimate layer", log=True),
    number("dropout_rate", 0, 0.6, 0.3, "share of units left out in training"),
    *training_space(2e-3, 1e-2, 0.05),
)  # fmt: skip


class SmallCnn(nn.Module):
    """A few convolutions, averaged and maximised over the image, fused with the measurements.

    Input [batch, channels, side, side] and [batch, measurements]; output logits [batch, classes]
    and the penultimate layer [batch, dense_units].
    """

    def __init__(
        self,
        channels: int,
        measurements: int,
        classes: int,
        side: int,
        *,
        layers: int,
        filters: int,
        kernel_size: int,
        dense_units: int,
        dropout_rate: float,
    ):
        super().__init__()
        steps: list[nn.Module] = []
        last = channels
        for i, growth in enumerate(GROWTH[:layers]):
            width = round(filters * growth)
            stride = 1 if i == 0 else 2
            steps += [
                nn.Conv2d(last, width, kernel_size, stride, kernel_size // 2, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            last = width
        self.convolutions = nn.Sequential(*steps)
        self.numbers = (
            nn.Sequential(nn.Linear(measurements, dense_units), nn.ReLU()) if measurements else None
        )
        fused = 2 * last + (dense_units if measurements else 0)
        self.dense = nn.Sequential(
            nn.Dropout(dropout_rate), nn.Linear(fused, dense_units), nn.ReLU()
        )
        self.head = nn.Sequential(nn.Dropout(dropout_rate), nn.Linear(dense_units, classes))

    def forward(self, images: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.convolutions(images)  # [batch, width, side / 8, side / 8]
        pooled = torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)  # [batch, 2 w]
        if self.numbers is not None:
            pooled = torch.cat([pooled, self.numbers(numbers)], dim=1)
        penultimate = self.dense(pooled)  # [batch, dense_units]
        return self.head(penultimate), penultimate
