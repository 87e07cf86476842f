"""ResNet-18 → 64 → 40 → classes, the ice-core project's network, for any number of channels.

torchvision has no CPU build on every platform, so the residual network is written out (He et al.
2016, table 1, the 18-layer column).
"""

from torch import Tensor, nn
from torch.nn import functional


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
    """Images [batch, channels, 64, 64]; measurements are not used. Penultimate [batch, 40]."""

    def __init__(self, channels: int, measurements: int, classes: int):
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
        self.dense = nn.Sequential(
            nn.Linear(512, 64),
            nn.BatchNorm1d(64),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(64, 40),
            nn.BatchNorm1d(40),
            nn.ReLU(),
        )
        self.head = nn.Sequential(nn.Dropout(0.2), nn.Linear(40, classes))

    def forward(self, images: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        penultimate = self.dense(self.base(images))  # [batch, 40]
        return self.head(penultimate), penultimate
