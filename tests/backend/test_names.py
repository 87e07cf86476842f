"""Names: the shortest suffix that is one's own, and one resolver for everybody."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloudchamber.data.names import Names, short_names, suffixes, without_suffix


def test_a_name_is_the_stem_where_that_is_unique_and_else_the_shortest_suffix():
    paths = ["train/0/1.png", "train/1/1.png", "train/1/2.png", "a.png", "a.tif", "x/61.jpg.png"]
    assert short_names(paths) == ["0/1", "1/1", "2", "a.png", "a.tif", "61.jpg"]


def test_members_of_archives_are_told_apart_by_their_archive():
    assert short_names(["run0.zip/1.png", "run1.zip/1.png"]) == ["run0.zip/1", "run1.zip/1"]


def test_cutouts_of_exposures_keep_their_number():
    paths = ["run1/exp_001.fits:0", "run2/exp_001.fits:0", "run1/exp_001.fits:1", "b.fits-AMP1:3"]
    assert short_names(paths) == ["run1/exp_001:0", "run2/exp_001:0", "exp_001:1", "b-AMP1:3"]


@pytest.mark.parametrize("name", ["v1.2_roi.5", "noext", ".png", "a.b/c", "x.fits.d/e"])
def test_only_the_suffix_of_an_image_is_removed(name: str):
    assert without_suffix(name) == name


def test_the_longest_suffix_decides():
    names = Names(["day1/crops/1.png", "day2/crops/1.png", "day1/crops/2.png"])
    assert names("/home/me/day2/crops/1.png") == 1
    assert names("day1\\crops\\1.png") == 0
    assert names("day2/crops/1") == 1
    assert names.find("1.png").ordinals == (0, 1)
    assert names("1.png") is None
    assert names("2.jpg") == 2


def test_composed_and_decomposed_names_are_the_same():
    names = Names([unicodedata.normalize("NFC", "pics/Malmö_01.png")])
    assert names(unicodedata.normalize("NFD", "Malmö_01.png")) == 0


def test_case_is_ignored_only_where_that_leaves_one():
    names = Names(["B.PNG", "c.png", "C.png"])
    assert names("b.png") == 0
    assert names.find("b.png").how == "case"
    assert names("c.png") == 1
    assert Names(["c.png", "C.png"]).find("C.PNG").ordinals == (1,)  # the ending is an image's
    assert Names(["cd.png", "cD.png"]).find("CD").ordinal is None


def test_a_row_of_another_folder_never_takes_a_neighbours_place():
    names = Names(["day1/1.png", "day1/2.png"])
    resolved = names.resolve(["day1/1.png", "day2/1.png", "old/2.png"])
    assert resolved.ordinals.tolist() == [0, -1, 1]
    assert resolved.contradicted == [1]
    assert resolved.by_file_name == [2]


def test_an_ambiguous_row_says_how_many_it_meets():
    resolved = Names(["a/1.png", "b/1.png", "c.png"]).resolve(["1.png", "c", "d", None, ""])
    assert resolved.ordinals.tolist() == [-1, 2, -1, -1, -1]
    assert resolved.ambiguous == {0: 2}
    assert resolved.unknown == [2]


PART = st.text("ab1.", min_size=1, max_size=3).filter(lambda t: t.strip("."))
PATH = st.lists(PART, min_size=1, max_size=3).map("/".join)


@given(st.lists(st.tuples(PATH, st.sampled_from(["", ".png", ".tif", ".fits:1"])), max_size=12))
def test_every_name_finds_its_own_cutout_and_no_other(parts: list[tuple[str, str]]):
    paths = list(dict.fromkeys(path + end for path, end in parts))
    names = Names(paths)
    assert len(set(names.names)) == len(paths)
    for ordinal, (name, path) in enumerate(zip(names.names, paths, strict=True)):
        assert name in {*suffixes(path), path}
        assert names(path) == ordinal
        assert names(name) in (ordinal, None)
