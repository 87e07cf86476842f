"""The size of a cutout's pixels is stored beside it, and read back in the order of the cutouts."""

import numpy as np

from cloudchamber.data import columns
from cloudchamber_worker.steps.pixel_sizes import append_pixel_sizes


def stored(importer):
    with importer.database.read() as session:
        found = columns.find_columns(session, importer.dataset_id, names=["um_per_px"])
        return [(c.group, c.unit, columns.read_column(session, c).tolist()) for c in found]


def test_sizes_stand_at_their_cutouts_and_the_others_have_none(importer):
    with importer.database.write() as session:
        append_pixel_sizes(session, importer.dataset_id, [0, 1], [None, None])
    assert stored(importer) == []
    with importer.database.write() as session:
        append_pixel_sizes(session, importer.dataset_id, [2, 3], [0.5544, None])
        append_pixel_sizes(session, importer.dataset_id, [4], [None])
        append_pixel_sizes(session, importer.dataset_id, [5], [10.6])
    ((group, unit, values),) = stored(importer)
    assert (group, unit) == ("place", "µm")
    assert np.array_equal(values, [np.nan, np.nan, 0.5544, np.nan, np.nan, 10.6], equal_nan=True)
