import numpy as np

from cloudchamber_worker.imaging import detection
from cloudchamber_worker.imaging.detection import above_threshold, cut_out, find_footprints


def cuts_of(image, **options):
    labels, boxes = find_footprints(image > 5)
    return list(cut_out(image, labels, boxes, **options))


def test_pixels_that_touch_at_a_corner_are_one_footprint():
    image = np.zeros((9, 9), np.float32)
    image[[2, 3, 4], [2, 3, 4]] = 10
    (cut,) = cuts_of(image, margin=1)
    assert cut.mask.sum() == 3
    assert (cut.x0, cut.y0, cut.pixels.shape) == (1, 1, (5, 5))


def test_a_cutout_keeps_pixel_values_and_only_its_own_mask():
    image = np.zeros((12, 12), np.float32)
    image[4, 4], image[4, 6] = 10, 20
    first, second = cuts_of(image, margin=3)
    assert first.pixels.max() == 20
    assert first.mask.sum() == second.mask.sum() == 1
    assert first.pixels[first.mask] == 10


def test_footprints_at_the_border_are_flagged():
    image = np.zeros((9, 9), np.float32)
    image[0, 4] = image[5, 5] = 10
    assert [cut.flags for cut in cuts_of(image)] == [detection.EDGE, 0]


def test_a_long_footprint_is_kept_cropped_and_flagged():
    image = np.zeros((400, 20), np.float32)
    image[:, 10] = 10
    image[300, 10] = 50
    (cut,) = cuts_of(image, margin=2, max_size=64)
    assert cut.flags == detection.EDGE | detection.CROPPED
    assert cut.pixels.max() == 50
    assert cut.mask.sum() == 64


def test_small_footprints_are_left_out():
    image = np.zeros((9, 9), np.float32)
    image[1, 1] = 10
    image[5, 4:7] = 10
    assert len(cuts_of(image, min_pixels=2)) == 1


def test_nan_is_never_above():
    image = np.array([[np.nan, 7.0]], np.float32)
    assert above_threshold(image, np.zeros(1, np.float32)).tolist() == [[False, True]]


def test_single_electrons_are_below_threshold_where_they_stand_apart():
    noise = np.full((1, 1), 0.16, np.float32)
    assert detection.threshold_of(noise, 6.0, electrons=True)[0, 0] > 1.5
    assert detection.threshold_of(noise, 6.0)[0, 0] < 1
    assert detection.threshold_of(noise, 0.5, "adu", electrons=True)[0, 0] == 0.5
