"""The ice-core project's network on numbers alone: 128 → 64 → 32 → 40 → classes."""

from torch import Tensor, nn

from cloudchamber_worker.learning.architectures.space import Space, number, training_space, whole

NUMBERS_SPACE: Space = (
    whole("numbers_units0", 32, 512, 128, "units of the first layer on the numbers", log=True),
    whole("numbers_units1", 16, 256, 64, "units of the second", log=True),
    whole("numbers_units2", 8, 128, 32, "what the numbers are reduced to", log=True),
)
METADATA_NET_SPACE: Space = (
    *NUMBERS_SPACE,
    whole("dense_units", 8, 160, 40, "units of the penultimate layer", log=True),
    number("dropout_rate", 0, 0.5, 0.2, "share of units left out in training"),
    *training_space(1e-3, 1e-2, 0.0),
)


def numbers_layers(
    numbers: int, units: tuple[int, int, int], dropout: float
) -> tuple[nn.Module, ...]:
    """Layers from [batch, numbers] to [batch, units[2]], the project's ``meta_net``."""
    layers: list[nn.Module] = []
    last = max(numbers, 1)
    for width in units[:2]:
        layers += [nn.Linear(last, width), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(dropout)]
        last = width
    return (*layers, nn.Linear(last, units[2]))


class MetadataNet(nn.Module):
    """Numbers [batch, m]; images are not used. Penultimate [batch, dense_units]."""

    def __init__(
        self,
        channels: int,
        measurements: int,
        classes: int,
        side: int,
        *,
        numbers_units0: int,
        numbers_units1: int,
        numbers_units2: int,
        dense_units: int,
        dropout_rate: float,
    ):
        super().__init__()
        units = (numbers_units0, numbers_units1, numbers_units2)
        self.dense = nn.Sequential(
            *numbers_layers(measurements, units, dropout_rate),
            nn.Linear(numbers_units2, dense_units),
            nn.BatchNorm1d(dense_units),
            nn.ReLU(),
        )
        self.head = nn.Sequential(nn.Dropout(dropout_rate), nn.Linear(dense_units, classes))

    def forward(self, images: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        penultimate = self.dense(numbers)  # [batch, dense_units]
        return self.head(penultimate), penultimate
