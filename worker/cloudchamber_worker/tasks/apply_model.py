"""Train there, apply here: a model version of any dataset on this one, with counts corrected."""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cloudchamber.data import columns, cutout_groups, datasets, models
from cloudchamber.data.copies import same_image
from cloudchamber.data.job_requests import ApplyModel
from cloudchamber.data.retired import live
from cloudchamber.errors import JobError, NotFound
from cloudchamber_worker.learning.classifier import Prediction, classifier_from_bytes
from cloudchamber_worker.learning.counting import at_thresholds, purities
from cloudchamber_worker.learning.domain import compare_distances, warnings
from cloudchamber_worker.learning.metrics import confusion_matrix, of_images
from cloudchamber_worker.learning.novelty import rankings
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.class_counts import state_counts
from cloudchamber_worker.steps.classifier_columns import write_scores
from cloudchamber_worker.steps.classifier_inputs import missing_numbers, read_for_model
from cloudchamber_worker.steps.dataset_inputs import need_cutouts
from cloudchamber_worker.steps.joint_map import JointMap, draw_joint_map, write_joint_map
from cloudchamber_worker.steps.pixel_frames import frame_of

log = logging.getLogger(__name__)
QUEUE = "gpu"
# Labelled cutouts of the source to compare with, and unlabelled ones as the yardstick, at most.
MOST_LABELLED = 20_000
MOST_OTHERS = 5_000


@dataclass(frozen=True)
class Source:
    """Where the model comes from.

    labelled  ordinals it was trained on; y their class numbers in the model's own order
    others    ordinals of unlabelled cutouts it was not trained on
    image     [labelled], equal numbers for copies of one object
    held_out  probabilities [labelled, classes] by models that had not seen the label (NaN where
              none), or None for versions that kept none
    """

    dataset_id: int
    name: str
    labelled: NDArray[np.intp]
    y: NDArray[np.int64]
    others: NDArray[np.intp]
    image: NDArray[np.int64]
    held_out: NDArray[np.float32] | None


def run(job: JobContext) -> None:
    """Read both → predict → rank, count, compare → one map of both → publish on this dataset."""
    params = ApplyModel.model_validate(job.params)
    job.progress(0.0, "reading the model")
    with job.read() as session:
        target = datasets.get_dataset(session, job.dataset_id)
        n, target_name = target.n_cutouts, target.name
        shown = live(session, job.dataset_id, n)
        need_cutouts(len(shown))
        model = _classifier_version(session, params.model_version_id)
        source = _source(session, model)
        classifier, note = classifier_from_bytes(models.read_weights(session, model.id))
        config, names = note["config"], [str(c["name"]) for c in model.classes]
        data = read_for_model(
            session, job.dataset_id, config, np.arange(n),
            lambda row: job.progress(0.3 * row / n, "packing cutouts", cutouts=n),
        )  # fmt: skip
        wanted = np.union1d(source.labelled, source.others)
        own = read_for_model(session, source.dataset_id, config, wanted)
        missing = missing_numbers(session, job.dataset_id, config)
        there = frame_of(session, source.dataset_id, config)
        here = frame_of(session, job.dataset_id, config)
    found = classifier.predict(
        data, on_batch=lambda done: job.progress(0.3 + 0.3 * done / n, "predicting", cutouts=n)
    )
    theirs = classifier.predict(own)
    labelled = np.searchsorted(wanted, source.labelled)
    others = np.searchsorted(wanted, source.others)
    job.progress(0.62, "comparing with what the model knows")
    both = Prediction(
        np.concatenate([found.probability, theirs.probability[labelled]]),
        np.concatenate([found.penultimate, theirs.penultimate[labelled]]),
    )
    numbers = classifier.scaling.transform(
        np.concatenate([data.measurements, own.measurements[labelled]])
    )
    odd = rankings(both, np.arange(n, n + len(labelled)), source.y, numbers)
    odd = {name: values[:n] for name, values in odd.items()}
    distance, _ = compare_distances(
        found.penultimate[shown], theirs.penultimate[labelled], theirs.penultimate[others]
    )
    drawn: JointMap | None = None
    if params.joint_map and source.dataset_id != job.dataset_id:
        job.progress(0.7, "drawing one map of both", cutouts=n)
        drawn = draw_joint_map(found.penultimate, theirs.penultimate, wanted)
    counted = Prediction(found.probability[shown], found.penultimate[shown])
    said = np.bincount(counted.probability.argmax(axis=1), minlength=len(names))
    result: dict[str, Any] = {
        "model_version_id": model.id,
        "model_name": model.name,
        "source": {"dataset_id": source.dataset_id, "name": source.name},
        "target": {"dataset_id": job.dataset_id, "name": target_name},
        "classes": names,
        "n": len(shown),
        **_counts(counted, said, source, model),
        "domain": {
            **distance.as_dict(),
            "missing_numbers": missing,
            "numbers": len(config["measurements"]),
            "source": vars(there),
            "target": vars(here),
        },
        "warnings": warnings(distance, there, here, missing, len(config["measurements"])),
        "joint_map": drawn is not None,
    }
    job.progress(0.97, "publishing")
    with job.publish(result) as session:
        write_scores(session, job.dataset_id, model.id, model.classes, found, odd)
        if drawn is not None:
            write_joint_map(session, job, model.id, source.dataset_id, drawn)
    log.info("applied model %d to %d cutouts", model.id, n)


