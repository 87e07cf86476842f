"""Forward passes over a whole dataset in bounded memory."""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cloudchamber_worker.learning.augmentation import N_SYMMETRIES, symmetry
from cloudchamber_worker.learning.training import device, on_device

OnBatch = Callable[[int], None]


def predict_network(
    network: nn.Module,
    images: NDArray[np.uint8] | None,
    numbers: NDArray[np.float32],
    symmetries: bool,
    rows: NDArray[np.intp] | None = None,
    batch_size: int = 512,
    on_batch: OnBatch | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Class probabilities [n, classes] and penultimate vectors [n, d].

    images   uint8 [N, channels, side, side], or None for networks of numbers alone
    numbers  float32 [N, m]
    rows     the n rows wanted; all by default
    With ``symmetries`` both answers are means over the 8 orientations, so that a turned copy of a
    cutout gets the answer of the original. ``on_batch`` is told the rows done.
    """
    rows = np.arange(len(numbers)) if rows is None else rows
    where = device()
    network = on_device(network).eval()
    turns = range(N_SYMMETRIES) if symmetries and images is not None else range(1)
    probabilities, vectors = [], []
    with torch.inference_mode():
        for start in range(0, len(rows), batch_size):
            part = rows[start : start + batch_size]
            measured = torch.from_numpy(numbers[part]).to(where)
            pixels = packed_images(images, part).to(where).float().div_(255)
            shares, hidden = [], []
            for turn in turns:
                turned = symmetry(pixels, turn) if images is not None else pixels
                logits, penultimate = network(turned, measured)
                shares.append(logits.softmax(dim=1))
                hidden.append(penultimate)
            probabilities.append(torch.stack(shares).mean(dim=0).cpu().numpy())
            vectors.append(torch.stack(hidden).mean(dim=0).cpu().numpy())
            if on_batch is not None:
                on_batch(min(start + batch_size, len(rows)))
    return np.concatenate(probabilities), np.concatenate(vectors)


def packed_images(images: NDArray[np.uint8] | None, rows: NDArray[np.intp]) -> torch.Tensor:
    """Rows of packed images as they are, uint8 [batch, channels, side, side]; empty without."""
    if images is None:
        return torch.zeros(len(rows), 0, dtype=torch.uint8)
    return torch.from_numpy(images[rows])


def unit_images(images: NDArray[np.uint8] | None, rows: NDArray[np.intp]) -> torch.Tensor:
    """Rows of packed images as float32 0..1 [batch, channels, side, side]; empty without images."""
    return packed_images(images, rows).float().div_(255)
