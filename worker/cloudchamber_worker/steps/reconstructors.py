"""The recipe that both autoencoders share: pack, train, reconstruct, publish."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from cloudchamber.data import columns, datasets, models
from cloudchamber.data.columns import ColumnSpec
from cloudchamber.data.retired import live
from cloudchamber.errors import JobError
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.errors import LearningError
from cloudchamber_worker.learning.inputs import PixelScaling, Representation, ScalingKind
from cloudchamber_worker.learning.novelty import normalised_loss
from cloudchamber_worker.learning.quantiles import fit_quantile_scaling
from cloudchamber_worker.learning.reconstruction import (
    LEAST_CUTOUTS,
    Kind,
    Reconstructor,
    epochs_for,
    fit_reconstructor,
    held_rows,
)
from cloudchamber_worker.learning.training import Row, Schedule
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.dataset_inputs import (
    library_versions,
    named_numbers,
    need_cutouts,
    sample_scaling,
    split_groups,
)
from cloudchamber_worker.steps.embeddings import Packed, label_neighbours, read_images

# The sides of the box around a track tell how it lies; its extent along and across itself do not.
METADATA = ["width", "height", "pixels", "charge"]
METADATA_UNTURNED = ["length", "rms_width", "pixels", "charge"]
# Pairs of images to look at: 400 MB before compression. A column may end before the dataset does.
MAX_SHOWN = 50_000
BATCH = 512


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
    pixels: ScalingKind = "auto"
    ignore_orientation: bool | None = None
    kl_weight: float = 0.0


def train_reconstructor(job: JobContext, recipe: Recipe) -> None:
    """Read → train → encode and decode everything → publish model, columns and rankings."""
    started = time.monotonic()
    journal = Journal(job.load_checkpoint(), job.save_checkpoint)
    job.progress(0.0, "reading cutouts")
    with job.read() as session:
        n = datasets.get_dataset(session, job.dataset_id).n_cutouts
        need_cutouts(n, LEAST_CUTOUTS)
        n = remembered(journal, n)
        scaling = sample_scaling(session, job.dataset_id, n, recipe.pixels)
        turned = orientation_ignored(recipe.ignore_orientation, scaling)
        names = METADATA_UNTURNED if turned else METADATA
        seen = {
            "representation": recipe.representation,
            "pixel_scaling": scaling.as_dict(),
            "ignore_orientation": turned,
        }
        packed = read_images(
            session,
            job.dataset_id,
            seen,
            range(n),
            lambda row: job.progress(0.1 * row / n, "packing cutouts", cutouts=n),
        )
        numbers = named_numbers(session, job.dataset_id, names, n)
        groups = split_groups(session, job.dataset_id, np.arange(n), n).groups
        rows = remembered_rows(session, job.dataset_id, journal, n)
        need_cutouts(len(rows), LEAST_CUTOUTS)
    known = fit_quantile_scaling(numbers)
    metadata = known.transform(numbers)
    epochs = epochs_for(n, recipe.epochs)

    def report(row: Row) -> None:
        job.progress(0.1 + 0.8 * (row["epoch"] + 1) / epochs, f"epoch {row['epoch'] + 1}/{epochs}")
        job.epoch(**row)

    try:
        model = fit_reconstructor(
            recipe.kind,
            packed.images if len(rows) == n else packed.images[rows],
            metadata[rows],
            recipe.latent,
            Schedule(epochs, recipe.batch_size, recipe.learning_rate, weight_decay=0.0),
            recipe.seed,
            journal,
            recipe.kl_weight,
            report,
            turned,
            groups[rows],
            known,
        )
    except LearningError as error:
        raise JobError(str(error), hint=error.hint) from error
    loss, shown = _reconstruct(job, model, packed, metadata)
    latent = model.embed(
        packed.images,
        metadata,
        lambda done: job.progress(0.93 + 0.04 * done / n, "embedding", cutouts=done),
    )
    with job.read() as session:
        neighbours = label_neighbours(session, job.dataset_id, latent)
    normalised = normalised_loss(loss, numbers[:, 2], numbers[:, 3])
    last = journal.curve[-1]
    channels, side = packed.images.shape[1:3]
    config = {
        **seen,
        "input_shape": [side, side, channels],
        "metadata": names if recipe.kind == "vae" else [],
        "latent": recipe.latent,
        "orientations": 8 * model.turns or 1,
        "epochs": epochs,
        "batch_size": recipe.batch_size,
        "learning_rate": recipe.learning_rate,
        "kl_weight": recipe.kl_weight,
    }
    metrics = {
        **{name: last.get(name) for name in ("loss", "val_loss", "kl") if name in last},
        "held_out": _spread(loss[rows[held_rows(len(rows), recipe.seed, groups[rows])]]),
        "neighbours": neighbours,
        "latent": recipe.latent,
        "representation": recipe.representation,
        "ignore_orientation": turned,
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
        _write(session, job.dataset_id, version.id, latent, loss, normalised, recipe.kind, turned)
        _write_images(session, job.dataset_id, version.id, packed.lying(0, len(shown)), shown)
        result["model_version_id"] = version.id


def orientation_ignored(asked: bool | None, scaling: PixelScaling) -> bool:
    """As asked, else for tracks: cutouts of one channel. A photograph may know up from down."""
    return scaling.channels == 1 if asked is None else asked


def _spread(loss: NDArray[np.float32]) -> dict[str, float | int | None] | None:
    """Mean, standard deviation and number of the held-out cutouts' losses."""
    if not len(loss):
        return None
    sd = float(loss.std(ddof=1)) if len(loss) > 1 else None
    return {"mean": float(loss.mean()), "sd": sd, "n": len(loss)}


def remembered(journal: Journal, n: int) -> int:
    """The number of cutouts the first attempt saw."""
    if saved := journal.result("extent"):
        return int(saved["n"][0])
    journal.finish("extent", {"n": np.array([n], np.int64)})
    return n


def remembered_rows(
    session: Session, dataset_id: int, journal: Journal, n: int
) -> NDArray[np.intp]:
    """Which of the first n cutouts are learned from: those that were not retired when the first
    attempt looked."""
    if saved := journal.result("rows"):
        return saved["rows"].astype(np.intp)
    rows = live(session, dataset_id, n)
    journal.finish("rows", {"rows": rows})
    return rows


def _reconstruct(
    job: JobContext,
    model: Reconstructor,
    packed: Packed,
    metadata: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Loss [n] and the first reconstructions as packed images, each as its cutout lies."""
    n = len(packed.images)
    loss = np.empty(n, np.float32)
    shown = np.empty((min(n, MAX_SHOWN), *packed.images.shape[1:]), np.uint8)
    for start in range(0, n, BATCH):
        stop = min(start + BATCH, n)
        (part,) = model.batches(packed.lying(start, stop), metadata[start:stop], BATCH)
        loss[start:stop] = part.loss
        if start < len(shown):
            shown[start:stop] = part.images[: len(shown) - start]
        job.progress(0.9 + 0.03 * stop / n, "reconstructing", cutouts=stop)
    return loss, shown


def _write(
    session: Session,
    dataset_id: int,
    version_id: int,
    latent: NDArray[np.float32],
    loss: NDArray[np.float32],
    normalised: NDArray[np.float32],
    kind: Kind,
    turned: bool,
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
                description="Code of the autoencoder"
                + (", the mean over all orientations" if turned else ""), **owner,
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
