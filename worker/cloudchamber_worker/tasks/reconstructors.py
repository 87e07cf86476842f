"""The recipe that both autoencoders share: pack, train, reconstruct, publish."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import columns, datasets, models
from cloudchamber.data.columns import ColumnSpec
from cloudchamber.errors import JobError
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.errors import LearningError
from cloudchamber_worker.learning.inputs import Representation
from cloudchamber_worker.learning.novelty import normalised_loss
from cloudchamber_worker.learning.quantiles import fit_quantile_scaling
from cloudchamber_worker.learning.reconstruction import (
    LEAST_CUTOUTS,
    Kind,
    Reconstructor,
    epochs_for,
    fit_reconstructor,
)
from cloudchamber_worker.learning.training import Row, Schedule
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.tasks.dataset_inputs import (
    library_versions,
    named_numbers,
    need_cutouts,
    pack_cutouts,
    sample_scaling,
)

METADATA = ["width", "height", "pixels", "charge"]
# Pairs of images to look at: 400 MB before compression. A column may end before the dataset does.
MAX_SHOWN = 50_000


@dataclass(frozen=True)
class Recipe:
    """What differs between the two."""

    kind: Kind
    representation: Representation
    latent: int
    epochs: int | None
    batch_size: int
    learning_rate: float
    seed: int
    kl_weight: float = 0.0


def train_reconstructor(job: JobContext, recipe: Recipe) -> None:
    """Read → train → encode and decode everything → publish model, columns and rankings."""
    started = time.monotonic()
    journal = Journal(job.load_checkpoint(), job.save_checkpoint)
    job.progress(0.0, "reading cutouts")
    with job.read() as session:
        n = datasets.get_dataset(session, job.dataset_id).n_cutouts
        need_cutouts(n, LEAST_CUTOUTS)
        n = _remembered(journal, n)
        scaling = sample_scaling(session, job.dataset_id, n)
        images = pack_cutouts(
            session,
            job.dataset_id,
            n,
            scaling,
            recipe.representation,
            lambda row: job.progress(0.1 * row / n, "packing cutouts", cutouts=n),
        )
        numbers = named_numbers(session, job.dataset_id, METADATA, n)
    metadata = fit_quantile_scaling(numbers).transform(numbers)
    epochs = epochs_for(n, recipe.epochs)

    def report(row: Row) -> None:
        job.progress(0.1 + 0.8 * (row["epoch"] + 1) / epochs, f"epoch {row['epoch'] + 1}/{epochs}")
        job.epoch(**row)

    try:
        model = fit_reconstructor(
            recipe.kind,
            images,
            metadata,
            recipe.latent,
            Schedule(epochs, recipe.batch_size, recipe.learning_rate, weight_decay=0.0),
            recipe.seed,
            journal,
            recipe.kl_weight,
            report,
        )
    except LearningError as error:
        raise JobError(str(error), hint=error.hint) from error
    latent, loss, shown = _reconstruct(job, model, images, metadata)
    normalised = normalised_loss(loss, numbers[:, 2], numbers[:, 3])
    last = journal.curve[-1]
    side = images.shape[2]
    config = {
        "representation": recipe.representation,
        "pixel_scaling": scaling.as_dict(),
        "input_shape": [side, side, images.shape[1]],
        "metadata": METADATA if recipe.kind == "vae" else [],
        "latent": recipe.latent,
        "epochs": epochs,
        "batch_size": recipe.batch_size,
        "learning_rate": recipe.learning_rate,
        "kl_weight": recipe.kl_weight,
    }
    metrics = {
        **{name: last.get(name) for name in ("loss", "val_loss", "kl") if name in last},
        "active_latents": int((latent.std(axis=0) > 0.1).sum()),
        "n": n,
        "shown": len(shown),
        "seconds": round(time.monotonic() - started, 1),
    }
    weights = model.to_bytes({"config": config})
    result: dict[str, Any] = {"loss": metrics["loss"], "val_loss": metrics.get("val_loss"), "n": n}
    job.progress(0.98, "publishing")
    with job.publish(result) as session:
        version = models.add_model_version(
            session,
            job.dataset_id,
            kind=f"train_{recipe.kind}",
            architecture=recipe.kind,
            config=config,
            metrics=metrics,
            curves=journal.curve,
            seed=recipe.seed,
            versions=library_versions(),
            job_id=job.id,
            weights=weights,
        )
        _write(session, job.dataset_id, version.id, latent, loss, normalised, recipe.kind)
        _write_images(session, job.dataset_id, version.id, images[: len(shown)], shown)
        result["model_version_id"] = version.id


def _remembered(journal: Journal, n: int) -> int:
    """The number of cutouts the first attempt saw."""
    if saved := journal.result("extent"):
        return int(saved["n"][0])
    journal.finish("extent", {"n": np.array([n], np.int64)})
    return n


def _reconstruct(
    job: JobContext,
    model: Reconstructor,
    images: NDArray[np.uint8],
    metadata: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.uint8]]:
    """Latent [n, latent], loss [n] and the first reconstructions as packed images."""
    n = len(images)
    latent = np.empty((n, model.latent), np.float32)
    loss = np.empty(n, np.float32)
    shown = np.empty((min(n, MAX_SHOWN), *images.shape[1:]), np.uint8)
    start = 0
    for part in model.batches(images, metadata):
        stop = start + len(part.loss)
        latent[start:stop], loss[start:stop] = part.latent, part.loss
        if start < len(shown):
            shown[start:stop] = part.images[: len(shown) - start]
        start = stop
        job.progress(0.9 + 0.07 * stop / n, "reconstructing", cutouts=n)
    return latent, loss, shown


def _write(
    session: Session,
    dataset_id: int,
    version_id: int,
    latent: NDArray[np.float32],
    loss: NDArray[np.float32],
    normalised: NDArray[np.float32],
    kind: Kind,
) -> None:
    measure = (
        "Binary cross-entropy summed over the pixels, decoded from the mean of the latent"
        if kind == "vae"
        else "Mean squared error over the pixels, unit interval"
    )
    owner = {"dtype": "float32", "model_version_id": version_id}
    for spec, values in (
        (
            ColumnSpec(
                "latent", "Latent vector", "", "model", width=latent.shape[1],
                description="Code of the autoencoder", **owner,
            ),
            latent,
        ),
        (
            ColumnSpec(
                "loss", "Reconstruction loss", "", "ranking", description=measure, **owner
            ),
            loss,
        ),
        (
            ColumnSpec(
                "loss_normalised", "Loss, normalised", "", "ranking",
                description="Log loss beyond what pixels and charge explain, in units of its "
                "robust scatter", **owner,
            ),
            normalised,
        ),
    ):  # fmt: skip
        columns.write_column(session, dataset_id, spec, values)


def _write_images(
    session: Session,
    dataset_id: int,
    version_id: int,
    images: NDArray[np.uint8],
    shown: NDArray[np.uint8],
) -> None:
    """Both columns as rows of height x width x channels, the shape first in the description."""
    n, channels, height, width = shown.shape
    for name, title, packed in (
        ("model_input", "Model input", images),
        ("reconstruction", "Reconstruction", shown),
    ):
        rows = np.moveaxis(packed, 1, -1).reshape(n, -1)
        spec = ColumnSpec(
            name, title, "", "model", "uint8", rows.shape[1],
            description=f"{height}x{width}x{channels}, 0 to 255 of the unit interval",
            model_version_id=version_id,
        )  # fmt: skip
        columns.write_column(session, dataset_id, spec, rows)
