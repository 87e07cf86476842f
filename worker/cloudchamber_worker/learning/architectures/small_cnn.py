"""The default network: about 60,000 parameters, for hundreds of labels rather than thousands."""

import torch
from torch import Tensor, nn


class SmallCnn(nn.Module):
    """Four 3x3 convolutions fused with the measurements.

    Input [batch, channels, 32, 32] and [batch, measurements]; output logits [batch, classes] and
    the penultimate layer [batch, 64].
    """

    def __init__(self, channels: int, measurements: int, classes: int):
        super().__init__()
        widths, layers, last = (24, 32, 48, 64), [], channels
        for i, width in enumerate(widths):
            layers += [
                nn.Conv2d(last, width, 3, stride=1 if i == 0 else 2, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            last = width
        self.convolutions = nn.Sequential(*layers)
        self.numbers = (
            nn.Sequential(nn.Linear(measurements, 64), nn.ReLU()) if measurements else None
        )
        fused = 2 * last + (64 if measurements else 0)
        self.dense = nn.Sequential(nn.Dropout(0.3), nn.Linear(fused, 64), nn.ReLU())
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(64, classes))

    def forward(self, images: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        maps = self.convolutions(images)  # [batch, 64, 4, 4]
        pooled = torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)  # [batch, 128]
        if self.numbers is not None:
            pooled = torch.cat([pooled, self.numbers(numbers)], dim=1)  # [batch, 192]
        penultimate = self.dense(pooled)  # [batch, 64]
        return self.head(penultimate), penultimate
