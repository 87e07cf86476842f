"""Lengths in µm: where the size of a pixel is known, and nowhere else."""

import io

import numpy as np
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from cloudchamber.data import columns
from cloudchamber.data.columns import ColumnSpec, Group
from cloudchamber.data.database import Database
from filled import Filled


@pytest.fixture
def measured(database: Database, filled: Filled) -> Filled:
    """Ten cutouts with a length, an area, a curvature and what is neither."""
    specs = {
        ColumnSpec("length", "Length", "px", "measurement", "float32"): np.arange(10) / 2,
        ColumnSpec("pixels", "Pixels", "px", "measurement", "float32"): np.arange(10) * 3,
        ColumnSpec("curvature", "Curvature", "1/px", "measurement", "float32"): np.full(10, 0.5),
        ColumnSpec("solidity", "Solidity", "", "measurement", "float32"): np.ones(10),
        ColumnSpec("image_width", "Width", "px", "place", "int32"): np.full(10, 8),
        ColumnSpec("x", "x", "px", "place", "float32"): np.ones(10),
    }
    with database.write() as session:
        for spec, values in specs.items():
            columns.write_column(session, filled.id, spec, values)
    return filled


def exported(client: TestClient, dataset: Filled) -> dict[str, np.ndarray]:
    asked = {"what": "columns", "format": "parquet"}
    answer = client.post(f"{dataset.path}/exports", json=asked)
    table = pq.read_table(io.BytesIO(answer.content))
    return {name: table[name].to_numpy() for name in table.column_names}


@pytest.mark.parametrize("group", ["place", "metadata"])
def test_an_export_has_lengths_and_areas_in_micrometres_beside_pixels(
    client: TestClient, database: Database, measured: Filled, group: Group
) -> None:
    """Whether the instrument's files say it, or a table of metadata."""
    size = ColumnSpec("um_per_px", "Pixel size", "µm", group, "float64")
    with database.write() as session:
        columns.write_column(session, measured.id, size, np.array([0.5544, 2.0, np.nan, 0]))

    table = exported(client, measured)

    assert np.allclose(table["length_um"][:2], [0, 1.0])
    assert np.allclose(table["area_um2"][:2], [0, 3 * 2.0**2])
    assert np.allclose(table["curvature_per_um"][:2], [0.5 / 0.5544, 0.25])
    assert np.allclose(table["image_width_um"][:2], [8 * 0.5544, 16])
    for name in ("length_um", "area_um2", "curvature_per_um", "image_width_um"):
        assert np.isnan(table[name][2:]).all()
    assert {n for n in table if "_um" in n} == {
        "length_um", "area_um2", "curvature_per_um", "image_width_um"
    }  # fmt: skip


def test_an_export_has_no_micrometres_where_no_pixel_size_is_known(
    client: TestClient, measured: Filled
) -> None:
    assert not [name for name in exported(client, measured) if "_um" in name]
