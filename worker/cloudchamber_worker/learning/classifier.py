"""A classifier of any registered architecture: fitted, applied, turned into bytes and back."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cloudchamber_worker.learning.architectures import Architecture, architecture
from cloudchamber_worker.learning.architectures.space import Value
from cloudchamber_worker.learning.augmentation import random_symmetries
from cloudchamber_worker.learning.boosting import BoostedTrees, fit_boosted
from cloudchamber_worker.learning.checkpoints import (
    Arrays,
    Journal,
    from_bytes,
    prefixed,
    to_bytes,
    under,
)
from cloudchamber_worker.learning.forest import Forest, fit_forest
from cloudchamber_worker.learning.inference import OnBatch, packed_images, predict_network
from cloudchamber_worker.learning.inputs import CutoutSet, side_of
from cloudchamber_worker.learning.kernel import KernelLogistic, fit_kernel_logistic
from cloudchamber_worker.learning.losses import classification_loss
from cloudchamber_worker.learning.quantiles import QuantileScaling, fit_quantile_scaling
from cloudchamber_worker.learning.training import (
    BatchLoss,
    Row,
    Schedule,
    device,
    load_weights,
    train,
    weights_of,
)

# Images shown to one network in one training, at most (times epochs): minutes on two cores.
MAX_SHOWN = 40_000
MIN_EPOCHS = 6


@dataclass(frozen=True)
class Prediction:
    """probability float32 [n, classes], rows sum to 1; penultimate float32 [n, d]."""

    probability: NDArray[np.float32]
    penultimate: NDArray[np.float32]


@dataclass(frozen=True)
class Classifier:
    """Members that vote with equal weight, on measurements scaled the same way.

    ``shape`` is (image channels, measurements, classes); ``temperature`` divides the log
    probabilities of the vote. ``architecture`` has the hyperparameters it was fitted with.
    """

    architecture: Architecture
    shape: tuple[int, int, int]
    scaling: QuantileScaling
    network: nn.Module | None
    forest: Forest | None
    kernel: KernelLogistic | None
    temperature: float = 1.0
    side: int = 0
    boosted: BoostedTrees | None = None

    def predict(
        self,
        data: CutoutSet,
        rows: NDArray[np.intp] | None = None,
        on_batch: OnBatch | None = None,
    ) -> Prediction:
        """Apply to all cutouts, or to the given rows. A model without network has as penultimate
        layer the scaled measurements, each weighted by the root of its importance in the trees."""
        rows = np.arange(len(data)) if rows is None else rows
        numbers = self.scaling.transform(data.measurements[rows])
        votes: list[NDArray[np.float32]] = []
        penultimate = numbers
        if self.network is not None:
            images = None if data.images is None else data.images[rows]
            probability, penultimate = predict_network(
                self.network, images, numbers, self.architecture.symmetries, on_batch=on_batch
            )
            votes.append(probability)
        if self.forest is not None:
            votes.append(self.forest.predict(numbers))
            if self.network is None:
                penultimate = numbers * np.sqrt(self.forest.importance)
        if self.boosted is not None:
            votes.append(self.boosted.predict(numbers))
            if self.network is None and self.forest is None:
                penultimate = numbers * np.sqrt(self.boosted.importance)
        if self.kernel is not None:
            votes.append(self.kernel.predict(numbers))
        probability = apply_temperature(np.mean(votes, axis=0), self.temperature)
        return Prediction(probability, penultimate.astype(np.float32))

    def to_bytes(self, note: dict[str, Any]) -> bytes:
        """Everything needed to apply it, with a JSON-able note, as safetensors."""
        arrays: Arrays = {
            "scaling/references": self.scaling.references,
            "scaling/counts": self.scaling.counts,
            "temperature": np.array([self.temperature]),
        }
        if self.network is not None:
            arrays |= prefixed(weights_of(self.network), "network")
        if self.forest is not None:
            arrays |= prefixed(self.forest.arrays(), "forest")
        if self.kernel is not None:
            arrays |= prefixed(self.kernel.arrays(), "kernel")
        if self.boosted is not None:
            arrays |= prefixed(self.boosted.arrays(), "boosted")
        own = {
            "architecture": self.architecture.name,
            "hyperparameters": dict(self.architecture.hyperparameters),
            "shape": list(self.shape),
            "side": self.side,
        }
        return to_bytes(arrays, {**note, **own})


def classifier_from_bytes(raw: bytes) -> tuple[Classifier, dict[str, Any]]:
    """The inverse of ``Classifier.to_bytes``: the classifier and the note."""
    arrays, note = from_bytes(raw)
    # Models of before there were hyperparameters have none noted: they have the defaults.
    recipe = architecture(note["architecture"]).choose(note.get("hyperparameters", {}))
    channels, measurements, classes = note["shape"]
    representation = note.get("config", {}).get("representation") or recipe.representation
    side = note.get("side", side_of(representation))
    network = None
    if found := under(arrays, "network"):
        # The first ResNet-18 was given numbers and looked at the image alone.
        beside = measurements if recipe.name != "resnet18" or "numbers.0.weight" in found else 0
        network = recipe.build(channels, beside, classes, side)
        load_weights(network, found)
        network.eval()
    forest, kernel = under(arrays, "forest"), under(arrays, "kernel")
    boosted = under(arrays, "boosted")
    return Classifier(
        recipe,
        (channels, measurements, classes),
        QuantileScaling(arrays["scaling/references"], arrays["scaling/counts"]),
        network,
        Forest(**forest) if forest else None,
        KernelLogistic(**kernel) if kernel else None,
        float(arrays["temperature"][0]),
        side,
        BoostedTrees(**boosted) if boosted else None,
    ), note


def apply_temperature(probability: NDArray[np.floating], temperature: float) -> NDArray[np.float32]:
    """Probabilities [n, classes] with log p divided by the temperature; 1 changes nothing."""
    if temperature == 1.0:
        return probability.astype(np.float32)
    score = np.log(np.maximum(probability, 1e-9)) / temperature
    score = np.exp(score - score.max(axis=1, keepdims=True))
    return (score / score.sum(axis=1, keepdims=True)).astype(np.float32)


def epochs_for(recipe: Architecture, n: int, asked: int | None) -> int:
    """Epochs for n training rows: as asked, else as chosen, else the architecture's own, fewer for
    large sets."""
    asked = asked or recipe.training().epochs
    if asked is not None:
        return asked
    return max(min(recipe.epochs, MAX_SHOWN // max(n, 1)), min(MIN_EPOCHS, recipe.epochs))


def batch_size_for(recipe: Architecture, n: int) -> int:
    """Rows per step for n training rows: as chosen, else the architecture's own, smaller for few
    labels, so that an epoch still has several steps, and 128 for many."""
    if (chosen := recipe.training().batch_size) is not None:
        return chosen
    return min(recipe.batch_size, max(4, n // 6)) if n < 3000 else 128


def hyperparameters_used(
    recipe: Architecture, n: int, numbers: int, epochs: int | None
) -> dict[str, Value]:
    """Every hyperparameter of a fit on n rows with that many numbers, for the record."""
    values = recipe.values(numbers)
    if recipe.network is not None:
        values["epochs"] = epochs_for(recipe, n, epochs)
        values["batch_size"] = batch_size_for(recipe, n)
    return values


def fit_classifier(
    data: CutoutSet,
    rows: NDArray[np.intp],
    y: NDArray[np.int64],
    n_classes: int,
    recipe: Architecture,
    seed: int,
    journal: Journal,
    stage: str,
    epochs: int | None = None,
    held_out: tuple[NDArray[np.intp], NDArray[np.int64]] | None = None,
    on_epoch: Callable[[Row], None] | None = None,
    scaling: QuantileScaling | None = None,
) -> Classifier:
    """Fit on the cutouts ``rows`` with class numbers ``y`` (at least two classes among them).

    scaling   of the measurements; by default fitted on the whole of ``data``, labelled or not
              (no label enters it)
    held_out  rows and classes whose loss and accuracy go into each epoch's row
    """
    scaling = scaling or fit_quantile_scaling(data.measurements)
    n_measurements = data.measurements.shape[1]
    channels, side = (0, 0) if data.images is None else data.images.shape[1:3]
    numbers = scaling.transform(data.measurements[rows])
    network = None
    if recipe.network is not None:
        loop = recipe.training()
        epochs = epochs_for(recipe, len(rows), epochs)
        batch = batch_size_for(recipe, len(rows))
        network = train(
            lambda: recipe.build(channels, n_measurements, n_classes, side),
            lambda net: _batch_loss(net, data, rows, numbers, y, recipe),
            len(rows),
            Schedule(epochs, batch, loop.learning_rate, loop.weight_decay, loop.decay),
            seed,
            journal,
            stage,
            None if held_out is None else _held_out_numbers(data, scaling, *held_out),
            on_epoch,
        )
    votes = n_measurements > 0
    boosted = None
    if recipe.boosted and votes:
        tested = None
        if held_out is not None:
            tested = scaling.transform(data.measurements[held_out[0]]), held_out[1]
        boosted = fit_boosted(
            numbers, y, n_classes, seed, recipe.values(n_measurements), data.groups[rows], tested,
            _noted(journal, stage, on_epoch),
        )  # fmt: skip
    return Classifier(
        recipe,
        (channels, n_measurements, n_classes),
        scaling,
        network,
        _fit_forest(recipe, numbers, y, n_classes, seed) if recipe.forest and votes else None,
        fit_kernel_logistic(numbers, y, n_classes, seed) if recipe.kernel and votes else None,
        side=side,
        boosted=boosted,
    )


def _noted(
    journal: Journal, stage: str, on_epoch: Callable[[Row], None] | None
) -> Callable[[Row], None]:
    """Rows of a member that begins anew when it is interrupted: kept, and told."""
    journal.trim(stage, 0)

    def note(row: Row) -> None:
        journal.note(stage, row, dict)
        if on_epoch is not None:
            on_epoch(row)

    return note


def _fit_forest(
    recipe: Architecture,
    numbers: NDArray[np.float32],
    y: NDArray[np.int64],
    n_classes: int,
    seed: int,
) -> Forest:
    """Extra-trees; the hyperparameters are theirs where they stand alone."""
    own: dict[str, Any] = recipe.values(0) if recipe.name == "extra_trees" else {}
    return fit_forest(numbers, y, n_classes, seed, **own)


def with_temperature(classifier: Classifier, temperature: float) -> Classifier:
    """The same classifier with this temperature."""
    return replace(classifier, temperature=temperature)


def _batch_loss(
    network: nn.Module,
    data: CutoutSet,
    rows: NDArray[np.intp],
    numbers: NDArray[np.float32],
    y: NDArray[np.int64],
    recipe: Architecture,
) -> BatchLoss:
    where, smoothing = device(), recipe.training().smoothing
    measured, target = torch.from_numpy(numbers), torch.from_numpy(y)

    def loss(batch: Tensor, epoch: int, generator: torch.Generator):
        images = packed_images(data.images, rows[batch.numpy()]).to(where)
        if recipe.symmetries and data.images is not None:
            # Turned as bytes: a quarter of what it would be to turn them as numbers.
            images = random_symmetries(images, generator)
        truth = target[batch].to(where)
        logits, _ = network(images.float().div_(255), measured[batch].to(where))
        right = (logits.detach().argmax(dim=1) == truth).float().mean()
        return classification_loss(logits, truth, smoothing), {"accuracy": right}

    return loss


def _held_out_numbers(
    data: CutoutSet, scaling: QuantileScaling, rows: NDArray[np.intp], y: NDArray[np.int64]
) -> Callable[[nn.Module], dict[str, float]]:
    rows, y = rows[:1000], y[:1000]  # a curve, not the result: the result uses all
    numbers = scaling.transform(data.measurements[rows])
    images = None if data.images is None else data.images[rows]

    def evaluate(network: nn.Module) -> dict[str, float]:
        p, _ = predict_network(network, images, numbers, symmetries=False)
        chosen = np.maximum(p[np.arange(len(y)), y], 1e-7)
        return {
            "val_loss": float(-np.log(chosen).mean()),
            "val_accuracy": float((p.argmax(axis=1) == y).mean()),
        }

    return evaluate
