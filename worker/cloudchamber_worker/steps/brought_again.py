"""An exposure whose file is brought once more: as it was, or searched otherwise."""

from collections.abc import Sequence

import numpy as np

from cloudchamber.data import cutouts, exposures
from cloudchamber.data.carried import Carried
from cloudchamber.data.cutouts import NewCutout
from cloudchamber_worker.lease import JobContext

MAX_TOLD = 20  # labels of an exposure that could not be carried over, by name


def is_as_it_was(job: JobContext, exposure_id: int, cuts: Sequence[NewCutout]) -> bool:
    """Whether the cutouts of an exposure that is there are these, or the first of them, stored by
    an attempt that died; else this is another detection."""
    with job.read() as session:
        exposure = exposures.get_exposure(session, exposure_id)
        if exposure.detection_id is not None or exposure.n_footprints != len(cuts):
            return False
        stored = cutouts.of_exposure(session, exposure_id)
        masks = cutouts.read_masks(session, exposure_id)
    wanted = {new.path: new for new in cuts}
    for row in stored:
        new = wanted.get(row.path)
        if new is None or bytes(row.content_hash) != cutouts.content_hash(new.pixels):
            return False
        mask = masks.get(row.id)
        if mask is not None and new.mask is not None and not np.array_equal(mask, new.mask):
            return False
    return True


def told(path: str, carried: Carried) -> list[str]:
    """What the new detection of an exposure made of the cutouts that were there."""
    notes = [f"{path} was imported before, this is a new detection of it: {carried.words()}"]
    notes += [
        f"{lost.name} ({lost.label or 'with a note'}) could not be carried over: {lost.why}"
        for lost in carried.lost[:MAX_TOLD]
    ]
    if carried.labels_lost > MAX_TOLD:
        notes.append(f"and {carried.labels_lost - MAX_TOLD} more labels could not be carried over")
    return notes
