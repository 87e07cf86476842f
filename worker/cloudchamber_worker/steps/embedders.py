"""What gives a cutout its vector, kept with a model version: for new cutouts and turned ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import cutouts, models
from cloudchamber.data.models import ModelVersion
from cloudchamber.errors import NotFound
from cloudchamber_worker.learning.classifier import Classifier, classifier_from_bytes
from cloudchamber_worker.learning.inputs import CutoutSet, PixelScaling, canonical, pack
from cloudchamber_worker.learning.reconstruction import Reconstructor, reconstructor_from_bytes
from cloudchamber_worker.learning.self_supervised import self_supervised_from_bytes
from cloudchamber_worker.steps.classifier_inputs import read_for_model

Pixels = NDArray[Any]
# Cutouts held as pixels at a time.
BATCH = 2000


@dataclass(frozen=True)
class Embedder:
    """names of the numbers it takes; see ``vectors`` about the rest."""

    names: tuple[str, ...]
    pack: Callable[[Sequence[Pixels]], NDArray[np.uint8] | None]
    apply: Callable[[NDArray[np.uint8] | None, NDArray[np.float32]], NDArray[np.float32]]

    def vectors(
        self, pixels: Sequence[Pixels], numbers: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Vectors float32 [m, d] of m cutouts, from their pixels and numbers [m, names]."""
        return self.apply(self.pack(pixels), numbers)


class NoEmbedder(Exception):
    """Why vectors cannot be made, in a sentence for a person."""


def measuring(names: Sequence[str]) -> Embedder:
    """The measurements themselves are the vector."""
    return Embedder(tuple(names), lambda _: None, lambda _, numbers: numbers)


def classifying(classifier: Classifier, config: dict[str, Any]) -> Embedder:
    """The penultimate layer of a classifier."""
    names = tuple(config["measurements"])

    def apply(images: NDArray[np.uint8] | None, numbers: NDArray[np.float32]):
        groups = np.arange(len(numbers), dtype=np.int32)
        return classifier.predict(CutoutSet(images, numbers, groups, names)).penultimate

    packing = _packing(config) if config["representation"] is not None else (lambda _: None)
    return Embedder(names, packing, apply)


def stored_embedder(session: Session, model: ModelVersion) -> Embedder:
    """The model version's network, from its weights; NoEmbedder where they are not enough."""
    try:
        weights = models.read_weights(session, model.id)
    except NotFound:
        raise NoEmbedder(f"{model.name} has no weights.") from None
    config = model.config
    if model.kind == "train_classifier":
        return classifying(classifier_from_bytes(weights)[0], config)
    if model.kind == "train_self_supervised":
        network = self_supervised_from_bytes(weights)[0]
        return Embedder((), _packing(config), lambda images, _: network.embed(_need(images)))
    if model.kind in ("train_vae", "train_autoencoder"):
        return _encoding(reconstructor_from_bytes(weights)[0], config, model.name)
    raise NoEmbedder(f"{model.name} gives no vectors.")


def _encoding(model: Reconstructor, config: dict[str, Any], name: str) -> Embedder:
    names = tuple(config["metadata"])
    scaling = model.scaling
    if names and scaling is None:
        raise NoEmbedder(f"{name} was made before the scaling of its numbers was kept.")

    def apply(images: NDArray[np.uint8] | None, numbers: NDArray[np.float32]):
        metadata = np.zeros((len(numbers), 4), np.float32)  # the autoencoder takes none
        if names and scaling is not None:
            metadata = scaling.transform(numbers)
        return model.embed(_need(images), metadata)

    return Embedder(names, _packing(config), apply)


def _need(images: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    assert images is not None
    return images


def _packing(config: dict[str, Any]) -> Callable[[Sequence[Pixels]], NDArray[np.uint8]]:
    scaling = PixelScaling(**config["pixel_scaling"])
    laid = config.get("ignore_orientation", False)

    def packed(pixels: Sequence[Pixels]) -> NDArray[np.uint8]:
        lying = (
            canonical(image, config["representation"])[0] if laid else image for image in pixels
        )
        return pack(lying, len(pixels), scaling, config["representation"])

    return packed


def numbers_of(
    session: Session, dataset_id: int, names: Sequence[str], ordinals: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Columns by name as float32 [m, names]; NaN where there is no such column or value."""
    wanted = {"representation": None, "measurements": list(names)}
    return read_for_model(session, dataset_id, wanted, ordinals).measurements


def embed_ordinals(
    session: Session,
    dataset_id: int,
    embedder: Embedder,
    ordinals: NDArray[np.integer],
    on_row: Callable[[int], None] = lambda _: None,
) -> NDArray[np.float32]:
    """Vectors float32 [m, d] of m ≥ 1 cutouts as they lie; ``on_row`` is told the rows done."""
    numbers = numbers_of(session, dataset_id, embedder.names, ordinals)
    parts = []
    for start in range(0, len(ordinals), BATCH):
        part = ordinals[start : start + BATCH]
        read = cutouts.iter_pixels(session, dataset_id, ordinals=part.tolist())
        pixels = [image for _, image, _ in read]
        parts.append(embedder.vectors(pixels, numbers[start : start + BATCH]))
        on_row(start + len(part))
    return np.concatenate(parts)
