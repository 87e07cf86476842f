"""Files of several images or arrays: TIFF, NPY, HDF5."""

import io
from typing import Any

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image

from cloudchamber_worker.imaging.errors import NeedsAnswer, Unreadable
from image_files import hdf5, images, left_out, npy, read, saved, tiff

RNG = np.random.default_rng(7)
DEEP = RNG.integers(0, 65536, (6, 7)).astype(np.uint16)
COLOURS = RNG.integers(0, 65536, (6, 7, 3)).astype(np.uint16)


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("packed", [None, "zlib"])
def test_sixteen_bit_colours_of_a_tiff_survive(planar, packed):
    values = COLOURS if planar == "contig" else np.moveaxis(COLOURS, 2, 0)
    (got,) = images(tiff(values, photometric="rgb", planarconfig=planar, compression=packed))
    assert np.array_equal(got.pixels, COLOURS)


def test_every_page_comes_in_and_thumbnails_do_not():
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as writer:
        for k in range(3):
            writer.write(DEEP + k, contiguous=False)
        writer.write(DEEP[::2, ::2], subfiletype=1)
    got = images(out.getvalue())
    assert [image.part for image in got] == ["-0000", "-0001", "-0002"]
    assert all(np.array_equal(image.pixels, DEEP + k) for k, image in enumerate(got))
    (left,) = left_out(out.getvalue())
    assert (left.part, left.ignored) == ("page 4", True)
    assert "thumbnail" in left.reason


def test_smaller_copies_below_a_page_are_named():
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as writer:
        writer.write(DEEP, subifds=1)
        writer.write(DEEP[::2, ::2], subfiletype=1)
    (got,) = images(out.getvalue())
    assert (got.part, got.pixels.shape) == ("", DEEP.shape)
    (left,) = left_out(out.getvalue())
    assert "smaller copies" in left.reason


@pytest.mark.parametrize("options", [{"imagej": True}, {"truncate": True}])
def test_planes_behind_the_only_page_come_in(options):
    stack = RNG.integers(0, 65536, (5, 6, 7)).astype(np.uint16)
    got = images(tiff(stack, **options))
    assert np.array_equal([image.pixels for image in got], stack)


def test_the_size_of_a_pixel_is_that_of_imagej_and_no_printers():
    data = tiff(DEEP, imagej=True, resolution=(4, 4), metadata={"unit": "micron"})
    assert images(data)[0].um_per_px == 0.25
    assert images(tiff(DEEP, resolution=(300, 300)))[0].um_per_px is None


def test_channels_that_are_no_colours_are_images_of_their_own():
    stack = RNG.integers(0, 65536, (6, 7, 5)).astype(np.uint16)
    got = images(tiff(stack, photometric="minisblack", planarconfig="contig"))
    assert np.array_equal([image.pixels for image in got], np.moveaxis(stack, 2, 0))
    assert "5 channels" in got[0].notes[0]


def test_alpha_of_a_tiff_is_its_mask():
    values = np.dstack([COLOURS, np.where(DEEP > 30_000, 65535, 0).astype(np.uint16)])
    (got,) = images(tiff(values, photometric="rgb", extrasamples=["unassalpha"]))
    assert np.array_equal(got.pixels, COLOURS)
    assert got.mask is not None
    assert np.array_equal(got.mask, DEEP > 30_000)


@pytest.mark.parametrize("packed", [None, "tiff_lzw"])
def test_values_of_a_white_is_zero_tiff_are_as_stored(packed):
    values = (DEEP >> 8).astype(np.uint8)
    if packed is None:
        data = tiff(values, photometric="miniswhite")
    else:
        data = saved(Image.fromarray(values), "TIFF", compression=packed, tiffinfo={262: 0})
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            page: Any = file.pages[0]
            assert page.photometric == 0
        with Image.open(io.BytesIO(data)) as stored:  # Pillow inverts as it writes, or as it reads
            values = 255 - np.asarray(stored)
    (got,) = images(data)
    assert np.array_equal(got.pixels, values)
    assert "as stored" in got.notes[0]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "int32"])
