"""Tables that lie beside images in a FITS file are named: they do not come in by themselves."""

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from cloudchamber_worker.imaging import sandbox


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """An image, and a table of three rows beside it."""
    path = tmp_path / "run.fits"
    column = fits.Column("NAME", "4A", array=["a", "b", "c"])
    image = fits.PrimaryHDU(np.arange(64, dtype=np.uint16).reshape(8, 8))
    fits.HDUList([image, fits.BinTableHDU.from_columns([column], name="CAT")]).writeto(path)
    return path


def test_the_table_is_a_part_that_was_left_out(mixed):
    with mixed.open("rb") as stream:
        found = [
            ([item.kind for item in file.items], file.parts_ignored)
            for file in sandbox.decode(stream, "run.fits")
        ]

    ((kinds, ((part, reason),)),) = found
    assert kinds == ["frame"]
    assert part == "HDU 1 (CAT)"
    assert "3 rows" in reason


def test_it_comes_in_where_the_file_is_given_as_metadata(mixed):
    with mixed.open("rb") as stream:
        kinds = [i.kind for f in sandbox.decode(stream, "run.fits", "metadata") for i in f.items]

    assert kinds == ["table"]
