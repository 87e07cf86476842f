import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from cloudchamber_worker.imaging.crops import read_crops
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.kinds import kind_of

GREY = np.arange(20, dtype=np.uint8).reshape(4, 5) * 12


def crops_of(data: bytes):
    return [pixels for _, pixels in read_crops(data, kind_of(data[:512]))]


def saved(image: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def npy(array) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32"])
def test_pixel_types_survive(kind, dtype):
    if (kind, dtype) in (("PNG", "int32"), ("PNG", "float32")):
        pytest.skip("PNG holds no such pixels")
    image = GREY.astype(dtype) * (100 if dtype != "uint8" else 1)
    (got,) = crops_of(saved(Image.fromarray(image), kind))
    assert got.dtype == dtype
    assert np.array_equal(got, image)


def test_sixteen_bit_colours_survive():
    image = np.random.default_rng(0).integers(0, 65535, (6, 7, 3)).astype(np.uint16)
    out = io.BytesIO()
    tifffile.imwrite(out, image, photometric="rgb")
    (got,) = crops_of(out.getvalue())
    assert np.array_equal(got, image)


def test_one_bit_palette_and_transparent_images():
    mask = GREY > 100
    (got,) = crops_of(saved(Image.fromarray(mask), "PNG"))
    assert np.array_equal(got, mask.astype(np.uint8))
    (got,) = crops_of(saved(Image.fromarray(GREY).convert("P"), "PNG"))
    assert got.shape == (4, 5, 3)
    (got,) = crops_of(saved(Image.fromarray(GREY).convert("RGBA"), "PNG"))
    assert np.array_equal(got[:, :, 0], GREY)


def test_jpeg_is_read():
    (got,) = crops_of(saved(Image.fromarray(GREY), "JPEG", quality=95))
    assert got.shape == GREY.shape


def test_matrices_are_read_whatever_separates_them():
    for separator in (",", ";", "\t", " "):
        text = f"0{separator}1\n1{separator}0\n".encode()
        (got,) = crops_of(text)
        assert got.dtype == np.uint8
        assert got.tolist() == [[0, 1], [1, 0]]
    (got,) = crops_of(b"1.5,2\n3,4\n")
    assert got.dtype == np.float64


def test_a_stack_is_several_crops():
    assert len(crops_of(npy(np.zeros((5, 8, 9), np.float32)))) == 5
    assert len(crops_of(npy(np.zeros((8, 9, 3), np.uint8)))) == 1


def test_objects_in_npy_are_refused_and_not_run():
    with pytest.raises(Unreadable, match="could run code"):
        crops_of(npy(np.array([{"a": 1}], dtype=object)))


def test_an_npy_header_that_lies_is_refused():
    header = b"\x93NUMPY\x01\x00\x76\x00" + (
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (300000, 300000), }".ljust(117) + b"\n"
    )
    with pytest.raises(Unreadable, match="claims"):
        crops_of(header)


def test_a_bomb_is_refused_by_its_header():
    header = saved(Image.new("1", (20_000, 20_000)), "PNG")
    assert len(header) < 100_000
    with pytest.raises(Unreadable, match="pixels"):
        crops_of(header)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (b"GIF89a....", "GIF"),
        (b"%PDF-1.4", "PDF"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 40, "damaged PNG"),
        (b"hello, world\nthis is text\n", "^is text, neither a matrix of numbers nor a table"),
        ("Gr\u00fc\u00dfe".encode("latin-1"), "^is text, neither"),
        (b"# a comment\n1,2\n3\n", "no matrix of numbers: the number of columns changed"),
        (b"\x00\x01\x02binary", "no known type"),
    ],
)
def test_refusals_say_what_is_wrong(data, told):
    with pytest.raises(Unreadable, match=told):
        crops_of(data)