def test_what_only_libtiff_unpacks_keeps_its_values(dtype):
    values = (DEEP // 300).astype(dtype)
    (got,) = images(saved(Image.fromarray(values), "TIFF", compression="tiff_lzw"))
    assert got.pixels.dtype == dtype
    assert np.array_equal(got.pixels, values)


def test_one_bit_of_a_fax_keeps_its_values():
    bits = DEEP > 30_000
    (got,) = images(saved(Image.fromarray(bits), "TIFF", compression="group4"))
    assert np.array_equal(got.pixels, bits)


@pytest.mark.parametrize("dtype", ["int8", "int16", "uint32", "float64", ">f4", ">u2"])
def test_types_of_a_tiff_survive(dtype):
    values = (DEEP // 600).astype(dtype)
    (got,) = images(tiff(values, byteorder=">" if dtype.startswith(">") else "<"))
    assert got.pixels.dtype == np.dtype(dtype).newbyteorder("=")
    assert np.array_equal(got.pixels, values)


def test_a_palette_of_a_tiff_becomes_its_colours():
    table = RNG.integers(0, 256, (3, 256)).astype(np.uint16) * 257
    numbers = (DEEP >> 8).astype(np.uint8)
    (got,) = images(tiff(numbers, photometric="palette", colormap=table))
    assert got.pixels.dtype == np.uint8
    assert np.array_equal(got.pixels, (table.T >> 8)[numbers])


def test_a_tiff_that_is_cut_off_is_refused():
    data = tiff(np.ones((64, 64), np.uint16), rowsperstrip=8)
    with pytest.raises(Unreadable, match="behind the end of the file"):
        read(data[:-3000])


def test_a_damaged_page_costs_itself():
    out = io.BytesIO()
    with tifffile.TiffWriter(out) as writer:
        for k in range(3):
            writer.write(DEEP + k, contiguous=False, compression="zlib")
    data = bytearray(out.getvalue())
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        place = file.pages[1].dataoffsets[0]
    data[place + 4 : place + 20] = bytes(16)
    assert [image.part for image in images(bytes(data))] == ["-0000", "-0002"]
    (left,) = left_out(bytes(data))
    assert left.part == "page 2"
    assert "damaged" in left.reason


@pytest.mark.parametrize(
    ("dtype", "kept"),
    [("bool", "uint8"), ("float16", "float32"), ("int64", "int32"), ("uint64", "int32"),
     (">f8", "float64"), (">i2", "int16"), ("int8", "int8"), ("uint32", "uint32")],
)  # fmt: skip
def test_types_of_an_array_are_kept_or_the_cast_is_said(dtype, kept):
    values = (DEEP % 2 if dtype == "bool" else DEEP // 600).astype(dtype)
    (got,) = images(npy(np.asfortranarray(values)))
    assert got.pixels.dtype == kept
    assert np.array_equal(got.pixels, values)
    assert len(got.notes) == (np.dtype(dtype).name != kept)


def test_whole_numbers_are_exact_or_refused():
    values = np.full((4, 4), 2**53, np.int64)
    (got,) = images(npy(values))
    assert got.pixels.dtype == np.float64
    assert np.array_equal(got.pixels.astype(np.int64), values)
    (got,) = images(npy(np.full((4, 4), 2**32 - 1, np.uint64)))
    assert got.pixels.dtype == np.uint32
    for value in (2**53 + 1, -(2**63)):
        with pytest.raises(Unreadable, match=r"beyond 2\^53"):
            read(npy(np.full((4, 4), value, np.int64)))
    with pytest.raises(Unreadable, match="complex"):
        read(npy(np.zeros((4, 4), complex)))
    with pytest.raises(Unreadable, match="columns a, b"):
        read(npy(np.zeros((4, 4), [("a", int), ("b", int)])))


@pytest.mark.parametrize(
    ("shape", "dtype", "count", "each"),
    [
        ((5, 8, 9), "float32", 5, (8, 9)),
        ((20, 30, 3), "uint8", 1, (20, 30, 3)),
        ((20, 30, 1), "uint8", 1, (20, 30)),
        ((1, 20, 30), "uint8", 1, (20, 30)),
        ((4, 8, 3, 1), "uint8", 4, (8, 3)),
        ((1, 4, 8, 3), "uint8", 1, (4, 8, 3)),
        ((5, 12, 14, 3), "float32", 5, (12, 14, 3)),
        ((2, 5, 12, 14), "uint16", 10, (12, 14)),
    ],
)
def test_shapes_of_an_array(shape, dtype, count, each):
    values = RNG.integers(0, 200, shape).astype(dtype)
    got = images(npy(values))
    assert np.array_equal(np.array([image.pixels for image in got]), values.reshape(count, *each))


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((4, 8, 3), "uint8"),
        ((20, 30, 3), "float32"),
        ((20, 30, 2), "uint16"),
        ((10, 8, 4), "uint8"),
        ((3, 40, 50), "uint8"),
        ((7, 3, 40, 50), "uint8"),
    ],
)
def test_a_shape_that_may_be_two_things_is_asked_about(shape, dtype):
    with pytest.raises(NeedsAnswer, match="Save images as"):
        read(npy(np.zeros(shape, dtype)))


def test_a_label_array_is_no_image():
    with pytest.raises(NeedsAnswer, match="label numbers by index"):
        read(npy(np.array([[0, 4, 9], [3, 5, 3]])))


def test_arrays_one_behind_the_other_all_come_in():
    got = images(npy(DEEP, DEEP + 1))
    assert [image.part for image in got] == ["-0000", "-0001"]
    (left,) = left_out(npy(DEEP) + b"rest")
    assert "4 bytes" in left.reason


def test_objects_in_npy_are_refused_and_not_run():
    with pytest.raises(Unreadable, match="could run code"):
        read(npy(np.array([{"a": 1}], dtype=object)))


def test_an_npy_header_that_lies_is_refused():
    header = b"\x93NUMPY\x01\x00\x76\x00" + (
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (300000, 300000), }".ljust(117) + b"\n"
    )
    with pytest.raises(Unreadable, match="claims"):
        read(header)


