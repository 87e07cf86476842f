"""Which columns of a dataset the views show."""

from sqlalchemy.orm import Session

from cloudchamber.data import columns, datasets, models

AUTOENCODERS = ("train_vae", "train_autoencoder")
SELF_SUPERVISED = ("train_self_supervised",)


def shown_columns(session: Session, dataset: datasets.Dataset) -> list[columns.Column]:
    """What came with the cutouts, the active map, the active model, the newest autoencoder, the
    newest self-supervised embedding, and what the newest trees say of their numbers."""
    owners = {"", f"job:{dataset.active_map_job_id}", f"model:{dataset.active_model_id}"}
    found = models.list_models(session, dataset.id)
    for kinds in (AUTOENCODERS, SELF_SUPERVISED):
        newest = next((model for model in found if model.kind in kinds), None)
        if newest is not None:
            owners.add(f"model:{newest.id}")
    explained = _explained(dataset, found)
    return [
        c
        for c in columns.find_columns(session, dataset.id)
        if c.owner in owners or (c.name == "shap" and c.model_version_id == explained)
    ]


def _explained(dataset: datasets.Dataset, found: list[models.ModelVersion]) -> int | None:
    """The version whose contributions are shown: the active one if it has any, else the newest."""
    ids = [model.id for model in found if model.architecture == "trees"]
    active = dataset.active_model_id
    return active if active in ids else next(iter(ids), None)
