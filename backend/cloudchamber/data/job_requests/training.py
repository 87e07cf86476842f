"""Training: classifiers on labels, embeddings without, and the search for hyperparameters."""

from typing import Literal

from pydantic import Field

from cloudchamber.data.job_requests.base import (
    Annotator,
    ArchitectureName,
    Epochs,
    JobRequest,
    Seed,
)


class ClassifierInputs(JobRequest):
    """What a classifier is trained on; part of its model version."""

    architecture: ArchitectureName = Field("default", description="Which classifier")
    representation: Literal["two_scale", "downscaled", "fitted"] | None = Field(
        None,
        description="Pixels to network: 32-pixel window beside the whole, averages of four "
        "neighbours (seed), or the whole to scale; by default the architecture's own",
    )
    pixels: Literal["auto", "linear", "asinh", "binary"] = Field(
        "auto", description="Pixel values: their energy (linear, asinh) or 0 and 1"
    )
    numbers: Literal["auto", "none", "measurements", "metadata", "both"] = Field(
        "auto", description="Numbers beside the image; by default the architecture's own"
    )
    group_by: str | None = Field(
        None,
        max_length=200,
        description="Column whose equal values stay on one side of every split, such as the run",
    )
    annotator: Annotator = None
    seed: Seed = 0


class ChosenHyperparameters(ClassifierInputs):
    """What a classifier is trained on, with hyperparameters of one's own."""

    hyperparameters: dict[str, int | float | str] | None = Field(
        None,
        max_length=100,
        description="By default those a search was told to use, else the architecture's own",
    )


class TrainClassifier(ChosenHyperparameters):
    """Train a classifier on the current labels and predict every cutout."""

    epochs: Epochs = None
    folds: int = Field(5, ge=2, le=20, description="Folds of the cross-validation")
    pretrained: bool = Field(
        False, description="Start ResNet-18 from published weights (needs torchvision)"
    )
    novelty_check: bool = Field(
        True, description="Measure how well each ranking would find a class nobody labelled"
    )


class SearchHyperparameters(ClassifierInputs):
    """Search an architecture's hyperparameters (Optuna); several jobs of one study share it."""

    study: str | None = Field(
        None,
        max_length=80,
        pattern=r"^[A-Za-z0-9_.-]+$",
        description="Name of the study; jobs with one name work on it together",
    )
    trials: int = Field(30, ge=1, le=10_000, description="Trials in the whole study")
    folds: int = Field(3, ge=2, le=10, description="Folds a trial is judged on")
    epochs: Epochs = None
    use_best: bool = Field(
        False, description="Train with the best trial's hyperparameters from then on"
    )


class _Network(JobRequest):
    epochs: int | None = Field(None, ge=1, le=2000, description="By default from the set's size")
    batch_size: int = Field(64, ge=1, le=4096)
    learning_rate: float = Field(1e-3, gt=0, le=1)
    ignore_orientation: bool | None = Field(
        None,
        description="Turned copies get one embedding; by default on for tracks (one channel)",
    )
    seed: Seed = 0


class TrainVae(_Network):
    """Train the variational autoencoder (64x64 images and four metadata values)."""

    representation: Literal["downscaled", "fitted"] = Field(
        "downscaled", description="Averages of four neighbours, or the whole cutout to scale"
    )
    pixels: Literal["auto", "linear", "asinh", "binary"] = "auto"
    latent: int = Field(50, ge=2, le=1024, description="Length of the latent vector")
    kl_weight: float = Field(1.0, ge=0, le=1000, description="Weight of the KL term in the loss")


class TrainAutoencoder(_Network):
    """Train the plain autoencoder (3 convolutions and 2 linear layers, mean squared error)."""

    representation: Literal["downscaled", "fitted"] = Field(
        "fitted", description="The whole cutout to scale, or averages of four neighbours"
    )
    pixels: Literal["auto", "linear", "asinh", "binary"] = "auto"
    latent: int = Field(64, ge=2, le=1024, description="Length of the latent vector")


class TrainSelfSupervised(_Network):
    """Train an embedding without labels (VICReg or SimCLR); used where it beats measurements."""

    method: Literal["vicreg", "simclr"] = Field(
        "vicreg", description="VICReg (Bardes 2022) or SimCLR (Chen 2020)"
    )
    pixels: Literal["auto", "linear", "asinh", "binary"] = "auto"
    dimension: int = Field(64, ge=2, le=1024, description="Length of the embedding vector")
    batch_size: int = Field(128, ge=4, le=4096)
    learning_rate: float = Field(2e-3, gt=0, le=1)
