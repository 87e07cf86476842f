"""What stands behind the end of an image: another image is refused, and nothing goes unsaid."""

import io

import h5py
import numpy as np
import pytest
import tifffile
from PIL import Image

from image_files import images, left_out, saved

GREY = np.random.default_rng(0).integers(0, 200, (20, 24)).astype(np.uint8)


def tiff() -> bytes:
    out = io.BytesIO()
    tifffile.imwrite(out, GREY, software="a text of some length")
    return out.getvalue()


FILES = {
    "PNG": saved(Image.fromarray(GREY), "PNG"),
    "JPEG": saved(Image.fromarray(GREY), "JPEG"),
    "progressive": saved(Image.fromarray(GREY), "JPEG", progressive=True),
    "GIF": saved(Image.fromarray(GREY), "GIF"),
    "BMP": saved(Image.fromarray(GREY), "BMP"),
    "WEBP": saved(Image.fromarray(GREY), "WEBP", lossless=True),
    "TIFF": tiff(),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_second_image_behind_the_first_is_refused(kind):
    first = FILES[kind]
    assert not left_out(first)
    assert not left_out(first + bytes(3))  # padding
    for name in ("GIF", "TIFF") if kind != "TIFF" else ("TIFF",):
        (left,) = left_out(first + FILES[name])
        assert not left.ignored
        assert left.reason == (
            f"{len(FILES[name])} bytes behind it are another {name}: one file holds one"
        )
    assert len(images(first + FILES["TIFF"])) == 1


@pytest.mark.parametrize("kind", [kind for kind in FILES if kind != "TIFF"])
def test_what_else_is_behind_an_image_is_ignored_and_said(kind):
    (left,) = left_out(FILES[kind] + b"SEFH of a telephone")
    assert left.ignored
    assert left.reason == "19 bytes behind it are no part of the image"


def test_frames_of_an_animation_end_where_its_file_does():
    frames = [Image.fromarray(np.roll(GREY, k, 0)) for k in range(3)]
    for kind in ("GIF", "WEBP"):
        data = saved(frames[0], kind, save_all=True, append_images=frames[1:])
        assert len(images(data)) == 3
        assert not left_out(data)
        assert len(left_out(data + FILES["PNG"])) == 1


def test_an_hdf5_link_to_a_dataset_that_is_in_is_said(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["a/image"] = GREY
        file["hard"] = file["a/image"]
        file["soft"] = h5py.SoftLink("/a")
    data = (tmp_path / "x.h5").read_bytes()
    assert len(images(data)) == 1
    told = {left.part: left.reason for left in left_out(data)}
    assert len(told) == 2
    assert all("by another name: a link" in reason for reason in told.values())
