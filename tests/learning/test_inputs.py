import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudchamber_worker.learning import inputs
from cloudchamber_worker.learning.quantiles import fit_quantile_scaling


def averaged_once(image: np.ndarray) -> np.ndarray:
    """One step of the seed's downscaling, as its appendix draws it."""
    rows = (image[:-1] + image[1:]) / 2
    return (rows[:, :-1] + rows[:, 1:]) / 2


def test_downscaling_is_the_repeated_average_of_four_neighbours():
    image = np.random.default_rng(0).random((90, 90), np.float32)
    expected = image
    while expected.shape[0] > 64:
        expected = averaged_once(expected)
    np.testing.assert_allclose(inputs.downscale(image[None])[0], expected, atol=1e-5)


def test_downscaling_pads_what_is_small_about_its_centre():
    small = inputs.downscale(np.ones((1, 4, 6), np.float32) * np.float32(0.5))
    assert small.shape == (1, 64, 64)
    # The padding continues the border: a constant image stays constant.
    assert (small == 0.5).all()


def test_zoom_keeps_the_mean_and_the_aspect():
    image = np.zeros((1, 64, 64), np.float32)
    image[:, 16:48, 28:36] = 1
    zoomed = inputs.zoom_to_fit(image)
    assert zoomed.shape == (1, 32, 32)
    assert zoomed.mean() == pytest.approx(image.mean(), abs=1e-6)
    assert zoomed[0, 8:24, 14:18].all()
    assert zoomed.sum() == pytest.approx(16 * 4)


def test_native_window_keeps_pixels_as_they_are():
    image = np.arange(100 * 80, dtype=np.float32).reshape(1, 100, 80)
    assert (inputs.native_window(image)[0] == image[0, 34:66, 24:56]).all()


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    channels=st.sampled_from([None, 3]),
    dtype=st.sampled_from(["uint8", "uint16", "int32", "float32", "float64"]),
    holes=st.booleans(),
    representation=st.sampled_from(["two_scale", "downscaled", "fitted"]),
)
def test_any_cutout_becomes_a_packed_image(height, width, channels, dtype, holes, representation):
    shape = (height, width) if channels is None else (height, width, channels)
    pixels = (np.random.default_rng(0).random(shape) * 200).astype(dtype)
    if holes and pixels.dtype.kind == "f":
        pixels.ravel()[::2] = np.nan
    scaling = inputs.fit_pixel_scaling([pixels])
    packed = inputs.represent(pixels, scaling, representation)
    assert packed.shape == inputs.packed_shape(scaling, representation)
    assert packed.dtype == np.uint8


def test_a_frame_of_nan_is_dark_and_not_an_error():
    pixels = np.full((5, 5), np.nan, np.float32)
    scaling = inputs.fit_pixel_scaling([pixels])
    assert not inputs.represent(pixels, scaling, "two_scale").any()


def test_grey_and_colour_cutouts_share_a_set():
    grey, colour = np.full((9, 9), 100, np.uint8), np.full((9, 9, 3), 50, np.uint8)
    scaling = inputs.fit_pixel_scaling([grey, colour])
    assert scaling.channels == 3
    packed = inputs.pack([grey, colour], 2, scaling, "two_scale")
    assert packed.shape == (2, 6, 32, 32)


def test_binary_scaling_sees_only_what_is_above_the_background():
    pixels = np.zeros((8, 8), np.float32)
    pixels[3:5, 3:5] = [[1, 50], [900, 2]]
    scaling = inputs.fit_pixel_scaling([pixels], "binary")
    assert scaling.unit(pixels).sum() == 4


def test_asinh_scaling_shows_faint_beside_bright():
    pixels = np.random.default_rng(0).normal(0, 6, (40, 40)).astype(np.float32)
    pixels[20] += 100
    pixels[20, 20] = 60_000
    scaling = inputs.fit_pixel_scaling([pixels] * 3)
    assert scaling.kind == "asinh"
    unit = scaling.unit(pixels)[0]
    assert unit[20, :10].mean() > 5 * unit[:10].mean()


def test_missing_measurements_sit_in_the_middle():
    values = np.random.default_rng(0).lognormal(size=(500, 3)).astype(np.float32)
    values[::3, 1] = np.nan
    values[:, 2] = 7
    scaled = fit_quantile_scaling(values).transform(values)
    assert abs(scaled[:, 0].mean()) < 0.05
    assert scaled[:, 0].std() == pytest.approx(1, abs=0.1)
    assert not scaled[::3, 1].any()
    assert not scaled[:, 2].any()


def test_infinite_and_wholly_missing_columns_do_no_harm():
    values = np.array([[np.inf, np.nan], [1, np.nan], [2, np.nan]], np.float32)
    scaled = fit_quantile_scaling(values).transform(values)
    assert np.isfinite(scaled).all()
    assert not scaled[:, 1].any()
