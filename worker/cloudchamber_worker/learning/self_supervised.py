"""An embedding learned without labels: two altered views of a cutout must be told to be one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cloudchamber_worker.learning.architectures.embedder import Embedder
from cloudchamber_worker.learning.augmentation import (
    random_noise,
    random_threshold,
    random_turns,
    rotate,
    turns,
)
from cloudchamber_worker.learning.checkpoints import Journal, from_bytes, prefixed, to_bytes, under
from cloudchamber_worker.learning.errors import LearningError
from cloudchamber_worker.learning.inference import OnBatch, unit_images
from cloudchamber_worker.learning.losses import simclr, vicreg
from cloudchamber_worker.learning.reconstruction import TURNS_PER_QUARTER, held_rows
from cloudchamber_worker.learning.training import (
    BatchLoss,
    Row,
    Schedule,
    device,
    load_weights,
    on_device,
    train,
    weights_of,
)

Method = Literal["vicreg", "simclr"]
LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"vicreg": vicreg, "simclr": simclr}
LEAST_CUTOUTS = 8
USUAL_EPOCHS = 80
# Cutouts shown (each in two views) in one training, at most, where epochs are left open.
MAX_SHOWN = 60_000
MIN_EPOCHS = 2
# Size tells classes apart: more zoom cost 0.02 of neighbour accuracy on DAMIC.
ZOOM = (0.95, 1.05)
FAINTEST = 0.3
NOISE = 0.05


@dataclass(frozen=True)
class SelfSupervised:
    """A trained embedder.

    turns  orientations per quarter turn (times 8) a vector is the mean over; 0 where the
           orientation is part of it
    """

    method: Method
    channels: int
    dimension: int
    network: nn.Module
    turns: int

    def embed(
        self, images: NDArray[np.uint8], on_batch: OnBatch | None = None, batch_size: int = 512
    ) -> NDArray[np.float32]:
        """Vectors float32 [n, dimension] of images uint8 [n, channels, side, side]."""
        where = device()
        network = on_device(self.network).eval()
        assert isinstance(network, Embedder)
        vectors = np.empty((len(images), self.dimension), np.float32)
        for start in range(0, len(images), batch_size):
            rows = np.arange(start, min(start + batch_size, len(images)))
            with torch.inference_mode():
                pixels = unit_images(images, rows).to(where)
                seen = turns(pixels, self.turns) if self.turns else [pixels]
                parts = [network.embed(image) for image in seen]
                vectors[rows] = torch.stack(parts).mean(dim=0).cpu().numpy()
            if on_batch is not None:
                on_batch(int(rows[-1]) + 1)
        return vectors

    def to_bytes(self, note: dict[str, Any]) -> bytes:
        """Weights and a JSON-able note as safetensors."""
        shape = {
            "method": self.method,
            "channels": self.channels,
            "dimension": self.dimension,
            "turns": self.turns,
        }
        return to_bytes(prefixed(weights_of(self.network), "network"), {**note, **shape})


def self_supervised_from_bytes(raw: bytes) -> tuple[SelfSupervised, dict[str, Any]]:
    """The inverse of ``SelfSupervised.to_bytes``: the model and the note."""
    arrays, note = from_bytes(raw)
    network = Embedder(note["channels"], note["dimension"])
    load_weights(network, under(arrays, "network"))
    return SelfSupervised(
        note["method"], note["channels"], note["dimension"], network.eval(), note["turns"]
    ), note


def epochs_for(n: int, asked: int | None) -> int:
    """Epochs for n cutouts: as asked, else 80, fewer for large sets."""
    return asked or max(MIN_EPOCHS, min(USUAL_EPOCHS, MAX_SHOWN // max(n, 1)))


def altered(images: Tensor, generator: torch.Generator, ignore_orientation: bool) -> Tensor:
    """One view of images [batch, channels, side, side]: turned, zoomed, cut by another threshold,
    with a little noise; unturned where the orientation is to stay part of the embedding."""
    if ignore_orientation:
        images = random_turns(images, generator, ZOOM)
    else:
        low, high = np.log(ZOOM)
        zoom = torch.rand(len(images), generator=generator) * (high - low) + low
        still = torch.zeros(len(images), device=images.device)
        images = rotate(images, still, zoom.exp().to(images.device))
    return random_noise(random_threshold(images, generator, FAINTEST), generator, NOISE)


def fit_self_supervised(
    images: NDArray[np.uint8],
    method: Method,
    dimension: int,
    schedule: Schedule,
    seed: int,
    journal: Journal,
    ignore_orientation: bool = True,
    on_epoch: Callable[[Row], None] | None = None,
    groups: NDArray[np.integer] | None = None,
    stage: str = "self-supervised",
) -> SelfSupervised:
    """Train on images uint8 [n, channels, side, side] without any label.

    ``vicreg`` (Bardes, Ponce & LeCun 2022) or ``simclr`` (Chen et al. 2020). A tenth of the
    cutouts, or of their groups int [n], is left out and gives ``val_loss``.
    """
    n = len(images)
    if n < LEAST_CUTOUTS:
        raise LearningError(
            f"A self-supervised embedding needs at least {LEAST_CUTOUTS} cutouts; there are {n}.",
            "Import more exposures or crops first.",
        )
    held = held_rows(n, seed, groups)
    rows = np.setdiff1d(np.arange(n), held)
    loss_of = LOSSES[method]

    def two_views(network: nn.Module, part: NDArray[np.intp], generator: torch.Generator):
        pixels = unit_images(images, part).to(device())
        first = altered(pixels, generator, ignore_orientation)
        second = altered(pixels, generator, ignore_orientation)
        return loss_of(*network(torch.cat([first, second])).chunk(2))

    def prepare(network: nn.Module) -> BatchLoss:
        def loss(batch: Tensor, epoch: int, generator: torch.Generator):
            return two_views(network, rows[batch.numpy()], generator), {}

        return loss

    def held_loss(network: nn.Module) -> dict[str, float]:
        # The same views after every epoch: the curve shows the network, not the draw.
        generator = torch.Generator().manual_seed(seed)
        with torch.inference_mode():
            return {"val_loss": float(two_views(network, held, generator))}

    network = train(
        lambda: Embedder(images.shape[1], dimension),
        prepare,
        len(rows),
        schedule,
        seed,
        journal,
        stage,
        held_loss if len(held) >= 4 else None,
        on_epoch,
    )
    kept = TURNS_PER_QUARTER if ignore_orientation else 0
    return SelfSupervised(method, images.shape[1], dimension, network, kept)
