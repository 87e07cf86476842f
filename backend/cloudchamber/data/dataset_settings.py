"""What people set once for a dataset: its energy scale, named cuts, hyperparameters to train with.

One JSON document per dataset, checked by one pydantic model whenever it is read or changed.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from sqlalchemy.orm import Session

from cloudchamber.data import revisions
from cloudchamber.data.datasets import get_dataset, lock_dataset
from cloudchamber.errors import Invalid

Number = Annotated[float, Field(allow_inf_nan=False)]
# A zero byte is the one sign Postgres cannot keep in a text.
Line = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=2000)]
Word = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,64}$")]
Hyperparameters = Annotated[dict[Word, int | Number | Line], Field(max_length=100)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class EnergyCalibration(_Part):
    """electrons = ADU · gain; keV = electrons · ev_per_electron / 1000.

    An exposure already in electrons has gain 1.
    """

    gain: Annotated[Number, Field(gt=0, le=1e9)]
    """e⁻ per ADU"""
    ev_per_electron: Annotated[Number, Field(gt=0, le=1e6)] = 3.77
    """eV per electron-hole pair; silicon (Rodrigues et al. 2021 measured 3.749 at 123 K)"""
    source: Line = ""
    """Where it comes from: entered by whom, or the line it was fitted to."""


class SavedCut(_Part):
    """A named selection, as its readable string: ``charge > 1200 & 5 < length < 40``."""

    name: Annotated[Line, Field(min_length=1, max_length=100)]
    cut: Annotated[Line, Field(min_length=1)]


class DatasetSettings(_Part):
    """All of it; every part may be absent."""

    energy_calibration: EnergyCalibration | None = None
    cuts: list[SavedCut] = Field(default_factory=list, max_length=200)
    hyperparameters: dict[Word, Hyperparameters] = Field(default_factory=dict, max_length=50)
    """By architecture: what a search was told to use, instead of the architecture's own."""
    unknown_labels_drawn: bool = False
    """Somebody says that labels from files were given to cutouts drawn at random."""


def read_settings(session: Session, dataset_id: int) -> DatasetSettings:
    """The settings of a live dataset."""
    return DatasetSettings.model_validate(get_dataset(session, dataset_id).settings)


def change_settings(session: Session, dataset_id: int, changed: dict[str, Any]) -> DatasetSettings:
    """Replace the parts named in `changed`; Invalid for what cannot be."""
    get_dataset(session, dataset_id)
    dataset = lock_dataset(session, dataset_id)
    try:
        settings = DatasetSettings.model_validate({**dataset.settings, **changed})
    except ValidationError as error:
        first = error.errors()[0]
        raise Invalid(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    dataset.settings = settings.model_dump(mode="json")
    session.flush()
    revisions.bump(session, dataset_id, "dataset")
    return settings
