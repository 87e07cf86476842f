"""Which hyperparameters a training uses: as asked, else as the dataset was told, else the
architecture's own."""

import json
from typing import Any, TypeVar

import numpy as np
from sqlalchemy.orm import Session

from cloudchamber.data.dataset_settings import read_settings
from cloudchamber.data.job_requests import ChosenHyperparameters, ClassifierInputs
from cloudchamber.errors import JobError
from cloudchamber_worker.learning.architectures import Architecture, architecture
from cloudchamber_worker.learning.checkpoints import Journal
from cloudchamber_worker.learning.errors import BadHyperparameter

STAGE = "hyperparameters"
Asked = TypeVar("Asked", bound=ChosenHyperparameters)


def asked_hyperparameters(
    session: Session, dataset_id: int, asked: ClassifierInputs
) -> dict[str, Any]:
    """Those of the request (none of them stands for the architecture's own), else those the
    dataset's settings name for the architecture."""
    given = getattr(asked, "hyperparameters", None)
    if given is not None:
        return dict(given)
    return dict(read_settings(session, dataset_id).hyperparameters.get(asked.architecture, {}))


def freeze_hyperparameters(
    session: Session, dataset_id: int, params: Asked, journal: Journal
) -> Asked:
    """The request with its hyperparameters filled in, the same at every attempt: settings changed
    in between must not meet weights of another shape."""
    saved = journal.result(STAGE)
    if saved is not None:
        given = json.loads(saved["json"].tobytes())
    else:
        given = asked_hyperparameters(session, dataset_id, params)
    return params.model_copy(update={"hyperparameters": given})


def remember_hyperparameters(journal: Journal, params: ChosenHyperparameters) -> None:
    """Put them into the journal for the attempts to come."""
    if journal.result(STAGE) is None:
        raw = np.frombuffer(json.dumps(params.hyperparameters).encode(), np.uint8)
        journal.finish(STAGE, {"json": raw})


def chosen_recipe(asked: ClassifierInputs, given: dict[str, Any]) -> Architecture:
    """The architecture with these hyperparameters; JobError names what it cannot take."""
    recipe = architecture(asked.architecture)
    try:
        return recipe.choose(given)
    except BadHyperparameter as error:
        raise JobError(
            str(error),
            hint=f"{error.hint} Hyperparameters come with the request, or from the dataset's "
            "settings, where a search's “Use this” puts them.",
        ) from error
