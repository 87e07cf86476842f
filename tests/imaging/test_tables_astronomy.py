"""FITS tables, VOTable and ECSV keep units, descriptions and missing values."""

import io
import warnings
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.table import Column, MaskedColumn, Table

from cloudchamber_worker.imaging.tables import read_tables


def made() -> Table:
    table = Table()
    table["name"] = ["a.png", "b.png"]
    table["energy"] = Column([1.5, np.nan], unit="keV", description="Deposited energy")
    table["n"] = MaskedColumn([7, 0], mask=[False, True], fill_value=-99)
    table["moments"] = np.ones((2, 3))
    table["objid"] = np.array([2**60 + 1, 2**60 + 2])
    return table


def check(read):
    assert read.table.select(["name", "energy", "n", "objid"]).to_pydict() == {
        "name": ["a.png", "b.png"], "energy": [1.5, None], "n": [7, None],
        "objid": [str(2**60 + 1), str(2**60 + 2)],
    }  # fmt: skip
    assert read.units["energy"] == "keV"
    assert "3 values a row" in read.left_out["moments"]
    assert read.table.num_columns == 4


def written(form: str) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made().write(out, format=form)
    return out.getvalue()


def test_a_fits_table_is_read_and_a_compressed_image_is_none():
    with fits.open(io.BytesIO(written("fits"))) as hdus:
        events: Any = hdus[1]
        events.name = "EVENTS"
        out = io.BytesIO()
        image = fits.CompImageHDU(np.zeros((64, 64), np.int16))
        fits.HDUList([hdus[0], image, events]).writeto(out)
    (read,) = read_tables(out.getvalue(), "fits", "t.fits")
    check(read)
    assert read.title == "EVENTS"
    assert read.format == "FITS table, HDU 2"


def test_an_ascii_fits_table_is_read():
    columns = [fits.Column("name", "A8", array=["a", "b"]), fits.Column("x", "E15.7", array=[1, 2])]
    out = io.BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.TableHDU.from_columns(columns)]).writeto(out)
    (read,) = read_tables(out.getvalue(), "fits", "t.fits")
    assert read.table.to_pydict() == {"name": ["a", "b"], "x": [1, 2]}


def test_a_votable_is_read():
    (read,) = read_tables(written("votable"), "text", "t.vot")
    check(read)
    assert read.descriptions["energy"] == "Deposited energy"


def test_ecsv_is_read():
    table = made()
    out = io.StringIO()
    table.write(out, format="ascii.ecsv")
    (read,) = read_tables(out.getvalue().encode(), "text", "t.ecsv")
    check(read)
    assert read.descriptions["energy"] == "Deposited energy"
