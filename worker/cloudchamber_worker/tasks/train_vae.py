"""Train the CCD project's variational autoencoder on all cutouts; needs no label."""

from cloudchamber.data.job_requests import TrainVae
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.reconstructors import Recipe, train_reconstructor

QUEUE = "gpu"


def run(job: JobContext) -> None:
    """64x64 images and four metadata values, BCE + λ·KL."""
    params = TrainVae.model_validate(job.params)
    recipe = Recipe(
        "vae",
        params.representation,
        params.latent,
        params.epochs,
        params.batch_size,
        params.learning_rate,
        params.seed,
        params.pixels,
        params.ignore_orientation,
        params.kl_weight,
    )
    train_reconstructor(job, recipe)
