"""Where footprints are, and in which direction they lie."""

import numpy as np
import pytest

from cloudchamber_worker.imaging.measurements import NAMES, measure
from cloudchamber_worker.imaging.positions import charge_centre, in_file


def test_the_centre_is_weighted_by_charge():
    pixels = np.zeros((5, 7), np.float32)
    pixels[2, 1], pixels[2, 5] = 300, 100
    assert charge_centre(pixels, pixels > 0) == (2.0, 2.0)


def test_what_has_no_charge_has_no_weight():
    pixels = np.array([[-50, 10, np.nan, 10]], np.float32)
    assert charge_centre(pixels, np.ones((1, 4), bool)) == (2.0, 0.0)
    assert charge_centre(np.full((3, 3), -1.0), np.eye(3, dtype=bool)) == (1.0, 1.0)
    assert charge_centre(np.zeros((3, 5)), np.zeros((3, 5), bool)) == (2.0, 1.0)


def test_places_in_the_file_begin_with_1_behind_what_was_trimmed():
    x, y = in_file(np.array([0.0, 3.5]), np.array([0.0, 9.0]), (20, 4))
    assert (x.tolist(), y.tolist()) == ([21.0, 24.5], [5.0, 14.0])


def test_a_pixel_of_eight_columns_has_its_place_in_their_middle():
    x, _ = in_file(np.array([0.0, 1.0]), np.zeros(2), (0, 0), (8, 1))
    assert x.tolist() == [4.5, 12.5]  # columns 1 to 8, and 9 to 16


@pytest.mark.parametrize(("rows_up", "angle"), [(True, 45), (False, 135)])
def test_angles_are_counted_as_the_image_is_drawn(rows_up, angle):
    pixels = np.eye(12) * 100
    values = measure(pixels, pixels > 0, rows_up=rows_up)
    assert values[NAMES.index("angle")] == pytest.approx(angle)
