import numpy as np
import pytest

from cloudchamber_worker.imaging.measurements import MEASUREMENTS, NAMES, measure

ANGLES = [i for i, m in enumerate(MEASUREMENTS) if m.states_angle]


def named(pixels, mask=None):
    return dict(zip(NAMES, measure(pixels, mask), strict=True))


def line(length=30, width=40):
    image = np.zeros((9, width), np.float32)
    image[4, 4 : 4 + length] = 100
    return image


def test_a_straight_line_is_straight():
    got = named(line())
    assert got["pixels"] == 30
    assert got["charge"] == 3000
    assert got["length"] == pytest.approx(30)
    assert got["straightness"] == pytest.approx(1, abs=0.02)
    assert got["line_residual"] == pytest.approx(0, abs=1e-4)
    assert got["curvature"] == pytest.approx(0, abs=1e-5)
    assert (got["end_points"], got["branches"], got["holes"], got["components"]) == (2, 0, 0, 1)
    assert got["angle"] == pytest.approx(0)


def test_an_arc_has_the_curvature_of_its_circle():
    image = np.zeros((80, 80), np.float32)
    for angle in np.linspace(0.9, 2.2, 300):
        image[round(70 - 60 * np.sin(angle)), round(40 + 60 * np.cos(angle))] = 1
    got = named(image)
    assert got["curvature"] == pytest.approx(1 / 60, rel=0.25)
    assert got["parabola_residual"] < got["line_residual"] / 3


def test_a_ring_has_a_hole_and_a_cross_a_branch():
    y, x = np.mgrid[-10:11, -10:11]
    ring = (np.hypot(x, y) < 9) & (np.hypot(x, y) > 5)
    assert named(ring.astype(np.uint8))["holes"] == 1
    cross = np.zeros((21, 21), np.uint8)
    cross[10, :] = cross[:, 10] = 1
    got = named(cross)
    assert (got["branches"], got["end_points"]) == (1, 4)


def test_two_parts_are_counted():
    image = np.zeros((5, 9), np.uint8)
    image[2, 1] = image[2, 6] = 1
    assert named(image)["components"] == 2


def test_taper_tells_a_bright_end():
    flat, bright = line(), line()
    bright[4, 24:34] *= 5
    assert named(flat)["taper"] == pytest.approx(0, abs=0.01)
    assert named(bright)["taper"] > 0.4


@pytest.mark.parametrize(
    "pixels",
    [
        np.ones((1, 1)),
        np.full((1, 1), np.nan),
        np.zeros((3, 4)),
        np.full((4, 4), np.nan),
        np.full((3, 3), -5.0),
        np.ones((5, 5, 3), np.uint8),
        np.random.default_rng(0).integers(0, 255, (12, 9, 3)).astype(np.uint8),
        np.eye(2),
        np.array([[1e30, 1.0], [0.0, np.inf]]),
    ],
)
def test_odd_cutouts_are_measured_without_complaint(pixels):
    assert measure(pixels).shape == (len(MEASUREMENTS),)


def test_a_single_pixel_has_no_direction():
    got = named(np.pad(np.ones((1, 1)), 2))
    assert got["pixels"] == 1
    assert all(np.isnan(got[n]) for n in ("angle", "curvature", "straightness", "taper"))


def test_the_given_mask_is_what_is_measured():
    image = np.full((6, 6), 3.0)
    mask = np.zeros((6, 6), bool)
    mask[2:4, 2:5] = True
    got = named(image, mask)
    assert (got["pixels"], got["charge"], got["width"], got["height"]) == (6, 18, 2, 3)


def test_dark_grain_and_bright_grain_measure_alike():
    y, x = np.mgrid[-15:16, -15:16]
    grain = 120.0 * (np.hypot(x / 1.6, y) < 7)
    bright = named((40 + grain).astype(np.uint8))
    dark = named((200 - grain).astype(np.uint8))
    assert bright["pixels"] == dark["pixels"] > 100
    assert bright["charge"] == dark["charge"]


def test_names_are_unique_and_described():
    assert len(set(NAMES)) == len(NAMES)
    assert all(m.description and m.title for m in MEASUREMENTS)
    assert len(ANGLES) == 1
