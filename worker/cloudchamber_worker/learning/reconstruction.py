"""Autoencoders trained without labels: latent vectors, reconstructions and how bad they are."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cloudchamber_worker.learning.architectures.autoencoder import Autoencoder
from cloudchamber_worker.learning.architectures.vae import N_METADATA, Vae
from cloudchamber_worker.learning.checkpoints import Journal, from_bytes, prefixed, to_bytes, under
from cloudchamber_worker.learning.errors import LearningError
from cloudchamber_worker.learning.inference import unit_images
from cloudchamber_worker.learning.losses import (
    kl_to_normal,
    kl_weight,
    reconstruction_bce,
    reconstruction_mse,
)
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

Kind = Literal["vae", "autoencoder"]
# Images shown in one training, at most (times epochs), when the number of epochs is left open.
MAX_SHOWN = 120_000
MIN_EPOCHS = 3
LEAST_CUTOUTS = 4


@dataclass(frozen=True)
class Reconstructions:
    """Of one batch of rows: latent float32 [n, latent]; loss float32 [n] (VAE: binary
    cross-entropy summed over the pixels, decoded from the mean; autoencoder: mean squared error);
    images uint8 [n, channels, side, side]."""

    latent: NDArray[np.float32]
    loss: NDArray[np.float32]
    images: NDArray[np.uint8]


@dataclass(frozen=True)
class Reconstructor:
    """A trained autoencoder of either kind."""

    kind: Kind
    channels: int
    latent: int
    network: nn.Module

    def batches(
        self, images: NDArray[np.uint8], metadata: NDArray[np.float32], batch_size: int = 512
    ) -> Iterator[Reconstructions]:
        """Encode and decode images uint8 [n, channels, 64, 64] in order; metadata [n, 4] is used
        by the VAE alone."""
        where = device()
        network = on_device(self.network).eval()
        for start in range(0, len(images), batch_size):
            rows = np.arange(start, min(start + batch_size, len(images)))
            with torch.inference_mode():
                pixels = unit_images(images, rows).to(where)
                if isinstance(network, Vae):
                    latent, _ = network.encode(pixels, torch.from_numpy(metadata[rows]).to(where))
                    logits = network.decode(latent)
                    loss, output = reconstruction_bce(logits, pixels), logits.sigmoid()
                else:
                    assert isinstance(network, Autoencoder)
                    latent = network.encode(pixels)
                    output = network.decode(latent)
                    loss = reconstruction_mse(output, pixels)
                shown = (output.clamp(0, 1) * 255).round().to(torch.uint8)
            yield Reconstructions(latent.cpu().numpy(), loss.cpu().numpy(), shown.cpu().numpy())

    def to_bytes(self, note: dict[str, Any]) -> bytes:
        """Weights and a JSON-able note as safetensors."""
        shape = {"kind": self.kind, "channels": self.channels, "latent": self.latent}
        return to_bytes(prefixed(weights_of(self.network), "network"), {**note, **shape})


def reconstructor_from_bytes(raw: bytes) -> tuple[Reconstructor, dict[str, Any]]:
    """The inverse of ``Reconstructor.to_bytes``: the model and the note."""
    arrays, note = from_bytes(raw)
    network = _build(note["kind"], note["channels"], note["latent"])
    load_weights(network, under(arrays, "network"))
    return Reconstructor(note["kind"], note["channels"], note["latent"], network.eval()), note


def _build(kind: Kind, channels: int, latent: int) -> nn.Module:
    return Vae(channels, latent) if kind == "vae" else Autoencoder(channels, latent)


def epochs_for(n: int, asked: int | None, usual: int = 100) -> int:
    """Epochs for n cutouts: as asked, else so many that about 120,000 images are shown."""
    return asked or max(MIN_EPOCHS, min(usual, MAX_SHOWN // max(n, 1)))


def fit_reconstructor(
    kind: Kind,
    images: NDArray[np.uint8],
    metadata: NDArray[np.float32],
    latent: int,
    schedule: Schedule,
    seed: int,
    journal: Journal,
    weight: float = 1.0,
    on_epoch: Callable[[Row], None] | None = None,
) -> Reconstructor:
    """Train on all images uint8 [n, channels, 64, 64] with metadata float32 [n, 4] (scaled).

    ``weight`` is λ of the KL term; it rises over the first third of the epochs. A tenth of the
    cutouts (at most 500), drawn with the seed, is left out of training to give ``val_loss``.
    """
    n = len(images)
    if n < LEAST_CUTOUTS:
        raise LearningError(
            f"An autoencoder needs at least {LEAST_CUTOUTS} cutouts; there are {n}.",
            "Import more exposures or crops first.",
        )
    if metadata.shape != (n, N_METADATA):
        raise LearningError(f"The metadata must have shape ({n}, {N_METADATA}).")
    order = np.random.default_rng(seed).permutation(n)
    n_held = min(n // 10, 500)
    held, rows = np.sort(order[:n_held]), np.sort(order[n_held:])
    channels = images.shape[1]
    mean = float(np.clip(images[rows[:: max(1, len(rows) // 2000)]].mean() / 255, 1e-3, 1 - 1e-3))

    def build() -> nn.Module:
        network = _build(kind, channels, latent)
        last = [m for m in network.modules() if isinstance(m, nn.ConvTranspose2d)][-1]
        assert last.bias is not None
        # Start at the mean image: otherwise the first epochs only learn that most pixels are dark.
        nn.init.constant_(last.bias, np.log(mean / (1 - mean)) if kind == "vae" else mean)
        return network

    def held_loss(network: nn.Module) -> dict[str, float]:
        model = Reconstructor(kind, channels, latent, network)
        losses = [part.loss for part in model.batches(images[held], metadata[held])]
        return {"val_loss": float(np.concatenate(losses).mean())}

    network = train(
        build,
        lambda net: _batch_loss(net, images, metadata, rows, weight, schedule.epochs // 3),
        len(rows),
        schedule,
        seed,
        journal,
        "autoencoder",
        held_loss if n_held else None,
        on_epoch,
    )
    return Reconstructor(kind, channels, latent, network)


def _batch_loss(
    network: nn.Module,
    images: NDArray[np.uint8],
    metadata: NDArray[np.float32],
    rows: NDArray[np.intp],
    weight: float,
    warm_up: int,
) -> BatchLoss:
    where = device()

    def loss(batch: Tensor, epoch: int, generator: torch.Generator):
        part = rows[batch.numpy()]
        pixels = unit_images(images, part).to(where)
        if not isinstance(network, Vae):
            assert isinstance(network, Autoencoder)
            error = reconstruction_mse(network.decode(network.encode(pixels)), pixels).mean()
            return error, {}
        mean, log_variance = network.encode(pixels, torch.from_numpy(metadata[part]).to(where))
        noise = torch.randn(mean.shape, generator=generator).to(where)
        latent = mean + (0.5 * log_variance).exp() * noise
        bce = reconstruction_bce(network.decode(latent), pixels).mean()
        kl = kl_to_normal(mean, log_variance).mean()
        total = bce + kl_weight(epoch, weight, warm_up) * kl
        return total, {"reconstruction": float(bce.detach()), "kl": float(kl.detach())}

    return loss
