"""Model versions in the datasets they belong to."""

from sqlalchemy.orm import Session

from cloudchamber.data import columns, datasets, models, revisions
from cloudchamber.errors import Conflict, Invalid


def models_of(session: Session, dataset_id: int) -> tuple[int | None, list[models.ModelVersion]]:
    """Id of the active model version, and all of the dataset, newest first."""
    dataset = datasets.get_dataset(session, dataset_id)
    return dataset.active_model_id, models.list_models(session, dataset_id)


def live_model(session: Session, model_id: int) -> tuple[models.ModelVersion, int | None]:
    """A model version of a dataset that is not deleted, and the id of the active one."""
    model = models.get_model(session, model_id)
    return model, datasets.get_dataset(session, model.dataset_id).active_model_id


def rename_model(
    session: Session, model_id: int, name: str
) -> tuple[models.ModelVersion, int | None]:
    """Rename a model version; Invalid when the name is empty."""
    model, active = live_model(session, model_id)
    if not name.strip():
        raise Invalid("A model needs a name.")
    model.name = name.strip()
    session.flush()
    revisions.bump(session, model.dataset_id, "dataset")
    return model, active


def activate_model(
    session: Session, model_id: int, dataset_id: int | None = None
) -> models.ModelVersion:
    """Make a model version the active one, together with the newest map made from it.

    On its own dataset, or on another to which it has been applied: that one then shows what the
    model says of its cutouts. Conflict where it says nothing of them yet. A parametric map, which
    predicts nothing, becomes the map of its dataset, and the active model stays.
    """
    model, _ = live_model(session, model_id)
    if model.kind == "fit_map":
        datasets.activate(session, model.dataset_id, map_job_id=model.job_id)
        return model
    target = datasets.get_dataset(session, dataset_id or model.dataset_id).id
    if target != model.dataset_id and not was_applied(session, model_id, target):
        raise Conflict(
            f"{model.name} belongs to another dataset and has not been applied to this one.",
            hint="Apply it first.",
        )
    maps = columns.find_columns(
        session, target, group="map", model_version_id=model_id, names=["map"]
    )
    job_id = maps[-1].producer_job_id if maps else None
    datasets.activate(session, target, model_version_id=model_id, map_job_id=job_id)
    return model


def was_applied(session: Session, model_id: int, dataset_id: int) -> bool:
    """Whether a model version of any dataset has said something of this dataset's cutouts."""
    names = ["probability"]
    return bool(columns.find_columns(session, dataset_id, model_version_id=model_id, names=names))
