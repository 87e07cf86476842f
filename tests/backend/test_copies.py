"""Copies of a cutout: what counts as one, and what they hold together."""

from collections.abc import Iterator

import numpy as np
import pytest
from alembic import command

from cloudchamber.data import cutout_groups, cutouts
from cloudchamber.data.copies import canonical_hash, firsts, is_telling, keep_together
from cloudchamber.data.cutouts import NewCutout, append_cutouts
from cloudchamber.data.database import Database
from filled import Filled


def symmetries(pixels: np.ndarray) -> Iterator[np.ndarray]:
    for mirrored in (pixels, pixels[:, ::-1]):
        for quarter in range(4):
            yield np.rot90(mirrored, quarter)


def noisy(seed: int, shape: tuple[int, ...] = (12, 9)) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def spot(value: int = 200, side: int = 5) -> np.ndarray:
    pixels = np.zeros((side, side), np.uint8)
    pixels[1, 2] = value
    return pixels


@pytest.mark.parametrize("shape", [(1, 1), (3, 8), (8, 3), (7, 7), (4, 6, 3), (40, 300)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, bool])
def test_all_eight_symmetries_have_one_hash(shape: tuple[int, ...], dtype: type):
    pixels = (noisy(0, shape) * 40).astype(dtype)
    assert len({canonical_hash(copy) for copy in symmetries(pixels)}) == 1


def test_symmetric_images_have_one_hash_too():
    for side in (2, 31, 64):
        half = np.diag(np.arange(side, dtype=np.float32))
        assert len({canonical_hash(copy) for copy in symmetries(half + half[::-1])}) == 1


def test_another_value_type_or_shape_is_another_image():
    pixels = (noisy(0) * 40).astype(np.int16)
    other = pixels.copy()
    other[3, 3] += 1
    unlike = [pixels, other, pixels.astype(np.int32), pixels.reshape(9, 12), np.roll(pixels, 1)]
    assert len({canonical_hash(p) for p in unlike}) == 5


@pytest.mark.parametrize(
    ("pixels", "telling"),
    [
        (spot(), False),
        (np.ones((30, 30), np.uint8), False),
        (np.zeros((1, 1), np.float32), False),
        (np.pad(np.ones((2, 3), np.uint8), 1), False),
        (noisy(0), True),
        (np.eye(40, dtype=np.uint8), True),
        (noisy(0, (300, 300, 3)), True),
    ],
    ids=["one pixel", "blank", "1x1", "a dot", "noise", "a track", "a photograph"],
)
def test_simple_images_tell_no_copies(pixels: np.ndarray, telling: bool):
    assert {is_telling(canonical_hash(copy)) for copy in symmetries(pixels)} == {telling}


def test_copies_link_groups_from_one_to_the_next():
    a, b, c, d = (canonical_hash(noisy(seed)) for seed in range(4))
    #  groups: 0 and 1 share a, 1 and 2 share b; 3 shares nothing.
    groups = np.array([0, 0, 1, 1, 2, 2, 3])
    hashes = [a, c, a, b, b, d, canonical_hash(noisy(9))]
    assert keep_together(groups, hashes).tolist() == [0, 0, 0, 0, 0, 0, 1]
    assert firsts(hashes).tolist() == [0, 1, 0, 3, 3, 5, 6]


def test_simple_images_link_nothing_and_follow_their_first():
    """Given one bright pixel in every exposure, then no group is chained to another by it: each
    such cutout alone goes where the first of its kind is."""
    pixel = canonical_hash(spot())
    groups = np.repeat(np.arange(4), 3)
    hashes = [h for seed in range(4) for h in (canonical_hash(noisy(seed)), pixel, None)]
    assert keep_together(groups, hashes).tolist() == [0, 0, 0, 1, 0, 1, 2, 0, 2, 3, 0, 3]


def test_turned_copies_keep_sources_exposures_and_singles_together(
    database: Database, filled: Filled
) -> None:
    track = np.diag(np.arange(1, 31)).astype(np.uint16)
    batch = [
        NewCutout("a/0", noisy(0), source_group="a"),
        NewCutout("a/1", track, source_group="a"),
        NewCutout("b/0", track[::-1], source_group="b"),
        NewCutout("b/1", noisy(1), source_group="b"),
        NewCutout("c/0", noisy(2), source_group="c"),
        NewCutout("alone", np.rot90(noisy(1))),
        NewCutout("exact", noisy(2)),
    ]
    with database.write() as session:
        append_cutouts(session, filled.id, batch[:2])
        append_cutouts(session, filled.id, batch[2:])
        found = cutout_groups.groups(session, filled.id)[filled.n :]
        assert cutouts.get_cutout(session, filled.id, filled.n + 2).duplicate_of is None
    assert (found - found[0]).tolist() == [0, 0, 0, 0, 1, 0, 1]


def test_a_database_of_before_learns_of_its_copies(database: Database, filled: Filled) -> None:
    with database.write() as session:
        append_cutouts(
            session,
            filled.id,
            [NewCutout("one", noisy(0)), NewCutout("turned", np.rot90(noisy(0)))],
        )
        before = cutout_groups.canonical_hashes(session, filled.id)
        config = database.migration_config(session.connection())
        command.downgrade(config, "0003")
        command.upgrade(config, "head")
        assert cutout_groups.canonical_hashes(session, filled.id) == before
        assert before[-1] == before[-2] is not None
