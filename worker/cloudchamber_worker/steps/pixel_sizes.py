"""How large a pixel of each cutout is, where an instrument says it."""

from collections.abc import Sequence

import numpy as np
from sqlalchemy.orm import Session

from cloudchamber.data import columns
from cloudchamber.data.columns import ColumnSpec

SPEC = ColumnSpec(
    "um_per_px", "Pixel size", "µm", "place", "float64",
    description="Side of a pixel, as the instrument's files say it",
)  # fmt: skip


def append_pixel_sizes(
    session: Session, dataset_id: int, ordinals: Sequence[int], um_per_px: Sequence[float | None]
) -> None:
    """Write µm per pixel of new cutouts beside them, in the transaction that stores them: a size
    that came later would be lost with a worker that dies between.

    Parameters
    ----------
    ordinals : of the new cutouts, rising by one
    um_per_px : of each, None where it is not known; the column is made by the first that is
    """
    if not any(size is not None for size in um_per_px):
        return
    values = np.array([np.nan if size is None else size for size in um_per_px], np.float64)
    columns.write_column(session, dataset_id, SPEC, values, start=ordinals[0])
