"""What each job kind may be asked for: one pydantic model per kind, and the table of kinds.

The API checks a request against these before a row exists, the page draws its forms from their JSON
schema, and the task parses `job.params` with the same class, so a parameter is described once.
"""

from dataclasses import dataclass
from typing import Any, Literal

from cloudchamber.data.job_requests.base import ArchitectureName, JobRequest
from cloudchamber.data.job_requests.detecting import (
    BringBackDetections,
    DetectAgain,
    LookAtExposure,
)
from cloudchamber.data.job_requests.importing import (
    Cutting,
    ImportFiles,
    Joining,
    LookAtFiles,
    MeasureAgain,
    Reading,
    SimulateExposures,
    Threshold,
    UploadRef,
)
from cloudchamber.data.job_requests.judging import (
    ApplyModel,
    Evaluate,
    LearningCurve,
    LeaveOneClassOut,
    NamedLabel,
)
from cloudchamber.data.job_requests.maps import FitMap, Interpolate
from cloudchamber.data.job_requests.training import (
    ChosenHyperparameters,
    ClassifierInputs,
    SearchHyperparameters,
    TrainAutoencoder,
    TrainClassifier,
    TrainSelfSupervised,
    TrainVae,
)


@dataclass(frozen=True)
class JobKind:
    """A job kind: Celery task name, file name in ``tasks/`` and button, all from `name`."""

    name: str
    title: str
    queue: Literal["cpu", "gpu"]
    params: type[JobRequest]
    needs_dataset: bool = True


KINDS: dict[str, JobKind] = {
    kind.name: kind
    for kind in (
        JobKind("import_files", "Import", "cpu", ImportFiles),
        JobKind("detect_again", "Detect again", "cpu", DetectAgain),
        JobKind("look_at_exposure", "Look at an exposure", "cpu", LookAtExposure),
        JobKind("bring_back_detections", "Bring detections back", "cpu", BringBackDetections),
        JobKind("measure_again", "Measure again", "cpu", MeasureAgain),
        JobKind("look", "Look before the import", "cpu", LookAtFiles, needs_dataset=False),
        JobKind("simulate_exposures", "Simulate exposures", "cpu", SimulateExposures),
        JobKind("fit_map", "Fit map", "cpu", FitMap),
        JobKind("train_classifier", "Train classifier", "gpu", TrainClassifier),
        JobKind("train_vae", "Train VAE", "gpu", TrainVae),
        JobKind("train_autoencoder", "Train autoencoder", "gpu", TrainAutoencoder),
        JobKind("train_self_supervised", "Train self-supervised", "gpu", TrainSelfSupervised),
        JobKind("search_hyperparameters", "Search hyperparameters", "gpu", SearchHyperparameters),
        JobKind("leave_one_class_out", "Leave one class out", "gpu", LeaveOneClassOut),
        JobKind("learning_curve", "Learning curve", "cpu", LearningCurve),
        JobKind("apply_model", "Apply model", "gpu", ApplyModel),
        JobKind("interpolate", "Interpolate", "cpu", Interpolate),
        JobKind("evaluate", "Evaluate", "cpu", Evaluate),
    )
}


def parse_params(kind: JobKind, params: dict[str, Any]) -> dict[str, Any]:
    """Check `params` and fill in the defaults; raises `pydantic.ValidationError`."""
    return kind.params.model_validate(params).model_dump(mode="json")


__all__ = [
    "KINDS", "ApplyModel", "ArchitectureName", "BringBackDetections", "ChosenHyperparameters",
    "ClassifierInputs", "Cutting", "DetectAgain", "Evaluate", "FitMap",
    "ImportFiles", "Interpolate", "JobKind", "JobRequest", "Joining", "LearningCurve",
    "LeaveOneClassOut", "LookAtExposure", "LookAtFiles", "MeasureAgain", "NamedLabel", "Reading",
    "SearchHyperparameters", "SimulateExposures", "Threshold",
    "TrainAutoencoder", "TrainClassifier", "TrainSelfSupervised", "TrainVae", "UploadRef",
    "parse_params",
]  # fmt: skip
