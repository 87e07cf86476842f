"""Cutouts keep their pixels, their order and the memory of having been seen before."""

import numpy as np
import pytest

from cloudchamber.data import cutout_groups, cutouts, exposures
from cloudchamber.data.cutouts import HAS_NAN, NewCutout, append_cutouts, iter_pixels
from cloudchamber.data.database import Database
from cloudchamber.errors import Conflict, Invalid, NotFound
from filled import Filled, small_cutouts


@pytest.mark.parametrize("shape", [(1, 1), (3, 200), (6, 5, 3)])
def test_pixels_come_back_as_they_were(
    database: Database, filled: Filled, shape: tuple[int, ...]
) -> None:
    mask = np.indices(shape[:2]).sum(0) % 2 == 0
    types = ["uint8", "uint16", "int16", "int32", "float32", "float64", ">i2"]
    sent = [np.arange(np.prod(shape)).reshape(shape).astype(dtype) for dtype in types]
    batch = [NewCutout(dtype, p, mask) for dtype, p in zip(types, sent, strict=True)]
    with database.write() as session:
        ordinals = append_cutouts(session, filled.id, batch)
    with database.read() as session:
        back = list(iter_pixels(session, filled.id, ordinals=ordinals))
    assert [ordinal for ordinal, _, _ in back] == ordinals == list(range(10, 17))
    for pixels, (_, again, inside) in zip(sent, back, strict=True):
        assert again.dtype == pixels.dtype.newbyteorder("<")
        assert np.array_equal(again, pixels)
        assert inside is not None
        assert np.array_equal(inside, mask)


def test_nan_is_kept_and_flagged(database: Database, filled: Filled) -> None:
    pixels = np.array([[1.0, np.nan]], np.float32)
    with database.write() as session:
        [ordinal] = append_cutouts(session, filled.id, [NewCutout("nan", pixels)])
        cutout = cutouts.get_cutout(session, filled.id, ordinal)
        [(_, again, mask)] = iter_pixels(session, filled.id, start=ordinal)
    assert cutout.flags == HAS_NAN
    assert cutouts.flag_names(cutout.flags) == ["has_nan"]
    assert np.array_equal(again, pixels, equal_nan=True)
    assert mask is None


def test_ordinals_are_dense_and_pixels_come_in_order(database: Database, filled: Filled) -> None:
    with database.write() as session:
        more = append_cutouts(session, filled.id, small_cutouts(1200, "m", 100))
    assert more == list(range(10, 1210))
    with database.read() as session:
        seen = [(o, int(p[0, 0])) for o, p, _ in iter_pixels(session, filled.id, 5, 700)]
        some = [o for o, _, _ in iter_pixels(session, filled.id, ordinals=[900, 3, 3, 7])]
    assert seen == [(o, o if o < 10 else o + 90) for o in range(5, 700)]
    assert some == [3, 7, 900]


def test_duplicates_point_to_the_first(database: Database, filled: Filled) -> None:
    same = np.full((4, 5), 3, np.int32)  # the pixels of c3
    batch = [
        NewCutout("again", same),
        NewCutout("other type", same.astype(np.int16)),
        NewCutout("other shape", same.reshape(5, 4)),
        NewCutout("twice", same.astype(np.float32)),
        NewCutout("thrice", same.astype(np.float32)),
    ]
    with database.write() as session:
        append_cutouts(session, filled.id, batch)
        found = cutouts.find_cutouts(session, filled.id, duplicates=True)
    assert [(c.name, c.duplicate_of) for c in found] == [("again", 3), ("thrice", 13)]


def test_a_taken_path_adds_nothing(database: Database, filled: Filled) -> None:
    with pytest.raises(Conflict, match="has a cutout c"), database.write() as session:
        append_cutouts(session, filled.id, [*small_cutouts(1, "x"), *small_cutouts(5, "c")])
    with pytest.raises(Conflict), database.write() as session:
        append_cutouts(session, filled.id, small_cutouts(2, "y") + small_cutouts(1, "y"))
    with database.read() as session:
        assert len(cutouts.paths(session, filled.id)) == filled.n


def test_what_is_no_image_is_refused(database: Database, filled: Filled) -> None:
    for shape, dtype in [((2, 0), "u1"), ((4,), "u1"), ((2, 2), "c8"), ((1, 1, 1, 1), "u1")]:
        with pytest.raises(Invalid), database.write() as session:
            append_cutouts(session, filled.id, [NewCutout("bad", np.zeros(shape, dtype))])


def test_a_mask_of_another_shape_is_refused(database: Database, filled: Filled) -> None:
    bad = NewCutout("bad", np.zeros((3, 3)), np.ones((3, 4), bool))
    with pytest.raises(Invalid, match="mask"), database.write() as session:
        append_cutouts(session, filled.id, [bad])


def test_groups_keep_exposures_sources_and_copies_together(
    database: Database, filled: Filled
) -> None:
    new = exposures.NewExposure("e", "e.fits", 10, 10, "int16")
    with database.write() as session:
        exposure_id = exposures.add_exposure(session, filled.id, new)
        batch = [
            NewCutout("e:0", np.full((2, 2), 1.0), exposure_id=exposure_id),
            NewCutout("e:1", np.full((2, 2), 2.0), exposure_id=exposure_id),
            NewCutout("a/0", np.full((2, 2), 3.0), source_group="a"),
            NewCutout("a/1", np.full((2, 2), 4.0), source_group="a"),
            NewCutout("copy of c2", np.full((4, 5), 2, np.int32), source_group="a"),
        ]
        append_cutouts(session, filled.id, batch)
        found = cutout_groups.groups(session, filled.id)
    assert found.dtype == np.int32
    assert found[:10].tolist() == list(range(10))
    assert found[10:].tolist() == [10, 10, 11, 11, 2]


def test_names_are_found_by_a_part_of_them(database: Database, filled: Filled) -> None:
    odd = [
        NewCutout(n, np.full((1, 1), float(k))) for k, n in enumerate(["100%_a", "100xya", "ABC"])
    ]
    with database.write() as session:
        append_cutouts(session, filled.id, odd)
        assert [c.name for c in cutouts.find_cutouts(session, filled.id, name="0%_")] == ["100%_a"]
        assert [c.name for c in cutouts.find_cutouts(session, filled.id, name="abc")] == ["ABC"]
        assert cutouts.paths(session, filled.id)[12] == "ABC"
        with pytest.raises(NotFound):
            cutouts.get_cutout(session, filled.id, 99)


def test_a_later_file_of_the_same_name_lengthens_both(database: Database, filled: Filled) -> None:
    with database.write() as session:
        for k, path in enumerate(["run1/a.png", "run2/a.png", "b.png"]):
            append_cutouts(session, filled.id, [NewCutout(path, np.full((2, 2), float(k)))])
        assert cutouts.names(session, filled.id)[-3:] == ["run1/a", "run2/a", "b"]
        assert cutouts.paths(session, filled.id)[-3:] == ["run1/a.png", "run2/a.png", "b.png"]
