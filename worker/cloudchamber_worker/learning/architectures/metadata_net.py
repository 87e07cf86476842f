"""The ice-core project's network on numbers alone: 128 → 64 → 32 → 40 → classes."""

from torch import Tensor, nn


class MetadataNet(nn.Module):
    """Measurements [batch, m]; images are not used. Penultimate [batch, 40]."""

    def __init__(self, channels: int, measurements: int, classes: int):
        super().__init__()
        layers: list[nn.Module] = []
        last = max(measurements, 1)
        for width in (128, 64):
            layers += [nn.Linear(last, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(0.2)]
            last = width
        layers += [nn.Linear(last, 32), nn.Linear(32, 40), nn.BatchNorm1d(40), nn.ReLU()]
        self.dense = nn.Sequential(*layers)
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(40, classes))

    def forward(self, images: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        penultimate = self.dense(numbers)  # [batch, 40]
        return self.head(penultimate), penultimate
