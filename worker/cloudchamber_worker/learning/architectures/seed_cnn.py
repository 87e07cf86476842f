"""The CCD project's two networks and the search spaces of its appendix.

Its table of the TensorFlow network gives N_dense_layers 3 as the final value beside the widths of
two dense layers, exp0 and exp1. Both are right if the layer of the classes is counted, and so it is
here: N_dense_layers 3 is two hidden layers and the output, 1 is the output alone. The table gives
N_conv_layers 1-3 and the filters of the two layers it ended with; a third has the same ranges. Not
in the document, and chosen here: 2x2 max pooling after each convolution, where the one dropout lies
(before the second dense layer), and that the learning rate is searched in its logarithm.

Its table of the PyTorch network gives no dense widths, no learning rate and no ranges: those are
chosen about the values given.
"""

import torch
from torch import Tensor, nn

from cloudchamber_worker.learning.architectures.space import (
    Space,
    decay_space,
    number,
    size_space,
    whole,
)
from cloudchamber_worker.learning.errors import LearningError

SEED_CNN_SPACE: Space = (
    whole("N_conv_layers", 1, 3, 2, "convolutions"),
    whole("N_dense_layers", 1, 3, 3, "dense layers, that of the classes included"),
    number("dropout_rate", 0, 0.5, 0.4981, "share of units left out in training"),
    *(
        parameter
        for layer, (exponent, size) in enumerate(((6, 2), (4, 5), (4, 5)))
        for parameter in (
            whole(
                f"conv_filter_exp{layer}", 3, 7, exponent, f"log2 of the filters of layer {layer}",
                needs=("N_conv_layers", layer + 1),
            ),
            whole(
                f"conv_kernel_size{layer}", 2, 5, size, f"side of the kernels of layer {layer}",
                needs=("N_conv_layers", layer + 1),
            ),
        )
    ),
    whole(
        "dense_units_exp0", 3, 5, 4, "log2 of the units of the first hidden layer",
        needs=("N_dense_layers", 2),
    ),
    whole(
        "dense_units_exp1", 3, 5, 3, "log2 of the units of the second hidden layer",
        needs=("N_dense_layers", 3),
    ),
    number("adam_learning_rate", 1e-7, 1e-1, 3.676e-4, "at the first batch", log=True),
    whole("adam_decay_steps", 100, 10_000, 3866, "batches in which it falls by the factor"),
    number("adam_decay_rate", 0.8, 1, 0.9122, "factor, continuously (Keras' ExponentialDecay)"),
    *size_space(),
)  # fmt: skip

SEED_CNN_3_SPACE: Space = (
    whole("N_conv_layers", 1, 3, 3, "convolutions"),
    whole("N_dense_layers", 1, 3, 3, "dense layers, that of the classes included"),
    number("dropout_rate", 0, 0.5, 0.427, "share of units left out in training"),
    *(
        parameter
        for layer, (filters, size, stride, padding) in enumerate(
            ((41, 6, 1, 3), (49, 3, 1, 2), (9, 7, 2, 2))
        )
        for parameter in (
            whole(
                f"filters_layer{layer}", 4, 64, filters, f"filters of layer {layer}",
                needs=("N_conv_layers", layer + 1),
            ),
            whole(
                f"filter_size_layer{layer}", 2, 7, size, f"side of the kernels of layer {layer}",
                needs=("N_conv_layers", layer + 1),
            ),
            whole(
                f"stride_layer{layer}", 1, 2, stride, f"stride of layer {layer}",
                needs=("N_conv_layers", layer + 1),
            ),
            whole(
                f"padding_layer{layer}", 0, 3, padding, f"padding of layer {layer}",
                needs=("N_conv_layers", layer + 1),
            ),
        )
    ),
    whole(
        "dense_units0", 8, 128, 64, "units of the first hidden layer", log=True,
        needs=("N_dense_layers", 2),
    ),
    whole(
        "dense_units1", 8, 128, 32, "units of the second hidden layer", log=True,
        needs=("N_dense_layers", 3),
    ),
    number("learning_rate", 1e-5, 1e-1, 1e-3, "at its highest", log=True),
    *decay_space(),
    *size_space(),
)  # fmt: skip


