"""Searching exposures that are there anew, and going back to an earlier search."""

from typing import Annotated

from pydantic import Field

from cloudchamber.data.job_requests.base import JobRequest, RowId
from cloudchamber.data.job_requests.importing import Cutting


class DetectAgain(Cutting):
    """Search kept exposures with another threshold or background; labels are carried over."""

    exposure_ids: Annotated[list[RowId], Field(min_length=1, max_length=100_000)] | None = Field(
        None, description="By default all exposures of the dataset"
    )


class LookAtExposure(Cutting):
    """See what another detection of a kept exposure would find; nothing is changed."""

    exposure_id: RowId = Field(description="An exposure of the dataset")


class BringBackDetections(JobRequest):
    """Make earlier (or later) detections of exposures the current ones again."""

    detection_ids: list[RowId] = Field(
        min_length=1, max_length=100_000, description="One of each exposure that goes back"
    )
