"""Frames that say they are no exposures to be searched are asked about, never searched unasked."""

import numpy as np
import pytest
from astropy.io import fits

from fits_files import dark, fits_bytes


def frame(pixels: np.ndarray | None = None, **cards) -> bytes:
    hdu = fits.PrimaryHDU(dark((32, 32)) if pixels is None else pixels)
    hdu.header.update(cards)
    return fits_bytes(hdu)


def one(decode, data: bytes, name: str, **options):
    (file,) = decode(data, name, **options)
    return file


@pytest.fixture
def whole(tmp_path):
    """Decode bytes and return the files with what was said of them."""
    from cloudchamber_worker.imaging import sandbox

    def run(data: bytes, name: str, **options):
        path = tmp_path / "upload"
        path.write_bytes(data)
        found = []
        with path.open("rb") as stream:
            for file in sandbox.decode(stream, name, **options):
                found.append((file, list(file.items)))
        return found

    return run


@pytest.mark.parametrize(
    ("cards", "name", "use"),
    [
        ({"OBSTYPE": "DARK", "OBJECT": "Bias"}, "b21.fits", "bias"),
        ({"IMAGETYP": "Bias Frame"}, "x.fits", "bias"),
        ({"IMAGETYP": "zero"}, "x.fits", "bias"),
        ({}, "night1/bias_003.fits", "bias"),
        ({"IMAGETYP": "Master Dark"}, "x.fits", "dark"),
    ],
)
def test_a_calibration_frame_is_a_question(whole, cards, name, use):
    file, items = one(whole, frame(**cards), name)
    assert not items
    assert file.taken_for == use
    assert file.asks == use
    assert (file.question or "").endswith("what is it for?")


@pytest.mark.parametrize(
    ("cards", "name"),
    [
        ({"IMAGETYP": "DARK"}, "dark_u16_01.fits"),
        ({"OBJECT": "Biassed sample"}, "x.fits"),
        ({"OBJECT": "J1217"}, "unbiased.fits"),
        ({"OBJECT": "mask alignment"}, "x.fits"),
    ],
)
def test_an_exposure_is_taken_for_one(whole, cards, name):
    file, items = one(whole, frame(**cards), name)
    assert file.question is None
    assert [item.kind for item in items] == ["frame"]


def test_a_mask_of_defects_is_a_question(whole):
    mask = np.zeros((32, 32), np.uint8)
    mask[:, 7] = 1
    file, items = one(whole, frame(mask), "bad_pixel_mask.fits")
    assert (file.taken_for, items) == ("defect_mask", [])


def test_the_answer_is_taken(whole):
    data = frame(OBJECT="Bias")
    for options in ({"taken_as": "exposures"}, {"role": "bias"}):
        file, items = one(whole, data, "b21.fits", **options)
        assert file.question is None
        assert [item.kind for item in items] == ["frame"]
