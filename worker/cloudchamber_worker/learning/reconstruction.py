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
from cloudchamber_worker.learning.augmentation import random_turns, turns
from cloudchamber_worker.learning.checkpoints import Journal, from_bytes, prefixed, to_bytes, under
from cloudchamber_worker.learning.errors import LearningError
from cloudchamber_worker.learning.inference import OnBatch, unit_images
from cloudchamber_worker.learning.losses import (
    kl_to_normal,
    kl_weight,
    reconstruction_bce,
    reconstruction_mse,
)
from cloudchamber_worker.learning.quantiles import QuantileScaling
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
MAX_HELD = 500
# An embedding that ignores orientation is the mean over 8 times so many. Measured on DAMIC's muons:
# with 1 the neighbours' angles within a quarter turn still agree to 5 degrees (chance is 15), with
# 2 they do so to 15, and 3 or 4 change nothing more.
TURNS_PER_QUARTER = 2


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
    """A trained autoencoder of either kind.

    turns    orientations per quarter turn (times 8) that an embedding is the mean over; 0 where
             the orientation is part of it
    scaling  of the four metadata values; None where it was not kept
    """

    kind: Kind
    channels: int
    latent: int
    network: nn.Module
    turns: int = 0
    scaling: QuantileScaling | None = None

    def batches(
        self, images: NDArray[np.uint8], metadata: NDArray[np.float32], batch_size: int = 512
    ) -> Iterator[Reconstructions]:
        """Encode and decode images uint8 [n, channels, 64, 64] in order, as they lie; metadata
        float32 [n, 4] (scaled) is used by the VAE alone."""
        where = device()
        network = on_device(self.network).eval()
        for start in range(0, len(images), batch_size):
            rows = np.arange(start, min(start + batch_size, len(images)))
            with torch.inference_mode():
                pixels = unit_images(images, rows).to(where)
                latent = _encode(network, pixels, torch.from_numpy(metadata[rows]).to(where))
                if isinstance(network, Vae):
                    logits = network.decode(latent)
                    loss, output = reconstruction_bce(logits, pixels), logits.sigmoid()
                else:
                    output = network.decode(latent)  # pyright: ignore[reportCallIssue]
                    loss = reconstruction_mse(output, pixels)
            yield Reconstructions(latent.cpu().numpy(), loss.cpu().numpy(), _shown(output))

    def embed(
        self,
        images: NDArray[np.uint8],
        metadata: NDArray[np.float32],
        on_batch: OnBatch | None = None,
        batch_size: int = 512,
    ) -> NDArray[np.float32]:
        """The vectors that are published: float32 [n, latent].

        images uint8 [n, channels, 64, 64], metadata float32 [n, 4] scaled as in training. Where
        orientation is ignored, the mean of the codes of all orientations: that of a copy turned by
        a quarter, or mirrored, is the same. ``on_batch`` is told the rows done.
        """
        where = device()
        network = on_device(self.network).eval()
        latent = np.empty((len(images), self.latent), np.float32)
        for start in range(0, len(images), batch_size):
            rows = np.arange(start, min(start + batch_size, len(images)))
            with torch.inference_mode():
                pixels = unit_images(images, rows).to(where)
                numbers = torch.from_numpy(metadata[rows]).to(where)
                seen = turns(pixels, self.turns) if self.turns else [pixels]
                codes = [_encode(network, image, numbers) for image in seen]
                latent[rows] = torch.stack(codes).mean(dim=0).cpu().numpy()
            if on_batch is not None:
                on_batch(int(rows[-1]) + 1)
        return latent

    def between(
        self,
        images: NDArray[np.uint8],
        metadata: NDArray[np.float32],
        steps: int,
    ) -> tuple[NDArray[np.uint8], float]:
        """What lies between two cutouts: images uint8 [2, channels, 64, 64], metadata [2, 4].

        Returns the decoded images uint8 [steps, channels, 64, 64] at even steps on the straight
        line between their codes (as they lie, not averaged over orientations), both ends included,
        and the Euclidean length of that line. Two equal cutouts have one code: what a network
        makes of equal rows may differ in the last bits with their place in the batch.
        """
        same = np.array_equal(images[0], images[1]) and np.array_equal(metadata[0], metadata[1])
        rows = np.arange(1 if same else 2)
        network = on_device(self.network).eval()
        with torch.inference_mode():
            pixels = unit_images(images, rows).to(device())
            codes = _encode(network, pixels, torch.from_numpy(metadata[rows]).to(device()))
            first, last = codes[0], codes[-1]
            part = torch.linspace(0, 1, steps, device=first.device)[:, None]
            line = first[None] if same else first + part * (last - first)
            output = network.decode(line)  # pyright: ignore[reportCallIssue]
            if isinstance(network, Vae):
                output = output.sigmoid()
            shown = _shown(output)
            return np.repeat(shown, steps // len(shown), axis=0), float((last - first).norm())

    def to_bytes(self, note: dict[str, Any]) -> bytes:
        """Weights, metadata scaling and a JSON-able note as safetensors."""
        arrays = prefixed(weights_of(self.network), "network")
        if self.scaling is not None:
            arrays["scaling/references"] = self.scaling.references
            arrays["scaling/counts"] = self.scaling.counts
        shape = {
            "kind": self.kind,
            "channels": self.channels,
            "latent": self.latent,
            "turns": self.turns,
        }
        return to_bytes(arrays, {**note, **shape})


def reconstructor_from_bytes(raw: bytes) -> tuple[Reconstructor, dict[str, Any]]:
    """The inverse of ``Reconstructor.to_bytes``: the model and the note."""
    arrays, note = from_bytes(raw)
    network = _build(note["kind"], note["channels"], note["latent"])
    load_weights(network, under(arrays, "network"))
    found = under(arrays, "scaling")
    return Reconstructor(
        note["kind"],
        note["channels"],
        note["latent"],
        network.eval(),
        # Versions from before orientation could be ignored know nothing of turns and scaling.
        note.get("turns", 0),
        QuantileScaling(**found) if found else None,
    ), note


def _encode(network: nn.Module, pixels: Tensor, metadata: Tensor) -> Tensor:
    """Codes [batch, latent]; of the VAE, the means."""
    if isinstance(network, Vae):
        return network.encode(pixels, metadata)[0]
    assert isinstance(network, Autoencoder)
    return network.encode(pixels)


def _shown(output: Tensor) -> NDArray[np.uint8]:
    return (output.clamp(0, 1) * 255).round().to(torch.uint8).cpu().numpy()


def _build(kind: Kind, channels: int, latent: int) -> nn.Module:
    return Vae(channels, latent) if kind == "vae" else Autoencoder(channels, latent)


def epochs_for(n: int, asked: int | None, usual: int = 100) -> int:
    """Epochs for n cutouts: as asked, else so many that about 120,000 images are shown."""
    return asked or max(MIN_EPOCHS, min(usual, MAX_SHOWN // max(n, 1)))


def held_rows(n: int, seed: int, groups: NDArray[np.integer] | None = None) -> NDArray[np.intp]:
    """The cutouts left out of training, ascending: a tenth, at most 500, drawn with the seed.

    Whole groups int [n] (exposures, copies of one cutout) where enough of them are small enough,
    else single cutouts.
    """
    rng = np.random.default_rng(seed)
    wanted = min(n // 10, MAX_HELD)
    if groups is not None:
        names, member, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        chosen, total = [], 0
        for group in rng.permutation(len(names)):
            if total + sizes[group] <= wanted:
                chosen.append(group)
                total += sizes[group]
        if total >= max(1, wanted // 2):
            return np.flatnonzero(np.isin(member, chosen))
    return np.sort(rng.permutation(n)[:wanted])


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
    ignore_orientation: bool = False,
    groups: NDArray[np.integer] | None = None,
    scaling: QuantileScaling | None = None,
) -> Reconstructor:
    """Train on all images uint8 [n, channels, 64, 64] with metadata float32 [n, 4] (scaled).

    weight              λ of the KL term; it rises over the first third of the epochs
    ignore_orientation  show every image mirrored and turned at random, and embed it as the mean
                        over its orientations
    groups, scaling     see ``held_rows``, whose cutouts give ``val_loss``; kept with the model
    """
    n = len(images)
    if n < LEAST_CUTOUTS:
        raise LearningError(
            f"An autoencoder needs at least {LEAST_CUTOUTS} cutouts; there are {n}.",
            "Import more exposures or crops first.",
        )
    if metadata.shape != (n, N_METADATA):
        raise LearningError(f"The metadata must have shape ({n}, {N_METADATA}).")
    held = held_rows(n, seed, groups)
    rows = np.setdiff1d(np.arange(n), held)
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
        lambda net: _batch_loss(
            net, images, metadata, rows, weight, schedule.epochs // 3, ignore_orientation
        ),
        len(rows),
        schedule,
        seed,
        journal,
        "autoencoder",
        held_loss if len(held) else None,
        on_epoch,
    )
    turned = TURNS_PER_QUARTER if ignore_orientation else 0
    return Reconstructor(kind, channels, latent, network, turned, scaling)


def _batch_loss(
    network: nn.Module,
    images: NDArray[np.uint8],
    metadata: NDArray[np.float32],
    rows: NDArray[np.intp],
    weight: float,
    warm_up: int,
    turned: bool,
) -> BatchLoss:
    where = device()

    def loss(batch: Tensor, epoch: int, generator: torch.Generator):
        part = rows[batch.numpy()]
        pixels = unit_images(images, part).to(where)
        if turned:
            pixels = random_turns(pixels, generator)
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
