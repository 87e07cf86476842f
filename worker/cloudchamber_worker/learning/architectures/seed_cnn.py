"""The CCD project's two networks, with the final hyperparameters of its appendix, on 64x64."""

import torch
from torch import Tensor, nn


class SeedCnn(nn.Module):
    """Its TensorFlow network: 2 convolutions (64 of 2x2, 16 of 5x5), dense 16, 8, dropout 0.4981.

    Images [batch, channels, 64, 64]; the measurements are not used. Penultimate [batch, 8].
    """

    def __init__(self, channels: int, measurements: int, classes: int):
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(channels, 64, 2),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(64, 16, 5),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Flatten(),
        )
        width = _flat_width(self.convolutions, channels)
        self.dense = nn.Sequential(
            nn.Linear(width, 16), nn.ReLU(), nn.Dropout(0.4981), nn.Linear(16, 8), nn.ReLU()
        )
        self.head = nn.Linear(8, classes)

    def forward(self, images: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        penultimate = self.dense(self.convolutions(images))
        return self.head(penultimate), penultimate


class SeedCnn3(nn.Module):
    """Its PyTorch network: 3 convolutions (41 of 6x6, 49 of 3x3, 9 of 7x7 stride 2), dropout 0.427.

    The search names three dense layers without their widths; 64 and 32 stand before the classes.
    """

    def __init__(self, channels: int, measurements: int, classes: int):
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv2d(channels, 41, 6, stride=1, padding=3),
            nn.ReLU(),
            nn.Conv2d(41, 49, 3, stride=1, padding=2),
            nn.ReLU(),
            nn.Conv2d(49, 9, 7, stride=2, padding=2),
            nn.ReLU(),
            nn.Flatten(),
        )
        width = _flat_width(self.convolutions, channels)
        self.dense = nn.Sequential(
            nn.Linear(width, 64), nn.ReLU(), nn.Dropout(0.427), nn.Linear(64, 32), nn.ReLU()
        )
        self.head = nn.Linear(32, classes)

    def forward(self, images: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        penultimate = self.dense(self.convolutions(images))
        return self.head(penultimate), penultimate


def _flat_width(convolutions: nn.Sequential, channels: int) -> int:
    with torch.no_grad():
        return convolutions(torch.zeros(1, channels, 64, 64)).shape[1]
