"""Train the ice-core project's autoencoder on all cutouts; needs no label."""

from cloudchamber.data.job_requests import TrainAutoencoder
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.reconstructors import Recipe, train_reconstructor

QUEUE = "gpu"


def run(job: JobContext) -> None:
    """3 convolutions and 2 linear layers each way, mean squared error, any channels."""
    params = TrainAutoencoder.model_validate(job.params)
    recipe = Recipe(
        "autoencoder",
        params.representation,
        params.latent,
        params.epochs,
        params.batch_size,
        params.learning_rate,
        params.seed,
        params.pixels,
        params.ignore_orientation,
    )
    train_reconstructor(job, recipe)