def _classifier_version(session, model_version_id: int) -> models.ModelVersion:
    try:
        model = models.get_model(session, model_version_id)
        datasets.get_dataset(session, model.dataset_id)
    except NotFound as error:
        raise JobError(
            f"There is no model version {model_version_id}.",
            hint="It may belong to a dataset that was deleted.",
        ) from error
    if model.kind != "train_classifier":
        raise JobError(f"{model.name} names no classes.", hint="Choose a classifier.")
    return model


def _source(session, model: models.ModelVersion) -> Source:
    dataset = datasets.get_dataset(session, model.dataset_id)
    ordinals, class_ids = models.read_label_snapshot(session, model)
    number = {c["id"]: k for k, c in enumerate(model.classes)}
    y = np.array([number[int(i)] for i in class_ids], np.int64)
    free = np.setdiff1d(live(session, dataset.id, dataset.n_cutouts), ordinals)
    thin = slice(None, None, -(-len(ordinals) // MOST_LABELLED) or 1)
    kept = ordinals[thin].astype(np.intp)
    held_out = None
    for column in columns.find_columns(
        session, dataset.id, model_version_id=model.id, names=["held_out_probability"]
    ):
        held_out = columns.read_column(session, column)[kept]
    others = free[:: -(-len(free) // MOST_OTHERS) or 1]
    hashes = cutout_groups.canonical_hashes(session, dataset.id)
    image = same_image([hashes[ordinal] for ordinal in kept])
    return Source(dataset.id, dataset.name, kept, y[thin], others, image, held_out)


def _counts(
    found: Prediction, said: NDArray[np.int64], source: Source, model: models.ModelVersion
) -> dict[str, Any]:
    """Counts, those above thresholds, and what held-out cutouts say of both."""
    k = len(said)
    confusion = evidence = np.asarray(model.metrics.get("confusion") or np.zeros((k, k)))
    above = at_thresholds(found.probability)
    counts: dict[str, Any] = {
        "thresholds": above["thresholds"],
        "counts": said.tolist(),
        "counts_at": above["n"],
        "purity": [[None] * k for _ in above["thresholds"]],
    }
    if source.held_out is not None:
        tested = np.isfinite(source.held_out).all(axis=1)
        guess = source.held_out[tested].argmax(axis=1)
        label = source.y[tested]
        confusion = confusion_matrix(label, guess, k)
        evidence = of_images(confusion, label, source.image[tested])
        counts["purity"] = purities(at_thresholds(source.held_out, source.y))
    counts["confusion"] = confusion.tolist()
    return counts | state_counts(said, evidence, [str(c["name"]) for c in model.classes])
