"""Which columns of a dataset the views show."""

from sqlalchemy.orm import Session

from cloudchamber.data import columns, datasets, models

AUTOENCODERS = ("train_vae", "train_autoencoder")


def shown_columns(session: Session, dataset: datasets.Dataset) -> list[columns.Column]:
    """What came with the cutouts, the active map, the active model and the newest autoencoder."""
    owners = {"", f"job:{dataset.active_map_job_id}", f"model:{dataset.active_model_id}"}
    for model in models.list_models(session, dataset.id):
        if model.kind in AUTOENCODERS:
            owners.add(f"model:{model.id}")
            break
    return [c for c in columns.find_columns(session, dataset.id) if c.owner in owners]
