"""What drives an embedding: direction or kind, and how its clusters agree with the labels."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import columns, cutouts, labels
from cloudchamber_worker.imaging.measurements import NAMES, measure
from cloudchamber_worker.learning.classifier import Classifier
from cloudchamber_worker.learning.orientation import (
    TURNS,
    neighbour_angles,
    rotation_retrieval,
    turn,
)
from cloudchamber_worker.learning.preparation import prepare_vectors
from cloudchamber_worker.learning.structure import cluster_agreement
from cloudchamber_worker.steps.dataset_inputs import named_numbers
from cloudchamber_worker.steps.embedders import Embedder, classifying, numbers_of
from cloudchamber_worker.steps.embeddings import label_neighbours
from cloudchamber_worker.steps.map_vectors import MapVectors

SAMPLE = 120
SAMPLE_IN_TRAINING = 40
# Pixels turned and measured again, at most: large cutouts make the sample smaller.
MOST_PIXELS = 3_000_000
# Minor over major axis of one half: below it a direction means something.
ELONGATED = 0.5
# Labels no training has seen: below this many, all are used, and said to have been seen.
LEAST_UNSEEN = 30


def audit(
    session: Session,
    dataset_id: int,
    mapped: MapVectors,
    cluster: NDArray[np.int32],
    sample: int = SAMPLE,
    on_row: Callable[[int], None] = lambda _: None,
) -> dict[str, Any]:
    """The figures of an embedding and its clusters int32 [n], JSON-able.

    ``retrieval`` {share, n, sample}, ``angle`` and ``folded_angle`` {mean, error, sd, n, chance} as
    in ``learning.orientation``, ``labels`` as in ``learning.structure`` with ``seen`` and
    ``neighbours``; each None where it could not be had, and then ``reasons`` says why.
    """
    reasons: dict[str, str] = {}
    vectors = mapped.vectors
    retrieval = _retrieval(session, dataset_id, mapped, vectors, sample, reasons, on_row)
    angle, folded = _angles(session, dataset_id, vectors, reasons)
    return {
        "embedding": mapped.embedding,
        "model_version_id": mapped.model_version_id,
        "n": len(vectors),
        "retrieval": retrieval,
        "angle": angle,
        "folded_angle": folded,
        "unclustered": float((cluster < 0).mean()) if len(cluster) else None,
        "labels": _labels(session, dataset_id, mapped, vectors, cluster, reasons),
        "reasons": reasons,
    }


def audit_penultimate(
    session: Session,
    dataset_id: int,
    classifier: Classifier,
    config: dict[str, Any],
    penultimate: NDArray[np.float32],
    trained_on: NDArray[np.integer],
    cluster: NDArray[np.int32],
) -> dict[str, Any]:
    """The figures of the map a training ends with: its layer [n, d], of a smaller sample."""
    mapped = MapVectors(
        "penultimate",
        None,
        penultimate,
        prepare_vectors(penultimate, standardise=True),
        classifying(classifier, config),
        trained_on=trained_on,
    )
    return audit(session, dataset_id, mapped, cluster, SAMPLE_IN_TRAINING)


@dataclass(frozen=True)
class _Sample:
    ordinals: NDArray[np.intp]
    pixels: list[NDArray[Any]]
    masks: list[NDArray[np.bool_] | None]


def _draw(session: Session, dataset_id: int, n: int, most: int) -> _Sample:
    """Cutouts drawn always the same way, fewer where they are large."""
    drawn = np.sort(np.random.default_rng(0).permutation(n)[:most])
    ordinals, pixels, masks, size = [], [], [], 0
    for ordinal, image, mask in cutouts.iter_pixels(session, dataset_id, ordinals=drawn.tolist()):
        size += image.size
        if ordinals and size > MOST_PIXELS:
            break
        ordinals.append(ordinal)
        pixels.append(image)
        masks.append(mask)
    return _Sample(np.array(ordinals, np.intp), pixels, masks)


def _retrieval(
    session: Session,
    dataset_id: int,
    mapped: MapVectors,
    vectors: NDArray[np.float32],
    most: int,
    reasons: dict[str, str],
    on_row: Callable[[int], None],
) -> dict[str, Any] | None:
    embedder = mapped.embedder
    if embedder is None:
        reasons["retrieval"] = mapped.why_not
        return None
    sample = _draw(session, dataset_id, len(vectors), most)
    if len(sample.ordinals) < 2:
        reasons["retrieval"] = "There are too few cutouts to lose one among."
        return None
    stored = numbers_of(session, dataset_id, embedder.names, sample.ordinals)
    ours = _measured_by_us(embedder, sample, stored)
    if mapped.embedding == "measurements" and not ours:
        reasons["retrieval"] = "The measurements came with the cutouts: turned ones have none."
        return None
    copies = []
    for how in range(len(TURNS)):
        on_row(how * len(sample.ordinals))
        pixels = [turn(image, how) for image in sample.pixels]
        numbers = stored.copy()
        if ours:
            masks = [None if mask is None else turn(mask, how) for mask in sample.masks]
            again = np.stack([measure(p, m) for p, m in zip(pixels, masks, strict=True)])
            for column, name in ours.items():
                numbers[:, column] = again[:, name]
        copies.append(mapped.preparation(embedder.vectors(pixels, numbers)))
    share = rotation_retrieval(vectors, np.stack(copies), sample.ordinals)
    return {
        "share": share,
        "n": len(TURNS) * len(sample.ordinals),
        "sample": len(sample.ordinals),
        "turns": list(TURNS),
    }


def _measured_by_us(
    embedder: Embedder, sample: _Sample, stored: NDArray[np.float32]
) -> dict[int, int]:
    """Which of the embedder's numbers are measurements of these pixels, and so can be taken of
    turned ones: column of ``stored`` by column of what ``measure`` gives. Others stay as they
    came with the cutout."""
    wanted = {i: NAMES.index(name) for i, name in enumerate(embedder.names) if name in NAMES}
    if not wanted:
        return {}
    plain = np.stack([measure(p, m) for p, m in zip(sample.pixels, sample.masks, strict=True)])
    return {
        column: name
        for column, name in wanted.items()
        if np.allclose(stored[:, column], plain[:, name], rtol=1e-4, atol=1e-6, equal_nan=True)
    }


def _angles(
    session: Session, dataset_id: int, vectors: NDArray[np.float32], reasons: dict[str, str]
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    names = ["angle", "elongation"]
    found = {c.name for c in columns.find_columns(session, dataset_id, names=names)}
    if found != set(names):
        reasons["angle"] = "The cutouts' directions were not measured."
        return None, None
    numbers = named_numbers(session, dataset_id, names, len(vectors))
    angles = neighbour_angles(vectors, numbers[:, 0], numbers[:, 1] > ELONGATED)
    if angles is None:
        reasons["angle"] = "There are fewer than 20 elongated cutouts, which have a direction."
        return None, None
    return angles[0].as_dict(), angles[1].as_dict()


def _labels(
    session: Session,
    dataset_id: int,
    mapped: MapVectors,
    vectors: NDArray[np.float32],
    cluster: NDArray[np.int32],
    reasons: dict[str, str],
) -> dict[str, Any] | None:
    class_id = labels.current(session, dataset_id).class_id[: len(vectors)]
    rows = np.flatnonzero(class_id > 0)
    if len(rows) < 2:
        reasons["labels"] = "There are no labels to compare with."
        return None
    rows, seen = _unseen(mapped, rows)
    neighbours = None
    if mapped.trained_on is not None:
        reasons["neighbours"] = "The model was trained on the labels its neighbours would vote by."
    else:
        neighbours = label_neighbours(session, dataset_id, vectors)
        if neighbours is None:
            reasons["neighbours"] = "Too few labels can be held out."
    return {
        **cluster_agreement(cluster[rows], class_id[rows]),
        "seen": seen,
        "neighbours": neighbours,
    }


def _unseen(mapped: MapVectors, rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], bool]:
    """The labelled rows that the model was not trained on, where they are enough; else all, and
    True: their agreement flatters."""
    if mapped.trained_on is None:
        return rows, False
    unseen = rows[~np.isin(rows, mapped.trained_on)]
    return (unseen, False) if len(unseen) >= LEAST_UNSEEN else (rows, True)
