"""A run of an instrument in the database: its particles, masks, fields and pixel size."""

import io
import zipfile

import numpy as np

from cloudchamber.data import columns, cutouts
from imaging.instrument_files import RUN, areas, flowcam


def test_a_flowcam_run_is_stored_with_masks_fields_and_pixel_size(importer):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, data in flowcam().items():
            archive.writestr(name, data)

    report = importer.run({"run.zip": packed.getvalue()})

    assert len(report) == len(flowcam())
    came = {name.rsplit("/", 1)[-1]: line for name, line in report.items()}
    assert sum(line.n_cutouts for line in came.values()) == 6
    assert came[f"{RUN}_000001.tif"].n_cutouts == 3
    assert {line.detail["taken_for"] for line in came.values()} == {"instrument_run"}
    states = {name: line.state for name, line in came.items()}
    assert states[f"{RUN}.lst"] == "joined"
    assert states[f"{RUN}_000001_bin.tif"] == "in"
    assert states["cal_image_000001.tif"] == "ignored"
    (table,) = came[f"{RUN}.lst"].detail["tables"]
    assert (table["rows"]["given"], table["rows"]["joined"]) == (6, 6)
    with importer.database.read() as session:
        paths = cutouts.paths(session, importer.dataset_id)
        stored = {c.name: columns.read_column(session, c)
                  for c in columns.find_columns(session, importer.dataset_id)}  # fmt: skip
        masks = [m for _, _, m in cutouts.iter_pixels(session, importer.dataset_id, 0, 6)]
    assert all(path.startswith(f"run.zip/water-1/{RUN}_") for path in paths)
    assert np.array_equal(stored["um_per_px"], [0.5544] * 6)
    assert stored["raw_area"].tolist() == areas() * 2
    assert [mask.sum() for mask in masks if mask is not None] == areas() * 2
    assert stored["pixels"].tolist() == areas() * 2  # what was measured is measured in the mask
