import hashlib

import numpy as np
import pytest

from cloudchamber_worker.imaging.calibration import calibrate
from cloudchamber_worker.imaging.detection import above_threshold, find_footprints, threshold_of
from cloudchamber_worker.imaging.simulation import KINDS, simulate

PLAIN = 300.0  # ADU: a track of this charge is seen by eye


def digest(exposures):
    sha = hashlib.sha256()
    for exposure in exposures:
        sha.update(repr((exposure.name, exposure.header, exposure.tracks)).encode())
        sha.update(exposure.data.tobytes())
    return sha.hexdigest()


def test_the_same_seed_gives_the_same_bytes():
    first = digest(simulate(2, seed=7, size=256, tracks=20))
    assert digest(simulate(2, seed=7, size=256, tracks=20)) == first
    assert digest(simulate(2, seed=8, size=256, tracks=20)) != first


def test_exposures_differ_and_do_not_depend_on_how_many_there_are():
    one = next(simulate(1, seed=3, size=256, tracks=20))
    first, second = simulate(2, seed=3, size=256, tracks=20)
    assert np.array_equal(one.data, first.data)
    assert not np.array_equal(first.data, second.data)


def test_exposures_are_as_a_camera_writes_them():
    (exposure,) = simulate(1, seed=1, size=300, tracks=0)
    assert exposure.data.dtype == np.uint16
    assert exposure.data.shape == (300, 300)
    assert exposure.tracks == []
    state = calibrate(exposure.data, exposure.header)
    assert [a.baseline for a in state.amplifiers] == pytest.approx([1002, 968], abs=1)
    assert [a.noise for a in state.amplifiers] == pytest.approx([6, 6], abs=0.3)


@pytest.fixture(scope="module")
def demo():
    """An exposure as `cloudchamber demo` makes them, with its footprints."""
    (exposure,) = simulate(1, seed=1)
    state = calibrate(exposure.data, exposure.header)
    labels, boxes = find_footprints(above_threshold(state.image, threshold_of(state.noise)))
    return exposure, labels, boxes


def test_the_default_detection_finds_the_tracks(demo):
    exposure, labels, _ = demo
    plain = [track for track in exposure.tracks if track.charge > PLAIN]
    assert len(plain) > 100
    # Within 2 px of the middle, although that of a strongly bent track lies beside it.
    found = 0
    for track in plain:
        x, y = int(track.x), int(track.y)
        found += bool(labels[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3].any())
    assert found >= 0.9 * len(plain)


def test_the_default_detection_finds_little_else(demo):
    exposure, _, boxes = demo
    places = np.array([(track.x, track.y) for track in exposure.tracks])
    far = 0
    for rows, columns in boxes:
        inside = (places[:, 0] >= columns.start - 12) & (places[:, 0] <= columns.stop + 12)
        inside &= (places[:, 1] >= rows.start - 12) & (places[:, 1] <= rows.stop + 12)
        far += not inside.any()
    assert far <= 0.05 * len(boxes)


def test_every_kind_is_among_many_tracks():
    (exposure,) = simulate(1, seed=2, size=512, tracks=400)
    assert {track.kind for track in exposure.tracks} == set(KINDS)
