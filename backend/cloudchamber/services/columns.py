"""Which columns of a dataset the views show."""

from sqlalchemy.orm import Session

from cloudchamber.data import columns, datasets, models

AUTOENCODERS = ("train_vae", "train_autoencoder")
SELF_SUPERVISED = ("train_self_supervised",)


def shown_columns(session: Session, dataset: datasets.Dataset) -> list[columns.Column]:
    """What came with the cutouts, the active map, the active model, the newest autoencoder and the
    newest self-supervised embedding."""
    owners = {"", f"job:{dataset.active_map_job_id}", f"model:{dataset.active_model_id}"}
    found = models.list_models(session, dataset.id)
    for kinds in (AUTOENCODERS, SELF_SUPERVISED):
        newest = next((model for model in found if model.kind in kinds), None)
        if newest is not None:
            owners.add(f"model:{newest.id}")
    return [c for c in columns.find_columns(session, dataset.id) if c.owner in owners]
