"""Judging: a model on other labels and other data, and what labels are worth."""

from pydantic import Field

from cloudchamber.data.job_requests.base import Annotator, Epochs, JobRequest, RowId, Seed
from cloudchamber.data.job_requests.training import ChosenHyperparameters


class NamedLabel(JobRequest):
    """One line of a label file."""

    name: str = Field(max_length=1024)
    label: str = Field(max_length=200)


class Evaluate(JobRequest):
    """Compare a model version's predictions with a label file."""

    labels: list[NamedLabel] | None = Field(None, max_length=1_000_000)
    upload_id: RowId | None = Field(None, description="A finished upload holding the label file")
    model_version_id: RowId | None = Field(None, description="By default the active model")
    key: str | None = Field(None, max_length=300, description="The column of names")
    label_column: str | None = Field(None, max_length=300, description="The column of classes")
    annotator_column: str | None = Field(None, max_length=300, description="Whose they are")


class ApplyModel(JobRequest):
    """Apply a model version of any dataset to this one and count its classes."""

    model_version_id: RowId
    joint_map: bool = Field(True, description="Draw one map of both datasets together")


class LeaveOneClassOut(ChosenHyperparameters):
    """For each class and ranking: would it have found the class, had nobody labelled it?"""

    epochs: Epochs = None
    autoencoder: bool = Field(True, description="Train an autoencoder without each class too")
    self_supervised: bool = Field(True, description="Rank in a self-supervised embedding too")


class LearningCurve(JobRequest):
    """Accuracy against the number of labels, for random and chosen orders."""

    repeats: int = Field(6, ge=2, le=50, description="Random divisions each point is the mean of")
    annotator: Annotator = None
    seed: Seed = 0
