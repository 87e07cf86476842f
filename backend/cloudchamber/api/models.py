"""Model versions: what was trained, on what, how well."""

import datetime as dt
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Query
from pydantic import ConfigDict

from cloudchamber.api.deps import Db
from cloudchamber.api.schemas import MAX_ID, Id, Name, Schema
from cloudchamber.data import models
from cloudchamber.services import models as service

router = APIRouter(tags=["models"])
# Metrics of some kilobytes each: a list of a hundred versions does without.
ONLY_IN_REPORTS = {"coverage_curve", "shap"}


class ModelSummary(Schema):
    """A model version. `metrics` of a classifier hold the held-out accuracy, macro-F1 and
    confusion; see the learning documentation. In a list they come without the curves and the
    contributions, which only a report shows."""

    model_config = ConfigDict(extra="forbid", from_attributes=True, protected_namespaces=())

    id: int
    dataset_id: int
    number: int
    kind: str
    architecture: str
    name: str
    classes: list[dict[str, Any]]
    metrics: dict[str, Any]
    label_snapshot_hash: str
    label_action_id: int
    seed: int
    created_at: dt.datetime
    created_by: str | None
    job_id: int | None
    active: bool


class Model(ModelSummary):
    """A model version with all that is needed to repeat it."""

    config: dict[str, Any]
    curves: list[dict[str, Any]]
    versions: dict[str, Any]


class ModelPatch(Schema):
    name: Name


T = TypeVar("T", bound=ModelSummary)


@router.get("/datasets/{dataset_id}/models")
def list_models(dataset_id: Id, db: Db) -> list[ModelSummary]:
    """The model versions of a dataset, newest first."""
    with db.read() as session:
        active, found = service.models_of(session, dataset_id)
        return [_brief(_summary(ModelSummary, model, active)) for model in found]


@router.get("/models/{model_id}")
def get_model(model_id: Id, db: Db) -> Model:
    """One model version with configuration, curves and versions."""
    with db.read() as session:
        model, active = service.live_model(session, model_id)
        return _summary(Model, model, active)


@router.patch("/models/{model_id}")
def rename_model(model_id: Id, body: ModelPatch, db: Db) -> Model:
    """Give a model version another name; nothing else of it ever changes."""
    with db.write() as session:
        model, active = service.rename_model(session, model_id, body.name)
        return _summary(Model, model, active)


@router.post("/models/{model_id}/activate")
def activate_model(
    model_id: Id,
    db: Db,
    dataset_id: Annotated[
        int | None,
        Query(ge=1, le=MAX_ID, description="Another dataset, to which it has been applied."),
    ] = None,
) -> Model:
    """Show this model version's results, and the map that was published with them if any."""
    with db.write() as session:
        model = service.activate_model(session, model_id, dataset_id)
        return _summary(Model, model, model.id)


def _summary(schema: type[T], model: models.ModelVersion, active: int | None) -> T:
    fields = set(schema.model_fields) - {"active"}
    values = {name: getattr(model, name) for name in fields}
    return schema(**values, active=model.id == active)


def _brief(summary: ModelSummary) -> ModelSummary:
    left = {name: v for name, v in summary.metrics.items() if name not in ONLY_IN_REPORTS}
    return summary.model_copy(update={"metrics": left})
