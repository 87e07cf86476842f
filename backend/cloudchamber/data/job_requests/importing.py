"""Bringing cutouts into a dataset."""

from typing import Literal

from pydantic import Field

from cloudchamber.data.job_requests.base import JobRequest, RowId, Seed


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
    self_supervised: bool = Field(
        False, description="Train a self-supervised embedding in the background afterwards"
    )


class SimulateExposures(JobRequest):
    """Simulate CCD exposures with tracks and send them through the import."""

    count: int = Field(6, ge=1, le=200, description="Number of exposures")
    seed: Seed = 1
    size: int = Field(1024, ge=64, le=8192, description="Side of an exposure in pixels")
    tracks: int = Field(150, ge=0, le=20_000, description="Mean number of tracks per exposure")
