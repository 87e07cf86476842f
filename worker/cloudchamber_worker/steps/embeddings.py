"""Embeddings learned without labels: what they read, how labels judge them, which one maps show."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import columns, cutouts, datasets, labels, models
from cloudchamber_worker.learning.inputs import PixelScaling, canonical, pack, turned_back
from cloudchamber_worker.learning.neighbour_accuracy import (
    MAX_LABELS,
    compare_with_measurements,
    neighbour_accuracy,
)
from cloudchamber_worker.learning.quantiles import fit_quantile_scaling
from cloudchamber_worker.steps.dataset_inputs import (
    measurement_columns,
    read_numbers,
    split_groups,
)

KIND = "train_self_supervised"
COLUMN = "self_supervised"


@dataclass(frozen=True)
class Labelled:
    """The labelled cutouts: rows (ordinals), y int64 class numbers from 0, groups int32 of the
    sources that stay on one side of a split; all [labels]."""

    rows: NDArray[np.intp]
    y: NDArray[np.int64]
    groups: NDArray[np.int32]


def read_labelled(session: Session, dataset_id: int, n: int) -> Labelled:
    """Everybody's labels of the first n cutouts, at most 5000 of them, evenly spread."""
    class_id = labels.current(session, dataset_id).class_id[:n]
    rows = np.flatnonzero(class_id > 0)
    if len(rows) > MAX_LABELS:
        rows = rows[np.linspace(0, len(rows) - 1, MAX_LABELS).astype(int)]
    _, y = np.unique(class_id[rows], return_inverse=True)
    groups = split_groups(session, dataset_id, rows, n).groups[rows]
    return Labelled(rows, y.astype(np.int64), groups)


def label_neighbours(
    session: Session, dataset_id: int, vectors: NDArray[np.float32]
) -> dict[str, Any] | None:
    """Accuracy of 5 nearest neighbours among held-out labels, {mean, sd, n}, for vectors [n, d] of
    the first n cutouts; None where nothing can be held out."""
    known = read_labelled(session, dataset_id, len(vectors))
    if not len(known.y):
        return None
    found = neighbour_accuracy(vectors[known.rows], known.y, known.groups)
    return None if found is None else found.as_dict()


def check_embedding(
    session: Session, dataset_id: int, vectors: NDArray[np.float32]
) -> dict[str, Any]:
    """Whether vectors [n, d] tell this dataset's labels better than its scaled measurements do;
    see ``learning.neighbours.compare_with_measurements``."""
    n = len(vectors)
    known = read_labelled(session, dataset_id, n)
    numbers = read_numbers(session, measurement_columns(session, dataset_id), n)
    scaled = fit_quantile_scaling(numbers).transform(numbers)
    return compare_with_measurements(vectors[known.rows], scaled[known.rows], known.y, known.groups)


@dataclass(frozen=True)
class Preferred:
    """The embedding that maps of a dataset show when nobody asks for one.

    embedding         ``measurements`` or ``self_supervised``
    model_version_id  whose vectors, for the latter
    check             how the newest self-supervised embedding fared on the labels of now; None
                      where there is no such embedding
    """

    embedding: str
    model_version_id: int | None = None
    check: dict[str, Any] | None = None


def preferred_embedding(session: Session, dataset_id: int) -> Preferred:
    """The newest self-supervised embedding where it beats the measurements, else these.

    Judged by the labels there are now: an embedding is often trained before anybody has labelled.
    """
    newest = next((m for m in models.list_models(session, dataset_id) if m.kind == KIND), None)
    if newest is None:
        return Preferred("measurements")
    (column,) = columns.find_columns(
        session, dataset_id, model_version_id=newest.id, names=[COLUMN]
    )
    check = check_embedding(session, dataset_id, columns.read_column(session, column))
    if check["used"] and column.n >= datasets.get_dataset(session, dataset_id).n_cutouts:
        return Preferred(COLUMN, newest.id, check)
    return Preferred("measurements", None, check)


@dataclass(frozen=True)
class Packed:
    """images uint8 [n, channels, side, side]. Where the model ignores orientation they lie as
    ``learning.inputs.canonical`` puts them, so that turned copies of a cutout are one image, and
    ``which`` uint8 [n] leads back; else None."""

    images: NDArray[np.uint8]
    which: NDArray[np.uint8] | None

    def lying(self, start: int = 0, stop: int | None = None) -> NDArray[np.uint8]:
        """The images as their cutouts lie."""
        which = None if self.which is None else self.which[start:stop]
        return turned_back(self.images[start:stop], which)


def read_images(
    session: Session,
    dataset_id: int,
    config: dict[str, Any],
    ordinals: Sequence[int] | NDArray[np.integer],
    on_row: Callable[[int], None] = lambda _: None,
) -> Packed:
    """The given cutouts (ascending, each once) of any dataset, packed as the embedding with this
    config takes them (``pixel_scaling``, ``representation``, ``ignore_orientation``)."""
    wanted = np.asarray(ordinals, np.intp).tolist()
    turned = config.get("ignore_orientation", False)
    which = np.zeros(len(wanted), np.uint8)

    def stream():
        for i, (_, pixels, _) in enumerate(
            cutouts.iter_pixels(session, dataset_id, ordinals=wanted)
        ):
            on_row(i)
            if turned:
                pixels, which[i] = canonical(pixels, config["representation"])
            yield pixels

    scaling = PixelScaling(**config["pixel_scaling"])
    images = pack(stream(), len(wanted), scaling, config["representation"])
    return Packed(images, which if turned else None)