class _SeedNetwork(nn.Module):
    """Convolutions, hidden layers with one dropout, classes; the measurements are not used."""

    def __init__(
        self,
        layers: list[nn.Module],
        hidden: list[int],
        dropout: float,
        channels: int,
        classes: int,
        side: int,
    ):
        super().__init__()
        self.convolutions = nn.Sequential(*layers, nn.Flatten())
        width = _flat_width(self.convolutions, channels, side)
        dense: list[nn.Module] = []
        for i, units in enumerate(hidden):
            dense += [nn.Linear(width, units), nn.ReLU()]
            dense += [nn.Dropout(dropout)] if i == 0 else []
            width = units
        self.dense = nn.Sequential(*dense)
        output = nn.Linear(width, classes)
        self.head = output if hidden else nn.Sequential(nn.Dropout(dropout), output)

    def forward(self, images: Tensor, numbers: Tensor) -> tuple[Tensor, Tensor]:
        penultimate = self.dense(self.convolutions(images))
        return self.head(penultimate), penultimate


class SeedCnn(_SeedNetwork):
    """Its TensorFlow network; by default 2 convolutions (64 of 2x2, 16 of 5x5), dense 16, 8.

    Images [batch, channels, side, side]. Penultimate: the last hidden layer, [batch, 8].
    """

    def __init__(
        self,
        channels: int,
        measurements: int,
        classes: int,
        side: int,
        *,
        N_conv_layers: int,
        N_dense_layers: int,
        dropout_rate: float,
        **widths: int,
    ):
        layers: list[nn.Module] = []
        last = channels
        for i in range(N_conv_layers):
            filters = 2 ** widths[f"conv_filter_exp{i}"]
            layers += [
                nn.Conv2d(last, filters, widths[f"conv_kernel_size{i}"]),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
            last = filters
        hidden = [2 ** widths[f"dense_units_exp{i}"] for i in range(N_dense_layers - 1)]
        super().__init__(layers, hidden, dropout_rate, channels, classes, side)


class SeedCnn3(_SeedNetwork):
    """Its PyTorch network; by default 41 of 6x6, 49 of 3x3, 9 of 7x7 with stride 2, dense 64, 32.

    Images [batch, channels, side, side]. Penultimate: the last hidden layer, [batch, 32].
    """

    def __init__(
        self,
        channels: int,
        measurements: int,
        classes: int,
        side: int,
        *,
        N_conv_layers: int,
        N_dense_layers: int,
        dropout_rate: float,
        **widths: int,
    ):
        layers: list[nn.Module] = []
        last = channels
        for i in range(N_conv_layers):
            filters, size, stride, padding = (
                widths[f"{name}_layer{i}"]
                for name in ("filters", "filter_size", "stride", "padding")
            )
            layers += [nn.Conv2d(last, filters, size, stride, padding), nn.ReLU()]
            last = filters
        hidden = [widths[f"dense_units{i}"] for i in range(N_dense_layers - 1)]
        super().__init__(layers, hidden, dropout_rate, channels, classes, side)


def _flat_width(convolutions: nn.Sequential, channels: int, side: int) -> int:
    """Numbers per image after the convolutions; LearningError where nothing is left of it."""
    with torch.no_grad():
        try:
            return convolutions(torch.zeros(1, channels, side, side)).shape[1]
        except RuntimeError as error:
            raise LearningError(
                f"A kernel or pooling is larger than what the layers before leave of a "
                f"{side}x{side} image.",
                "Take fewer convolutions, smaller kernels, or a representation of 64x64.",
            ) from error
