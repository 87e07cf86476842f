"""Matrices in text files: never images unless asked, or a folder shows it."""

import numpy as np
import pytest

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.matrices import TextFolders, read_matrix, refuse_tables
from image_files import images, read


@pytest.mark.parametrize("separator", [",", ";", "\t", " "])
def test_matrices_are_read_whatever_separates_them(separator):
    (got,) = images(f"0{separator}1\n1{separator}0\n".encode())
    assert got.from_text
    assert got.pixels.dtype == np.uint8
    assert got.pixels.tolist() == [[0, 1], [1, 0]]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-8-sig"])
def test_a_matrix_of_any_encoding_is_read_as_a_table_would_be(encoding):
    (got,) = read_matrix("0,7\n1,0\n".encode(encoding))
    assert got.pixels.tolist() == [[0, 7], [1, 0]]
    assert bool(got.notes) == encoding.startswith("utf-16")


def test_numbers_of_a_matrix_are_exact_or_refused():
    (got,) = images(b"1.5,2\n3,4\n")
    assert got.pixels.dtype == np.float64
    (got,) = images(b"0,5;1,25\n2;3\n")
    assert got.pixels.tolist() == [[0.5, 1.25], [2, 3]]
    assert "decimal commas" in got.notes[0]
    (got,) = images(b"300,-1\n3,4\n")
    assert got.pixels.dtype == np.int32
    with pytest.raises(Unreadable, match=r"beyond 2\^53"):
        read(b"123456789012345678,1\n1,1\n")


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("D2014_IFCB.adc", b"1,0.1,0.2,33,40,5\n2,0.1,0.3,50,60,7\n", "named .*adc"),
        ("labels/one.txt", b"0 0.512 0.43 0.1 0.2\n", "YOLO"),
        ("labels/two.txt", b"0 0.512 0.43 0.1 0.2\n3 0.5 0.5 0.5 0.5\n", "YOLO"),
        ("row.csv", b"1,2,3\n", "one row"),
        ("column.dat", b"1\n2\n3\n", "one column"),
    ],
)
def test_tables_without_a_header_are_no_images(name, text, told):
    (image,) = images(text)
    with pytest.raises(Unreadable, match=told):
        refuse_tables(image, name)


@pytest.mark.parametrize("name", ["000061.csv", "a/b.txt", "m.csv.gz", "m.dat", "m"])
def test_matrices_may_be_images_under_their_usual_names(name):
    (image,) = images(b"0,1\n1,0\n")
    refuse_tables(image, name)


@pytest.mark.parametrize(
    ("shapes", "are_images"),
    [
        ([(3, 4), (6, 6), (5, 4), (7, 9), (3, 3)], True),
        ([(28, 28)] * 6, True),
        ([(3, 4), (6, 6), (5, 4), (7, 9)], False),  # too few
        ([(9, 24), (5, 24), (7, 24), (1, 24), (30, 24)], False),  # tables with 24 columns
        ([(2, 5)] * 9, False),
    ],
)
def test_a_folder_shows_whether_its_matrices_are_images(shapes, are_images):
    folders = TextFolders()
    for k, shape in enumerate(shapes):
        folders.add(f"run/{k}.csv", shape)
        folders.add(f"other{k}/x.csv", (9, 9))
    assert folders.are_images("run/0.csv") is are_images
    assert not folders.are_images("other0/x.csv")


def test_real_cutouts_are_known_by_their_folder(shared_data):
    folders = TextFolders()
    for path in sorted((shared_data / "damic" / "cutouts").glob("*.csv")):
        (image,) = images(path.read_bytes())
        refuse_tables(image, path.name)
        folders.add(f"cutouts/{path.name}", image.pixels.shape)
    assert folders.are_images("cutouts/000061.csv")
