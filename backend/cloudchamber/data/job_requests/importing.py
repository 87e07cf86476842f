"""Bringing cutouts into a dataset."""

from typing import Annotated, Literal

from pydantic import Field

from cloudchamber.data.detectors import DetectorSettings
from cloudchamber.data.job_requests.base import JobRequest, RowId, Seed

Existing = Literal["ask", "keep", "replace"]
ColumnName = Annotated[str | None, Field(max_length=300)]


class UploadRef(JobRequest):
    """One finished upload and what it is for.

    ``data`` is told apart by content: exposures, crops, tables, archives of all of them.
    """

    id: RowId
    role: Literal["data", "bias", "dark", "defects", "labels", "metadata", "ignore"] = "data"
    parcel: bool = Field(
        False,
        description="A tar that only carries small files together: its own name is no part of "
        "their paths",
    )


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
    background: Literal["auto", "constant", "columns", "mesh"] = Field(
        "auto",
        description="One baseline per amplifier, or also a median per column and row (sky lines), "
        "or a local mesh (glow); auto looks at the exposure",
    )
    polarity: Literal["bright", "dark"] = Field(
        "bright", description="Whether tracks are brighter or darker than the background"
    )
    scale_dark: bool = Field(False, description="Scale the master dark to each exposure's time")
    mask_hot: bool = Field(
        False, description="Mask pixels that are hot in most exposures of a detector"
    )
    detector: DetectorSettings | None = Field(
        None, description="What is said about the detector, for this import"
    )
    keep_exposures: bool = Field(True, description="Keep the calibrated exposures for viewing")


class Joining(JobRequest):
    """How tables and class folders become labels and columns."""

    class_folders: Literal["labels", "groups", "off"] = Field(
        "off", description="Whether folder names are class labels, group names, or nothing"
    )
    label_set: str | None = Field(None, max_length=200, description="Label set of a new dataset")
    annotator: str | None = Field(
        None, max_length=200, description="Whose labels the imported ones are"
    )
    key: ColumnName = Field(None, description="Column of the tables that names the cutouts")
    label_column: ColumnName = Field(None, description="Column of the tables that holds the class")
    annotator_column: ColumnName = Field(
        None, description="Column of the tables that says whose label it is"
    )
    existing_labels: Existing = Field(
        "ask", description="What a label does where the annotator has another one already"
    )
    existing_values: Existing = Field(
        "ask", description="What metadata do where the column has another value already"
    )


class Reading(JobRequest):
    """What files are taken for where their content leaves it open."""

    taken_as: Literal["auto", "exposures", "crops"] = Field(
        "auto", description="What images other than FITS are: whole exposures, or crops"
    )
    text_images: Literal["ask", "yes", "no"] = Field(
        "ask", description="Whether a text of nothing but numbers is an image"
    )
    skipper: Literal["ask", "average", "averaged"] = Field(
        "ask",
        description="What frames are whose header names samples of a pixel: raw, to be averaged, "
        "or averaged already; ask where header and pixels leave it open",
    )


class ImportFiles(Cutting, Joining, Reading):
    """Bring exposures, crops, labels and metadata into a dataset."""

    uploads: list[UploadRef] = Field(min_length=1, max_length=10_000)
    self_supervised: bool = Field(
        False, description="Train a self-supervised embedding in the background afterwards"
    )


class LookAtFiles(ImportFiles):
    """See what an import would make of the files; nothing is stored but the look."""


class MeasureAgain(JobRequest):
    """Measure all cutouts by today's rules; labels, models and maps stay."""


class SimulateExposures(JobRequest):
    """Simulate CCD exposures with tracks and send them through the import."""

    count: int = Field(6, ge=1, le=200, description="Number of exposures")
    seed: Seed = 1
    size: int = Field(1024, ge=64, le=8192, description="Side of an exposure in pixels")
    tracks: int = Field(150, ge=0, le=20_000, description="Mean number of tracks per exposure")
