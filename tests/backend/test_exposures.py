"""Exposures come back from their tiles, and stay bright when made small."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudchamber.data import exposures
from cloudchamber.data.database import Database
from cloudchamber.data.exposures import NewExposure, encode_tiles, last_level
from cloudchamber.errors import NotFound
from filled import Filled


@pytest.mark.parametrize("shape", [(1, 1), (256, 257), (700, 1300)])
def test_an_image_comes_back(database: Database, filled: Filled, shape: tuple[int, int]) -> None:
    image = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    image[0, 0] = np.nan
    new = NewExposure("e", "e.fits", *shape, dtype="int16", header={"EXPTIME": 3.0})
    with database.write() as session:
        exposure_id = exposures.add_exposure(session, filled.id, new)
        exposures.write_tiles(session, exposure_id, image)
    with database.read() as session:
        again = exposures.read_image(session, exposure_id)
        found = exposures.get_exposure(session, exposure_id)
        assert found.header == {"EXPTIME": 3.0}
    assert again.dtype == np.float32
    assert np.array_equal(again, image, equal_nan=True)


def test_whole_numbers_are_kept_as_int16() -> None:
    image = np.arange(300 * 300).reshape(300, 300) % 4000
    assert {t.dtype for t in encode_tiles(image.astype(np.float32)) if t.level == 0} == {"int16"}
    image[299, 299] = 70_000
    assert {t.dtype for t in encode_tiles(image.astype(np.float32)) if t.level == 0} == {"float32"}


@given(st.integers(1, 1600), st.integers(1, 1600))
@settings(max_examples=12, deadline=None)
def test_one_bright_pixel_is_seen_at_every_level(height: int, width: int) -> None:
    image = np.full((height, width), -1.5, np.float32)
    image[height // 2, width // 3] = 99.5
    tiles = list(encode_tiles(image))
    levels = {t.level for t in tiles}
    assert levels == set(range(last_level(height, width) + 1))
    for level in levels:
        here = [t for t in tiles if t.level == level]
        brightest = max(
            exposures.decode(t.codec, t.data, t.dtype, (t.height, t.width)).max() for t in here
        )
        assert brightest == 99.5
    assert sum(t.level == max(levels) for t in tiles) <= 4


def test_nan_loses_against_any_number() -> None:
    image = np.full((2000, 600), np.nan, np.float32)
    image[1001, 301] = -7
    level1 = [t for t in encode_tiles(image) if t.level == 1]
    values = [exposures.decode(t.codec, t.data, t.dtype, (t.height, t.width)) for t in level1]
    assert [v[np.isfinite(v)].tolist() for v in values if np.isfinite(v).any()] == [[-7.0]]


def test_exposures_are_numbered_and_tiles_outside_are_not_found(
    database: Database, filled: Filled
) -> None:
    with database.write() as session:
        first, _ = (
            exposures.add_exposure(
                session, filled.id, NewExposure(path, "e.fits", 4, 4, "int16", unit="electron")
            )
            for path in ("e.fits-A", "e.fits-B")
        )
        exposures.set_footprints(session, first, 7)
        found = exposures.list_exposures(session, filled.id)
        assert [(e.ordinal, e.n_footprints) for e in found] == [(0, 7), (1, 0)]
        assert exposures.count_and_unit(session, [filled.id]) == {filled.id: (2, "electron")}
        with pytest.raises(NotFound):
            exposures.read_tile(session, first, 0, 9, 9)
        with pytest.raises(NotFound):
            exposures.get_exposure(session, 999)
