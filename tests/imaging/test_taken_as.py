"""What an image is taken for: a crop, an exposure, or a question."""

import io

import numpy as np
import pytest
from PIL import Image

from cloudchamber_worker.imaging import sandbox
from image_files import hdf5, npy, saved, tiff

FRAME = np.random.default_rng(3).integers(0, 4000, (300, 280)).astype(np.uint16)


@pytest.fixture
def decode_one(tmp_path):
    """The only file in these bytes, with its items."""

    def run(data: bytes, name: str, **options):
        (tmp_path / "upload").write_bytes(data)
        with (tmp_path / "upload").open("rb") as stream:
            (pair,) = [(file, list(file.items)) for file in sandbox.decode(stream, name, **options)]
        return pair

    return run


FORMATS = {
    "x.tif": tiff,
    "x.png": lambda image: saved(Image.fromarray(image), "PNG"),
    "x.npy": npy,
    "x.h5": lambda image: hdf5(image=image),
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_large_deep_image_is_asked_about_and_both_answers_hold(decode_one, name):
    data = FORMATS[name](FRAME)
    file, items = decode_one(data, f"run1/{name}")
    assert not items
    assert file.asks == "exposure_or_crop"
    assert file.question == (
        "280 x 300 px of uint16: a whole exposure, to be cut into cutouts, or one cutout?"
    )
    for taken_as, kind in (("exposures", "frame"), ("crops", "crop")):
        file, (item,) = decode_one(data, f"run1/{name}", taken_as=taken_as)
        assert (item.kind, item.name, file.question) == (kind, f"run1/{name}", None)
        assert np.array_equal(item.pixels, FRAME)


@pytest.mark.parametrize(
    ("image", "asked"),
    [
        (np.zeros((511, 900), np.uint8), False),
        (np.zeros((512, 512), np.uint8), True),
        (np.zeros((255, 900), np.float32), False),
        (np.zeros((256, 256), np.float32), True),
        (np.zeros((600, 700, 3), np.uint8), False),
    ],
)
def test_when_a_size_is_doubtful(decode_one, image, asked):
    file, items = decode_one(tiff(image), "x.tif")
    assert bool(file.question) is asked
    assert len(items) == (not asked)


def test_frames_of_a_stack_are_exposures(decode_one):
    _, items = decode_one(npy(np.stack([FRAME, FRAME + 1])), "s.npy", taken_as="exposures")
    assert [(item.name, item.about["plane"]) for item in items] == [
        ("s.npy-0000", 0),
        ("s.npy-0001", 1),
    ]
    assert items[0].about["header"] == {}


def test_colours_are_no_exposure(decode_one):
    data = saved(Image.new("RGB", (5, 4)), "PNG")
    file, _ = decode_one(data, "x.png", taken_as="exposures")
    assert file.refused == "has 3 colours; an exposure has one value a pixel"


def test_a_mask_and_notes_arrive_with_their_crop(decode_one):
    alpha = np.arange(35).reshape(5, 7).astype(np.uint8)
    image = np.dstack([alpha + 1, alpha])
    _, (item,) = decode_one(saved(Image.fromarray(image), "PNG"), "x.png")
    assert np.array_equal(item.mask, alpha > 0)
    assert item.about["notes"] == [
        "its alpha is its mask: 34 of 35 pixels are inside, 34 of them partly transparent"
    ]


def test_parts_that_do_not_come_in_are_told(decode_one):
    out = io.BytesIO()
    Image.fromarray(np.ones((9, 9), np.uint8)).save(
        out, "TIFF", save_all=True, append_images=[Image.new("CMYK", (9, 9))]
    )
    file, items = decode_one(out.getvalue(), "x.tif")
    assert [item.name for item in items] == ["x.tif-0000"]
    ((part, reason),) = file.parts_refused
    assert part == "page 2"
    assert "CMYK" in reason


def test_a_text_matrix_comes_with_a_question_unless_answered(decode_one):
    text = b"0,1,0\n1,1,1\n"
    file, (item,) = decode_one(text, "a.csv")
    assert item.about["text_matrix"] is True
    assert "2 x 3: an image, or a table" in file.question
    file, (item,) = decode_one(text, "a.csv", text_images="yes")
    assert (file.question, item.pixels.tolist()) == (None, [[0, 1, 0], [1, 1, 1]])
    file, items = decode_one(text, "a.csv", text_images="no")
    assert (items, file.question) == ([], None)
    assert "text is taken for no image" in file.ignored


def test_names_of_an_upload_are_composed(decode_one):
    file, (item,) = decode_one(npy(np.ones((3, 3))), "Malmo\u0308.npy")
    assert file.name == item.name == "Malm\u00f6.npy"
