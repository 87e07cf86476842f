"""What people set once for a dataset."""

from fastapi import APIRouter

from cloudchamber.api.deps import Db
from cloudchamber.api.schemas import Id, Schema
from cloudchamber.data.dataset_settings import (
    DatasetSettings,
    EnergyCalibration,
    Hyperparameters,
    SavedCut,
    Word,
    change_settings,
    read_settings,
)

router = APIRouter(tags=["datasets"])


class DatasetSettingsPatch(Schema):
    """Parts left out stay as they are; `energy_calibration` null takes it away."""

    energy_calibration: EnergyCalibration | None = None
    cuts: list[SavedCut] | None = None
    hyperparameters: dict[Word, Hyperparameters] | None = None
    unknown_labels_drawn: bool | None = None


@router.get("/datasets/{dataset_id}/settings")
def get_settings(dataset_id: Id, db: Db) -> DatasetSettings:
    """Energy calibration, saved cuts and hyperparameters of the dataset."""
    with db.read() as session:
        return read_settings(session, dataset_id)


@router.patch("/datasets/{dataset_id}/settings")
def patch_settings(dataset_id: Id, body: DatasetSettingsPatch, db: Db) -> DatasetSettings:
    """Replace whole parts of the settings; the answer holds all of them."""
    changed = body.model_dump(mode="json", exclude_unset=True)
    if changed.get("cuts", ()) is None:
        changed["cuts"] = []
    if changed.get("hyperparameters", ()) is None:
        changed["hyperparameters"] = {}
    if changed.get("unknown_labels_drawn", ()) is None:
        changed["unknown_labels_drawn"] = False
    with db.write() as session:
        return change_settings(session, dataset_id, changed)
