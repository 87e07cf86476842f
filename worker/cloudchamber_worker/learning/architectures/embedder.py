"""The network of the self-supervised embedding: the default classifier's convolutions."""

import torch
from torch import Tensor, nn

WIDTHS = (24, 32, 48, 64)
PROJECTED = 256


class Embedder(nn.Module):
    """Four 3x3 convolutions to a representation, and the projector that only training uses.

    Input [batch, channels, side, side] in 0..1.
    """

    def __init__(self, channels: int, dimension: int):
        super().__init__()
        layers, last = [], channels
        for i, width in enumerate(WIDTHS):
            layers += [
                nn.Conv2d(last, width, 3, stride=1 if i == 0 else 2, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            last = width
        self.convolutions = nn.Sequential(*layers)
        self.representation = nn.Linear(2 * last, dimension)
        # The loss is asked of a projection: it makes invariant also what a neighbour should keep
        # (Chen et al. 2020, section 4.2).
        self.projector = nn.Sequential(
            nn.BatchNorm1d(dimension),
            nn.ReLU(),
            nn.Linear(dimension, PROJECTED, bias=False),
            nn.BatchNorm1d(PROJECTED),
            nn.ReLU(),
            nn.Linear(PROJECTED, PROJECTED, bias=False),
        )

    def embed(self, images: Tensor) -> Tensor:
        """Representation [batch, dimension]."""
        maps = self.convolutions(images)
        pooled = torch.cat([maps.mean(dim=(2, 3)), maps.amax(dim=(2, 3))], dim=1)
        return self.representation(pooled)

    def forward(self, images: Tensor) -> Tensor:
        """Projection [batch, 256]."""
        return self.projector(self.embed(images))
