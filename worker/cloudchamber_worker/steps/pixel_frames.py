"""What the pixels of a dataset are like, to be compared with those a model was trained on."""

from typing import Any

from sqlalchemy.orm import Session

from cloudchamber.data import datasets, exposures
from cloudchamber_worker.learning.domain import Frame
from cloudchamber_worker.steps.dataset_inputs import sample_scaling


def frame_of(session: Session, dataset_id: int, config: dict[str, Any]) -> Frame:
    """Unit, channels and range of pixel values of a dataset, the range measured as for the model
    with this config (from at most 2000 cutouts)."""
    n = datasets.get_dataset(session, dataset_id).n_cutouts
    unit = exposures.count_and_unit(session, [dataset_id])[dataset_id][1]
    kind = config.get("pixel_scaling", {}).get("kind", "auto")
    found = sample_scaling(session, dataset_id, n, kind)
    return Frame(unit, found.channels, found.low, found.high)
