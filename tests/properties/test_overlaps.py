"""Matching of footprints against a brute force over sets of pixels."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cloudchamber_worker.imaging.overlaps import match_footprints, pixels_of

# A label of 0 to 4 for each of 24 pixels: footprints that have no pixel in common.
sides = st.lists(st.integers(0, 4), min_size=24, max_size=24)


def footprints(labels):
    found = [np.flatnonzero(np.array(labels) == k).astype(np.int64) for k in range(1, 5)]
    return [pixels for pixels in found if len(pixels)]


def brute_force(old, new):
    pairs = [
        (-len(set(a.tolist()) & set(b.tolist())), j, i)
        for i, a in enumerate(old)
        for j, b in enumerate(new)
    ]
    partner = [-1] * len(new)
    for shared, j, i in sorted(pairs):
        if shared and partner[j] < 0 and i not in partner:
            partner[j] = i
    return partner


@given(sides, sides)
def test_the_pair_that_shares_most_is_matched_first(before, after):
    old, new = footprints(before), footprints(after)
    assert match_footprints(old, new).partner.tolist() == brute_force(old, new)


@given(sides, sides)
def test_every_overlap_is_counted(before, after):
    old, new = footprints(before), footprints(after)
    found = match_footprints(old, new)
    pairs = zip(found.old.tolist(), found.new.tolist(), found.shared.tolist(), strict=True)
    assert {(i, j): n for i, j, n in pairs} == {
        (i, j): n
        for i, a in enumerate(old)
        for j, b in enumerate(new)
        if (n := len(set(a.tolist()) & set(b.tolist())))
    }


@given(sides)
def test_a_detection_matches_itself(labels):
    all_of_them = footprints(labels)
    partner = match_footprints(all_of_them, all_of_them).partner
    assert partner.tolist() == list(range(len(all_of_them)))


def test_pixels_are_placed_in_the_frame():
    mask = np.array([[True, False], [True, True]])
    assert pixels_of(mask, 3, 2, 10).tolist() == [23, 33, 34]
