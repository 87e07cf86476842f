"""What each job kind may be asked for: one pydantic model per kind, and the table of kinds.

The API checks a request against these before a row exists, the page draws its forms from their JSON
schema, and the task parses `job.params` with the same class, so a parameter is described once.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt

RowId = Annotated[StrictInt, Field(gt=0)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1)]


class JobRequest(BaseModel):
    """The parameters of one job kind; unknown names are refused."""

    model_config = ConfigDict(extra="forbid")


class UploadRef(JobRequest):
    """One finished upload and what it is for."""

    id: RowId
    role: Literal["data", "bias", "dark", "labels", "metadata"] = "data"


class Threshold(JobRequest):
    """The pixel value a footprint must exceed."""

    value: float = Field(6.0, gt=0, description="Multiples of the noise, or ADU above baseline")
    unit: Literal["sigma", "adu"] = "sigma"


class Cutting(JobRequest):
    """How cutouts are made of exposures, wherever these come from."""

    threshold: Threshold = Field(default_factory=lambda: Threshold(value=6.0, unit="sigma"))
    min_pixels: int = Field(1, ge=1, le=1_000_000, description="Smaller footprints are left out")
    margin: int = Field(3, ge=0, le=256, description="Pixels kept around a footprint")
    max_size: int = Field(
        512, ge=8, le=4096, description="Longer cutouts are cropped to this side and flagged"
    )
    background: Literal["auto", "constant", "columns"] = Field(
        "auto",
        description="One baseline per amplifier, or also a median per column and row (sky lines); "
        "auto looks at the exposure",
    )
    keep_exposures: bool = Field(True, description="Keep the calibrated exposures for viewing")


class Joining(JobRequest):
    """How tables and class folders become labels."""

    class_folders: Literal["labels", "groups", "off"] = Field(
        "off", description="Whether folder names are class labels, group names, or nothing"
    )
    label_set: str | None = Field(None, max_length=200, description="Label set of a new dataset")
    annotator: str | None = Field(
        None, max_length=200, description="Whose labels the imported ones are"
    )


class ImportFiles(Cutting, Joining):
    """Bring exposures, crops, labels and metadata into a dataset."""

    uploads: list[UploadRef] = Field(min_length=1, max_length=10_000)


class SimulateExposures(JobRequest):
    """Simulate CCD exposures with tracks and send them through the import."""

    count: int = Field(6, ge=1, le=200, description="Number of exposures")
    seed: Seed = 1
    size: int = Field(1024, ge=64, le=8192, description="Side of an exposure in pixels")
    tracks: int = Field(150, ge=0, le=20_000, description="Mean number of tracks per exposure")


class FitMap(JobRequest):
    """Project an embedding to the plane (UMAP) and find clusters (HDBSCAN)."""

    embedding: Literal["measurements", "penultimate", "latent"] = "measurements"
    model_version_id: RowId | None = Field(
        None, description="The model version whose vectors are projected"
    )
    n_neighbors: int = Field(15, ge=2, le=500, description="UMAP: size of the neighbourhood")
    min_dist: float = Field(0.1, ge=0, le=1, description="UMAP: how tightly points may lie")
    min_cluster_size: int | None = Field(
        None, ge=2, le=100_000, description="HDBSCAN: smallest cluster; by default from the size"
    )
    seed: Seed = 0


class TrainClassifier(JobRequest):
    """Train a classifier on the current labels and predict every cutout."""

    architecture: str = Field(
        "default", max_length=64, pattern=r"^[a-z0-9_]+$", description="Name in the registry"
    )
    epochs: int | None = Field(None, ge=1, le=2000, description="By default the architecture's own")
    folds: int = Field(5, ge=2, le=20, description="Folds of the cross-validation")
    seed: Seed = 0
    annotator: str | None = Field(
        None, max_length=200, description="Whose labels; by default the consensus"
    )
    novelty_check: bool = Field(
        True, description="Measure how well each ranking would find a class nobody labelled"
    )


class TrainVae(JobRequest):
    """Train the variational autoencoder (64x64 images and four metadata values)."""

    representation: Literal["downscaled", "fitted"] = Field(
        "downscaled", description="Averages of four neighbours, or the whole cutout to scale"
    )
    latent: int = Field(50, ge=2, le=1024, description="Length of the latent vector")
    epochs: int | None = Field(None, ge=1, le=2000, description="By default from the set's size")
    kl_weight: float = Field(1.0, ge=0, le=1000, description="Weight of the KL term in the loss")
    batch_size: int = Field(64, ge=1, le=4096)
    learning_rate: float = Field(1e-3, gt=0, le=1)
    seed: Seed = 0


class TrainAutoencoder(JobRequest):
    """Train the plain autoencoder (3 convolutions and 2 linear layers, mean squared error)."""

    representation: Literal["downscaled", "fitted"] = Field(
        "fitted", description="The whole cutout to scale, or averages of four neighbours"
    )
    latent: int = Field(64, ge=2, le=1024, description="Length of the latent vector")
    epochs: int | None = Field(None, ge=1, le=2000, description="By default from the set's size")
    batch_size: int = Field(64, ge=1, le=4096)
    learning_rate: float = Field(1e-3, gt=0, le=1)
    seed: Seed = 0


class NamedLabel(JobRequest):
    """One line of a label file."""

    name: str = Field(max_length=1024)
    label: str = Field(max_length=200)


class Evaluate(JobRequest):
    """Compare a model version's predictions with a label file."""

    labels: list[NamedLabel] | None = Field(None, max_length=1_000_000)
    upload_id: RowId | None = Field(None, description="A finished upload holding the label file")
    model_version_id: RowId | None = Field(None, description="By default the active model")


@dataclass(frozen=True)
class JobKind:
    """A job kind: Celery task name, file name in ``tasks/`` and button, all from `name`."""

    name: str
    title: str
    queue: Literal["cpu", "gpu"]
    params: type[JobRequest]


KINDS: dict[str, JobKind] = {
    kind.name: kind
    for kind in (
        JobKind("import_files", "Import", "cpu", ImportFiles),
        JobKind("simulate_exposures", "Simulate exposures", "cpu", SimulateExposures),
        JobKind("fit_map", "Fit map", "cpu", FitMap),
        JobKind("train_classifier", "Train classifier", "gpu", TrainClassifier),
        JobKind("train_vae", "Train VAE", "gpu", TrainVae),
        JobKind("train_autoencoder", "Train autoencoder", "gpu", TrainAutoencoder),
        JobKind("evaluate", "Evaluate", "cpu", Evaluate),
    )
}


def parse_params(kind: JobKind, params: dict[str, Any]) -> dict[str, Any]:
    """Check `params` and fill in the defaults; raises `pydantic.ValidationError`."""
    return kind.params.model_validate(params).model_dump(mode="json")
