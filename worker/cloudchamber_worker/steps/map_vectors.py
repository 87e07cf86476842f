"""The vectors a map is drawn from: stored ones, and those of cutouts that came later."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import columns, datasets, models
from cloudchamber.data.columns import Column
from cloudchamber.data.job_requests import FitMap
from cloudchamber.errors import JobError
from cloudchamber_worker.learning.preparation import (
    Preparation,
    prepare_numbers,
    prepare_vectors,
)
from cloudchamber_worker.steps.dataset_inputs import measurement_columns, read_numbers
from cloudchamber_worker.steps.embedders import (
    Embedder,
    NoEmbedder,
    embed_ordinals,
    measuring,
    stored_embedder,
)
from cloudchamber_worker.steps.embeddings import preferred_embedding

OnRow = Callable[[int], None]
# Dimensions of these weigh the same, as in the map a training draws of its penultimate layer.
STANDARDISED = ("penultimate",)


@dataclass(frozen=True)
class MapVectors:
    """What is mapped.

    embedding         measurements, penultimate, latent or self_supervised
    model_version_id  whose vectors, but for measurements
    raw               float32 [n, d] as stored or computed, NaN where a cutout has none
    preparation       from those to what distances are taken of
    embedder          gives vectors of other pixels; None with the reason in ``why_not``
    computed          how many of the vectors were computed now
    trained_on        ordinals whose labels made these vectors; None where none did
    """

    embedding: str
    model_version_id: int | None
    raw: NDArray[np.float32]
    preparation: Preparation
    embedder: Embedder | None
    why_not: str = ""
    computed: int = 0
    trained_on: NDArray[np.integer] | None = None

    @property
    def vectors(self) -> NDArray[np.float32]:
        """Prepared, float32 [n, d], finite."""
        return self.preparation(self.raw)


def read_vectors(
    session: Session, dataset_id: int, params: FitMap, n: int, on_row: OnRow = lambda _: None
) -> MapVectors:
    """The vectors of the first n cutouts that the request asks for.

    Cutouts that came after a model was trained get theirs from its stored weights.

    Raises
    ------
    JobError
        Where the dataset has no such embedding.
    """
    embedding, version = params.embedding, params.model_version_id
    if embedding == "auto":
        preferred = preferred_embedding(session, dataset_id)
        embedding, version = preferred.embedding, preferred.model_version_id
    if embedding == "measurements":
        return _measurements(session, dataset_id, n)
    column = _column_of(session, dataset_id, embedding, version)
    raw = np.full((n, column.width), np.nan, np.float32)
    stored = read_numbers(session, [column], n)
    raw[: len(stored)] = stored
    model = models.get_model(session, column.model_version_id or 0)
    embedder, why_not, computed = None, "", 0
    try:
        embedder = stored_embedder(session, model)
    except NoEmbedder as reason:
        why_not = str(reason)
    late = np.flatnonzero(~np.isfinite(raw).any(axis=1))
    if embedder is not None and len(late):
        raw[late] = embed_ordinals(session, dataset_id, embedder, late, on_row)
        computed = len(late)
    # Only what the model was made from says how its vectors are spread.
    known = raw[: column.n] if column.n else raw
    preparation = prepare_vectors(known, embedding in STANDARDISED)
    trained_on = models.read_label_snapshot(session, model)[0] if model.classes else None
    return MapVectors(
        embedding, model.id, raw, preparation, embedder, why_not, computed, trained_on
    )


def _measurements(session: Session, dataset_id: int, n: int) -> MapVectors:
    found = measurement_columns(session, dataset_id)
    if not found:
        raise JobError(
            "The dataset has no measurements to draw a map from.",
            hint="Import it again, or train a model and map its penultimate layer.",
        )
    raw = read_numbers(session, found, n)
    embedder = measuring([column.name for column in found])
    return MapVectors("measurements", None, raw, prepare_numbers(raw), embedder)


def _column_of(session: Session, dataset_id: int, embedding: str, version: int | None) -> Column:
    """The vectors of the model asked for, else of the active one, else of the newest."""
    found = columns.find_columns(session, dataset_id, model_version_id=version, names=[embedding])
    if not found:
        raise JobError(
            f"There is no {embedding.replace('_', '-')} embedding to draw a map from.",
            hint="Train a classifier for a penultimate layer, an autoencoder for a latent one, or "
            "a self-supervised embedding.",
        )
    active = datasets.get_dataset(session, dataset_id).active_model_id
    return max(
        found,
        key=lambda c: (
            c.model_version_id == active,
            models.get_model(session, c.model_version_id or 0).number,
        ),
    )
