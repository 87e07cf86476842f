"""Decode the straight line between the latent vectors of two cutouts."""

import base64
import zlib
from typing import Any

import numpy as np

from cloudchamber.data import datasets, models
from cloudchamber.data.job_requests import Interpolate
from cloudchamber.errors import JobError
from cloudchamber_worker.learning.reconstruction import reconstructor_from_bytes
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.dataset_inputs import named_numbers
from cloudchamber_worker.steps.embeddings import read_images

QUEUE = "cpu"


def run(job: JobContext) -> None:
    """Encode both as they lie → decode even steps between → a small result for the page."""
    params = Interpolate.model_validate(job.params)
    job.progress(0.1, "reading")
    with job.read() as session:
        n = datasets.get_dataset(session, job.dataset_id).n_cutouts
        model = models.get_model(session, params.model_version_id)
        if model.kind not in ("train_vae", "train_autoencoder"):
            raise JobError(
                "Only a VAE or an autoencoder can draw what lies between two cutouts.",
                hint="Train one on the Models page and choose it.",
            )
        ends = [params.first, params.second]
        if max(ends) >= n:
            raise JobError(
                f"There is no cutout {max(ends)}: the dataset has {n}, counted from 0.",
                hint="Choose two of its cutouts.",
            )
        config = model.config
        order = sorted(set(ends))
        images = read_images(session, job.dataset_id, config, order).lying()
        numbers = named_numbers(session, job.dataset_id, config["metadata"] or ["pixels"], n)
        weights = models.read_weights(session, model.id)
    network, _ = reconstructor_from_bytes(weights)
    metadata = np.zeros((2, 4), np.float32)
    if config["metadata"] and network.scaling is not None:
        metadata = network.scaling.transform(numbers)[ends]
    job.progress(0.5, "decoding")
    rows = [order.index(end) for end in ends]
    steps, distance = network.between(images[rows], metadata, params.steps)
    between = np.moveaxis(steps, 1, -1)
    originals = np.moveaxis(images[rows], 1, -1)
    result: dict[str, Any] = {
        "model_version_id": params.model_version_id,
        "ordinals": ends,
        "distance": distance,
        "shape": list(between.shape[1:]),
        "steps": params.steps,
        "images": _text(between),
        "originals": _text(originals),
    }
    with job.publish(result):
        pass


def _text(images: np.ndarray) -> str:
    """Base64 of the zlib-compressed bytes: the page asks for the list of jobs every few seconds."""
    return base64.b64encode(zlib.compress(np.ascontiguousarray(images).tobytes(), 9)).decode()
