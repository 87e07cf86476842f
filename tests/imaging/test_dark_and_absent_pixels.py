"""Files whose bytes look like something else, and pixels that a file lists but does not hold."""

import io

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from cloudchamber_worker.imaging.crops import read_crops
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.kinds import kind_of
from cloudchamber_worker.imaging.pixels import LeftOut
from cloudchamber_worker.imaging.tables import looks_like_table, table_kind

DARK = np.arange(20 * 30, dtype=np.uint16).reshape(20, 30) % 200 + 10


def saved(save, *arguments, **options) -> bytes:
    packed = io.BytesIO()
    save(packed, *arguments, **options)
    return packed.getvalue()


def read(data: bytes):
    found = list(read_crops(data, kind_of(data[:512])))
    return [i for i in found if not isinstance(i, LeftOut)], [
        i for i in found if isinstance(i, LeftOut)
    ]


@pytest.mark.parametrize(
    "data",
    [
        saved(np.save, DARK),
        b"P5\n30 20\n1023\n" + DARK.astype(">u2").tobytes(),
        saved(tifffile.imwrite, DARK),
    ],
    ids=["npy", "pgm", "tiff"],
)
def test_a_dark_image_of_16_bits_is_no_text(data):
    assert table_kind(data[:512]) is None
    (image,), _ = read(data)
    assert image.pixels.dtype == np.uint16
    assert np.array_equal(image.pixels, DARK)


def test_text_of_two_bytes_a_letter_is_known_still():
    assert table_kind("image,class\na.png,dust\n".encode("utf-16-le")) == "text"


def test_planes_that_ome_lists_and_the_file_lacks_are_named_not_made():
    stack = np.stack([DARK, DARK + 1, DARK + 2])
    whole = saved(tifffile.imwrite, stack, ome=True, metadata={"axes": "ZYX"})
    images, left = read(whole)
    assert (len(images), left) == (3, [])
    listed = tifffile.TiffFile(io.BytesIO(whole)).ome_metadata
    alone = saved(tifffile.imwrite, DARK, description=listed, metadata=None, ome=False)
    images, (absent,) = read(alone)
    assert [np.array_equal(image.pixels, DARK) for image in images] == [True]
    assert absent.part == "2 of 3 planes"
    assert not absent.ignored


def test_whole_numbers_that_may_have_been_rounded_are_refused():
    with pytest.raises(Unreadable, match="2\\^53"):
        list(read_crops(b"9007199254740993,2\n3,4\n", "text"))


def test_a_matrix_with_decimal_commas_is_no_table_of_words():
    data = b"1,5;2,5;3\n-3,5;4,5;1e3\n"
    assert not looks_like_table(data)
    (image,) = read_crops(data, "text")
    assert not isinstance(image, LeftOut)
    assert image.pixels.tolist() == [[1.5, 2.5, 3.0], [-3.5, 4.5, 1000.0]]
    assert looks_like_table(b"image;area\n1.png;2,5\n")


def test_what_stands_behind_a_png_is_named():
    png = saved(Pillow.fromarray(DARK.astype(np.uint8)).save, "PNG")
    assert read(png)[1] == []
    for behind, ignored in ((png, False), (b"settings", True)):
        images, (rest,) = read(png + behind)
        assert len(images) == 1
        assert (rest.part, rest.ignored) == ("end", ignored)


def test_an_array_without_pixels_says_so():
    with pytest.raises(Unreadable, match="no pixels"):
        list(read_crops(saved(np.save, np.zeros((0, 5, 5))), "npy"))


def test_a_gif_says_that_its_palette_became_colours():
    gif = saved(Pillow.fromarray(DARK.astype(np.uint8)).save, "GIF")
    (image,), _ = read(gif)
    assert image.pixels.shape == (20, 30, 3)
    assert "palette" in image.notes[0]