def test_images_of_an_hdf5_come_in_and_its_other_parts_are_named():
    data = hdf5(
        **{
            "entry/data": np.stack([np.pad(DEEP, 5)] * 2),
            "flat": np.pad(DEEP, 5).astype(">f4"),
            "positions": np.zeros((100, 3)),
            "times": np.zeros(5),
            "table": np.zeros(4, [("x", float), ("y", float)]),
        }
    )
    got = images(data)
    assert [image.part for image in got] == ["-flat", "-entry.data-0000", "-entry.data-0001"]
    assert all(np.array_equal(image.pixels, np.pad(DEEP, 5)) for image in got)
    told = {left.part: left.reason for left in left_out(data)}
    assert set(told) == {"positions", "times", "table"}
    assert "100 x 3 numbers" in told["positions"]
    (alone,) = images(hdf5(image=np.pad(DEEP, 5)))
    assert alone.part == ""


def test_links_of_an_hdf5_to_other_files_are_not_followed(tmp_path):
    (tmp_path / "secret.h5").write_bytes(hdf5(image=np.pad(DEEP, 5)))
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file["image"] = np.pad(DEEP, 5)
        file["there"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/image")
        layout = h5py.VirtualLayout((16, 17), "u2")
        layout[:] = h5py.VirtualSource(str(tmp_path / "secret.h5"), "image", (16, 17))
        file.create_virtual_dataset("virtual", layout)
    assert len(images(out.getvalue())) == 1
    assert {left.part for left in left_out(out.getvalue())} == {"there", "virtual"}


def test_an_hdf5_without_an_image_says_what_it_holds():
    with pytest.raises(Unreadable, match="table is a table of 4 rows"):
        read(hdf5(table=np.zeros(4, [("x", float)])))
