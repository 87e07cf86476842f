import numpy as np
import pytest

from cloudchamber_worker.imaging.calibration import calibrate, calibration_frame
from cloudchamber_worker.imaging.dialects.amplifiers import layout_of
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.levels import baseline_and_noise
from cloudchamber_worker.imaging.masters import Master, make_masters
from fits_files import dark


def test_tracks_do_not_move_baseline_and_noise():
    image = dark((200, 200)).astype(np.float32)
    image[20:60, 20:60] += 5000
    baseline, noise = baseline_and_noise(image)
    assert baseline == pytest.approx(1000, abs=0.2)
    assert noise == pytest.approx(6.0, rel=0.03)


def test_noise_is_measured_below_a_median_that_most_pixels_share():
    rng = np.random.default_rng(0)
    image = np.rint(rng.normal(100, 0.35, 40_000))  # MAD 0
    assert np.median(np.abs(image - np.median(image))) == 0
    assert baseline_and_noise(image)[1] == pytest.approx(image.std(), rel=0.15)


def test_an_image_without_noise_has_noise_0():
    image = np.zeros((30, 30))
    image[3, 3] = 50
    assert baseline_and_noise(image) == (0, 0)


def test_no_finite_pixel_is_nan():
    assert np.isnan(baseline_and_noise(np.full((3, 3), np.nan))).all()


def test_overscan_is_subtracted_and_cut_off():
    raw = np.full((10, 20), 500, np.uint16)
    raw[:, 16:] = 480
    frame = calibrate(raw, {"DATASEC": "[1:16,1:10]", "BIASSEC": "[17:20,1:10]"})
    assert frame.image.shape == (10, 16)
    assert frame.amplifiers[0].overscan == 480
    assert frame.amplifiers[0].baseline == 20


def test_two_amplifiers_in_a_row_have_their_own_overscan():
    header = {"DATASEC": "[1:2048,1:350]", "AMPSROW": 2, "AMPSCOL": 1, "COVER": 32}
    left, right = layout_of(header, (350, 2112)).amplifiers
    assert left.overscan is not None and right.overscan is not None
    assert (left.data.x0, left.data.x1, left.overscan.x0) == (0, 1024, 2048)
    assert (right.data.x0, right.data.x1, right.overscan.x0) == (1024, 2048, 2080)


def test_every_amplifier_has_its_own_baseline_and_noise():
    raw = dark((128, 256)).astype(np.float32)
    raw[:, 128:] = np.random.default_rng(1).normal(400, 2, (128, 128))
    header = {"DATASEC1": "[1:128,1:128]", "DATASEC2": "[129:256,1:128]"}
    frame = calibrate(raw, header)
    assert [round(a.baseline) for a in frame.amplifiers] == [1000, 400]
    assert frame.noise[0, 0] == pytest.approx(6, rel=0.1)
    assert frame.noise[0, -1] == pytest.approx(2, rel=0.1)
    assert abs(np.median(frame.image[:, 128:])) < 0.5


def test_a_master_bias_is_subtracted():
    pattern = np.tile(np.arange(64) * 5.0, (64, 1))
    frames = [calibration_frame(dark((64, 64), seed=k) + pattern, {}) for k in range(5)]
    bias = make_masters("bias", frames).for_frame("", 0)
    frame = calibrate(dark((64, 64), seed=9) + pattern, {}, bias=bias, background="constant")
    assert np.abs(np.median(frame.image, axis=0)).max() < 6


def test_masters_of_another_size_are_refused():
    with pytest.raises(Unreadable, match=r"64 x 64.*master bias 32 x 32"):
        calibrate(dark((64, 64)), {}, bias=Master("bias", np.zeros((32, 32), np.float32), 1))
    with pytest.raises(Unreadable, match="differ in size"):
        make_masters("bias", [calibration_frame(dark(size), {}) for size in ((8, 8), (8, 9))])


def test_sky_lines_are_seen_and_taken_away():
    image = dark((300, 400)).astype(np.float32)
    image += 200 * np.sin(np.arange(400) / 9.0) ** 2
    image[50, 200] += 400
    frame = calibrate(image, {})
    assert frame.background == "columns"
    assert frame.image[50, 200] > 300
    assert (frame.image > 6 * frame.noise).sum() <= 2


def test_saturation_follows_the_header_or_the_type():
    raw = np.full((4, 4), 10, np.uint16)
    raw[0, 0] = 65535
    assert calibrate(raw, {}).saturated.sum() == 1
    assert calibrate(raw, {"SATURATE": 10}).saturated.all()
