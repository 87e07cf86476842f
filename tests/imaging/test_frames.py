import io

import numpy as np
import pytest
from astropy.io import fits

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.frame import Frame, stem_of
from cloudchamber_worker.imaging.frames import read_frames
from fits_files import dark, fits_bytes


def frames_of(data: bytes, name: str = "night.fits") -> list[Frame]:
    found = read_frames(io.BytesIO(data), name, len(data))
    return [one for one in found if isinstance(one, Frame)]


@pytest.mark.parametrize("dtype", ["uint16", "int16", "int32", "float32", "float64", "uint8"])
def test_every_pixel_type_comes_back_as_written(dtype):
    image = dark((8, 9)).astype(dtype)
    (frame,) = frames_of(fits_bytes(fits.PrimaryHDU(image)))
    assert np.array_equal(frame.data, image)
    assert frame.name == "night"


def test_bscale_is_applied():
    hdu = fits.PrimaryHDU(np.arange(12, dtype=np.int16).reshape(3, 4))
    hdu.header["BSCALE"], hdu.header["BZERO"] = 0.5, 8000.0
    hdu.scale("int16", bscale=0.5, bzero=0)
    (frame,) = frames_of(fits_bytes(hdu))
    assert np.allclose(frame.data, np.arange(12).reshape(3, 4))


@pytest.mark.parametrize("codec", ["RICE_1", "GZIP_1", "GZIP_2"])
def test_tile_compressed_images_come_back_as_written(codec):
    image = dark((40, 50)).astype(np.int32)
    data = fits_bytes(fits.PrimaryHDU(), fits.CompImageHDU(image, compression_type=codec))
    (frame,) = frames_of(data, "night.fits.fz")
    assert np.array_equal(frame.data, image)
    assert frame.name == "night"


def test_every_extension_and_every_plane_is_an_exposure():
    cube = np.stack([dark((5, 6), seed=k) for k in range(3)])
    data = fits_bytes(
        fits.PrimaryHDU(), fits.ImageHDU(dark((5, 6)), name="AMP1"), fits.ImageHDU(cube)
    )
    found = frames_of(data)
    assert [f.name for f in found] == ["night-AMP1", "night-2-p000", "night-2-p001", "night-2-p002"]
    assert np.array_equal(found[3].data, cube[2])


def test_a_table_is_named_in_the_refusal():
    column = fits.Column("E", "D", array=np.ones(3))
    data = fits_bytes(fits.PrimaryHDU(), fits.BinTableHDU.from_columns([column], name="EVENTS"))
    with pytest.raises(Unreadable, match=r"holds no image.*a table .EVENTS."):
        frames_of(data)


def test_a_header_that_claims_more_than_the_file_holds_is_refused_unread():
    header = fits_bytes(fits.PrimaryHDU(dark()))[:2880]
    lying = header.replace(b"NAXIS1  =                   96", b"NAXIS1  =               190000")
    with pytest.raises(Unreadable, match=r"claims|not readable"):
        frames_of(lying)


def test_stems_leave_every_fits_suffix_out():
    assert [stem_of(n) for n in ("a/b.fits.gz", "b.fz", "b.c.fit", "b")] == ["b", "b", "b.c", "b"]
