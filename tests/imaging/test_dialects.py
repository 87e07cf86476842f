"""What detectors' headers mean, for the tracks that are found: five, whatever the dialect."""

import io
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudchamber_worker.imaging.calibration import calibrate, calibration_frame
from cloudchamber_worker.imaging.dialects.amplifiers import layout_of
from cloudchamber_worker.imaging.dialects.settings import DetectorSettings
from cloudchamber_worker.imaging.dialects.units import electrons_per_unit, pixel_unit, read_unit
from cloudchamber_worker.imaging.errors import NeedsAnswer, Unreadable
from cloudchamber_worker.imaging.frame import Frame, NoExposure
from cloudchamber_worker.imaging.frames import read_frames
from cloudchamber_worker.imaging.masters import make_masters
from fits_files import dark, fits_bytes
from tracks import CHARGE, N_TRACKS, SHAPE, exposure, footprints_by_hand, found, signal

H, W = SHAPE


def frames(*hdus, **options) -> list[Any]:
    """Frames, and what is none."""
    data = fits_bytes(*hdus)
    return list(read_frames(io.BytesIO(data), "f.fits", len(data), **options))


def calibrated(frame: Frame, **options):
    return calibrate(frame.data, frame.header, mask=frame.mask, **options)


def with_overscan_between(half: np.ndarray, other: np.ndarray, gap: int = 20) -> np.ndarray:
    """Two halves of a readout, each with half a gap of overscan at its inner side."""
    over = dark((half.shape[0], gap), seed=5)
    return np.hstack([half, over, other])


# ── sections ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("names", ["12", "AB"])
def test_what_no_section_names_is_no_data(names):
    left, right = exposure()[:, :80], exposure()[:, 80:] - np.uint16(300)
    raw = with_overscan_between(left, right)
    one, two = names
    header = {
        f"DATASEC{one}": f"[1:80,1:{H}]", f"BIASSEC{one}": f"[81:90,1:{H}]",
        f"DATASEC{two}": f"[101:180,1:{H}]", f"BIASSEC{two}": f"[91:100,1:{H}]",
    }  # fmt: skip
    frame = calibrate(raw, header)
    n, charge = found(frame)
    assert n == footprints_by_hand(left) + footprints_by_hand(right) == N_TRACKS
    assert charge == pytest.approx(CHARGE, rel=0.02)
    assert np.isnan(frame.image[:, 80:100]).all()
    assert frame.masked == {"in no section": 20 * H}


def test_sections_of_the_image_before_it_was_trimmed_are_not_used():
    header = {"DATASEC": f"[21:{W + 20},1:{H}]", "BIASSEC": f"[1:20,1:{H}]"}
    frame = calibrate(exposure(), header)
    assert (frame.image.shape, frame.origin) == (SHAPE, (0, 0))
    assert found(frame)[0] == N_TRACKS
    assert any("does not lie in" in note and "not used" in note for note in frame.notes)
    assert any("BIASSEC" in note for note in frame.notes)


def test_ltv_says_where_sections_of_a_trimmed_image_lie():
    header = {"TRIMSEC": f"[21:{W + 10},1:{H}]", "LTV1": -20.0, "BIASSEC": f"[1:20,1:{H}]"}
    layout = layout_of(header, SHAPE)
    (amplifier,) = layout.amplifiers
    assert (amplifier.data.x0, amplifier.data.x1, amplifier.overscan) == (0, W - 10, None)


def test_sections_of_the_unbinned_detector_are_not_used():
    header = {"DATASEC": f"[11:{2 * W},1:{2 * H}]", "CCDSUM": "2 2"}
    frame = calibrate(exposure(), header)
    assert frame.image.shape == SHAPE
    assert found(frame)[0] == N_TRACKS
    assert len(frame.notes) == 1


def test_sections_that_overlap_cannot_both_be_true():
    layout = layout_of({"DATASEC1": "[1:100,1:96]", "DATASEC2": "[90:160,1:96]"}, SHAPE)
    assert len(layout.amplifiers) == 1
    assert "overlap" in layout.notes[0]


def test_an_overscan_over_data_is_not_used():
    layout = layout_of({"DATASEC": "[1:160,1:96]", "BIASSEC": "[1:20,1:96]"}, SHAPE)
    assert layout.amplifiers[0].overscan is None
    assert "lies over data" in layout.notes[0]


def test_ccdsecs_that_tile_a_trimmed_image_are_its_amplifiers():
    header = {"CCDSECA": "[1:80,1:96]", "CCDSECB": "[81:160,1:96]"}
    assert [a.name for a in layout_of(header, SHAPE).amplifiers] == ["A", "B"]
    header = {"CCDSECA": "[1:80,1:96]", "CCDSECB": "[2049:2128,1:96]"}
    assert len(layout_of(header, SHAPE).amplifiers) == 1


@pytest.mark.parametrize("prescan", [10, "[1:10,1:96]"])
def test_a_prescan_is_no_data(prescan):
    raw = exposure()
    raw[:, :10] = 60_000
    frame = calibrate(raw, {"PRESCAN": prescan})
    assert (frame.origin, frame.image.shape) == ((10, 0), (H, W - 10))
    assert found(frame)[0] == N_TRACKS


def test_a_person_draws_the_sections():
    settings = DetectorSettings(data_sections=("[1:80,1:96]", "[81:160,1:96]"), gain=(1.5, 2.0))
    layout = layout_of({"DATASEC": "[3:20,1:96]", "GAIN": 9.0}, SHAPE, settings)
    assert [(a.data.x0, a.gain) for a in layout.amplifiers] == [(0, 1.5), (80, 2.0)]


def test_a_dead_amplifier_leaves_its_neighbour():
    raw = exposure().astype(np.float32)
    raw[:, :20] = np.nan
    frame = calibrate(raw, {"DATASEC1": f"[1:20,1:{H}]", "DATASEC2": f"[21:{W},1:{H}]"})
    assert found(frame)[0] == footprints_by_hand(exposure()[:, 20:])
    assert any("amplifier 1" in note and "left out" in note for note in frame.notes)
    with pytest.raises(Unreadable, match="no finite pixel"):
        calibrate(np.full(SHAPE, np.nan, np.float32), {})


def test_gains_are_read_per_amplifier_and_a_cameras_setting_is_none():
    header = {"DATASECA": "[1:80,1:96]", "DATASECB": "[81:160,1:96]", "GAINA": 1.2, "GAINB": "1.3"}
    assert [a.gain for a in layout_of(header, SHAPE).amplifiers] == [1.2, 1.3]
    assert layout_of({"GAIN": 120, "EGAIN": 0.25}, SHAPE).amplifiers[0].gain == 0.25
    assert layout_of({"GAIN": 0}, SHAPE).amplifiers[0].gain is None


# ── extensions ───────────────────────────────────────────────────────────────────────────────


def sci(data, name="SCI", ver=1):
    hdu = fits.ImageHDU(data, name=name)
    hdu.ver = ver
    return hdu


def test_errors_and_masks_are_no_exposures_and_masks_mask():
    image = exposure().astype(np.float32)
    image[:, 140] += 2000
    flags = np.zeros(SHAPE, np.int16)
    flags[:, 140] = 4
    got = frames(fits.PrimaryHDU(), sci(image), sci(np.sqrt(image), "ERR"), sci(flags, "DQ"))
    (frame,) = [one for one in got if isinstance(one, Frame)]
    assert found(calibrated(frame))[0] == N_TRACKS
    assert frame.flags == {4: H}
    others = {one.part: one.reason for one in got if isinstance(one, NoExposure)}
    assert "errors" in others["HDU 2 (ERR)"]
    assert "mask" in others["HDU 3 (DQ)"]


def test_bits_of_a_mask_can_be_chosen():
    flags = np.zeros(SHAPE, np.int16)
    flags[:, 140], flags[3, :] = 4, 16
    hdus = fits.PrimaryHDU(exposure()), sci(flags, "DQ")
    chosen = frames(*hdus, settings=lambda _: DetectorSettings(mask_bits=16))
    (frame,) = [one for one in chosen if isinstance(one, Frame)]
    assert frame.mask is not None
    assert frame.mask.sum() == W
    assert frame.used_flags == 16


def test_bits_that_mark_cosmic_rays_do_not_mask():
    flags = np.where(signal() > 0, 4096, 0).astype(np.int16)
    primary = fits.PrimaryHDU()
    primary.header["TELESCOP"] = "HST"
    (frame,) = [
        one for one in frames(primary, sci(exposure()), sci(flags, "DQ")) if isinstance(one, Frame)
    ]
    assert found(calibrated(frame))[0] == N_TRACKS


def test_masks_go_to_the_exposure_of_their_version():
    first, second = (np.zeros(SHAPE, np.uint8) for _ in range(2))
    first[0], second[:, 0] = 1, 1
    got = frames(
        fits.PrimaryHDU(), sci(exposure(1)), sci(exposure(2), ver=2),
        sci(first, "DQ"), sci(second, "DQ", 2),
    )  # fmt: skip
    one, two = (frame.mask for frame in got if isinstance(frame, Frame))
    assert one is not None and two is not None
    assert (one[0].all(), two[:, 0].all()) == (True, True)
    assert (one.sum(), two.sum()) == (W, H)


def test_an_unnamed_extension_of_flags_is_a_mask_and_frames_of_few_counts_are_not():
    flags = np.zeros(SHAPE, np.uint8)
    flags[5] = 1
    got = frames(fits.PrimaryHDU(exposure()), fits.ImageHDU(flags))
    assert [type(one) for one in got] == [Frame, NoExposure]
    sparse = (signal() > 0).astype(np.uint8)
    got = frames(fits.PrimaryHDU(sparse), fits.ImageHDU(sparse))
    assert [type(one) for one in got] == [Frame, Frame]


def test_exttype_tells_where_the_name_does_not():
    noise = sci(np.ones(SHAPE, np.float32), "SECOND")
    noise.header["HDUCLAS2"] = "ERROR"
    got = frames(fits.PrimaryHDU(exposure()), noise)
    assert [type(one) for one in got] == [Frame, NoExposure]


def test_every_image_is_an_exposure_where_it_is_said():
    hdus = fits.PrimaryHDU(exposure()), sci(np.ones(SHAPE, np.float32), "ERR")
    assert all(isinstance(one, Frame) for one in frames(*hdus, as_they_are=True))


def test_three_values_a_pixel_are_three_planes():
    cube = np.stack([exposure(k) for k in range(3)], axis=-1)
    got = frames(fits.PrimaryHDU(cube))
    assert [one.data.shape for one in got] == [SHAPE] * 3
    assert [found(calibrated(one))[0] for one in got] == [N_TRACKS] * 3
    assert "NAXIS1" in got[0].notes[0]


def test_four_axes_are_planes():
    got = frames(fits.PrimaryHDU(np.stack([[exposure(k)] for k in range(2)])))
    assert [one.suffix for one in got] == ["-p000", "-p001"]


def test_a_cut_off_extension_is_named_and_the_others_are_taken():
    data = fits_bytes(fits.PrimaryHDU(), *(sci(exposure(k), f"AMP{k}") for k in range(3)))
    cut = data[: len(data) - 20 * 2880 // 2]
    got: list[Any] = list(read_frames(io.BytesIO(cut), "f.fits", len(cut)))
    assert [type(one) for one in got] == [Frame, Frame, NoExposure]
    assert got[-1].refused
    assert got[-1].part == "HDU 3 (AMP2)"
    assert "cut off" in got[-1].reason


# ── values ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("dtype", "zero"), [("uint16", 32768), ("int16", 0), ("uint32", 2**31), ("int32", 0)]
)
def test_blank_is_no_value_in_every_type(dtype, zero):
    image = exposure().astype(dtype)
    image[30:40, 130:138] = 5 + zero if zero else -3
    hdu = fits.PrimaryHDU(image)
    hdu.header["BLANK"] = 5 if zero else -3
    (frame,) = frames(hdu)
    n, charge = found(calibrated(frame))
    assert n == N_TRACKS
    assert charge == pytest.approx(CHARGE, rel=0.02)


def test_infinite_is_no_value():
    image = exposure().astype(np.float32)
    image[5, 5:8], image[50, 5] = np.inf, -np.inf
    frame = calibrate(image, {})
    assert found(frame)[0] == N_TRACKS
    assert frame.masked == {"infinite": 4}


@pytest.mark.parametrize("level", [0, 5e8, 2e9])
def test_a_high_level_costs_no_charge(level):
    frame = calibrate(exposure().astype(np.float64) + level, {})
    assert found(frame) == pytest.approx((N_TRACKS, CHARGE), rel=0.02)


@settings(deadline=None, max_examples=25)
@given(
    st.integers(0, 20), st.sampled_from([1e-6, 1 / 65535, 1e-3, 0.37, 2.0, 1e6]),
    st.sampled_from([0.0, 1e9, -1e6]), st.booleans(),
)  # fmt: skip
def test_footprints_do_not_depend_on_the_unit(seed, factor, shift, digitised):
    image = exposure(seed).astype(np.float64)
    if not digitised:
        image += np.random.default_rng(seed).normal(0, 0.3, SHAPE)

    def footprints(pixels):
        frame = calibrate(pixels, {})
        return above(frame)

    def above(frame):
        return np.argwhere(frame.image > 6 * frame.noise).tolist()

    assert footprints(image * factor) == footprints(image)
    assert footprints(image + shift) == footprints(image)


@pytest.mark.parametrize(
    ("written", "unit"),
    [("ELECTRONS", "electron"), ("e-", "electron"), ("photoelectron", "electron"), ("adu", "ADU"),
     ("electrons/s", "electron/s"), ("ELECTRONS/S", "electron/s"), ("e-/sec", "electron/s"),
     ("electron s-1", "electron/s"), ("DN", "DN"), ("DN/s", "DN/s"), ("counts", "count"),
     ("keV", "keV"), ("ADU per second", "ADU/s")],
)  # fmt: skip
def test_units_are_read_as_they_are_written(written, unit):
    assert read_unit(written) == (unit, True)


def test_an_unknown_unit_stays_as_it_is_and_is_said():
    unit = pixel_unit({"BUNIT": "furlongs"}, exposure())
    assert unit.text == "furlongs"
    assert "not known" in unit.source


def test_what_is_not_stated_is_assumed():
    assert (pixel_unit({}, exposure()).text, pixel_unit({}, exposure()).stated) == ("ADU", False)
    assert pixel_unit({}, exposure() / 65535).text == "normalised"


def test_electrons_need_a_gain_and_rates_a_time():
    of = {text: pixel_unit({"BUNIT": text}, exposure()) for text in ("ADU", "electron/s", "keV")}
    assert electrons_per_unit(of["ADU"], 2.0, None) == 2.0
    assert electrons_per_unit(of["ADU"], None, None) is None
    assert electrons_per_unit(of["electron/s"], 2.0, None) is None
    assert electrons_per_unit(of["electron/s"], 2.0, 30.0) == 30.0
    assert electrons_per_unit(of["keV"], 2.0, 30.0) is None


def test_an_inverted_frame_is_turned_where_it_is_said():
    frame = calibrate(3000 - exposure(), {}, inverted=True)
    assert found(frame) == pytest.approx((N_TRACKS, CHARGE), rel=0.02)
    assert frame.amplifiers[0].baseline == pytest.approx(2000, abs=1)


# ── Skipper ──────────────────────────────────────────────────────────────────────────────────


def raw_skipper(n: int, noise: float = 40.0) -> np.ndarray:
    samples = np.repeat(signal() * 10, n, axis=1)
    return np.rint(samples + np.random.default_rng(2).normal(1000, noise, samples.shape)).astype(
        np.uint16
    )


@pytest.mark.parametrize(
    "header", [{"NSAMP": "8", "NCOL": "160"}, {"NSAMP": 8}, {"NDCMS": 8}, {"NSKIPS": "8.0"}]
)
def test_samples_of_a_raw_skipper_frame_are_averaged(header):
    hdu = fits.PrimaryHDU(raw_skipper(8))
    hdu.header.update(header)
    (frame,) = frames(hdu)
    assert (frame.data.shape, frame.step) == (SHAPE, (8, 1))
    cal = calibrated(frame)
    assert found(cal) == pytest.approx((N_TRACKS, 10 * CHARGE), rel=0.02)
    assert cal.amplifiers[0].noise == pytest.approx(40 / np.sqrt(8), rel=0.1)
    assert "averaged" in frame.notes[0]


def test_the_first_samples_can_be_left_out():
    raw = raw_skipper(4)
    raw[:, ::4] += 5000
    hdu = fits.PrimaryHDU(raw)
    hdu.header["NSAMP"], hdu.header["NCOL"] = 4, W
    (frame,) = frames(hdu, settings=lambda _: DetectorSettings(skip_samples=1))
    assert np.median(frame.data) == pytest.approx(1000, abs=2)


def test_an_averaged_frame_stays_though_its_keyword_divides_its_columns():
    hdu = fits.PrimaryHDU(exposure())
    hdu.header["NDCMS"] = 8
    (frame,) = frames(hdu)
    assert frame.data.shape == SHAPE


def test_where_nothing_tells_it_is_asked():
    hdu = fits.PrimaryHDU(dark(SHAPE))
    hdu.header["NDCMS"] = 8
    with pytest.raises(NeedsAnswer, match="NDCMS is 8") as asked:
        frames(hdu)
    assert asked.value.asks == "skipper_samples"
    assert frames(hdu, skipper="average")[0].data.shape == (H, W // 8)
    assert frames(hdu, skipper="averaged")[0].data.shape == SHAPE


# ── masters ──────────────────────────────────────────────────────────────────────────────────


def dents(raw: np.ndarray) -> np.ndarray:
    raw = raw.astype(np.float32)
    raw[80, 10:60:10] -= 120
    return raw


def test_the_bias_goes_out_of_raw_darks_first():
    biases = [calibration_frame(dents(dark(SHAPE, seed=k)), {}) for k in range(3)]
    darks = [calibration_frame(dents(dark(SHAPE, seed=k + 5, level=1010)), {}) for k in range(3)]
    bias = make_masters("bias", biases)
    both = make_masters("dark", darks, bias).for_frame("", 0)
    assert both is not None
    assert both.notes == ("bias taken out first (3 of 3)",)
    light = dents(exposure(9))
    assert found(calibrate(light, {}, bias=bias.for_frame("", 0), dark=both))[0] == N_TRACKS


@pytest.mark.parametrize("header", [{"SUBBIAS": "ccd=<CCDData>"}, {"BIASCORR": "COMPLETE"}, {}])
def test_darks_that_say_or_show_that_the_bias_is_out_keep_what_they_are(header):
    level = 1000 if header else 10  # without a word, the level tells
    bias = make_masters("bias", [calibration_frame(dents(dark(SHAPE)), {})])
    dark_frame = calibration_frame(dark(SHAPE, seed=3).astype(np.float32) - 1000 + level, header)
    master = make_masters("dark", [dark_frame], bias).for_frame("", 0)
    assert master is not None
    assert "not taken out" in master.notes[0]
    assert np.median(master.image) == pytest.approx(level, abs=1)


def test_a_bias_is_not_taken_out_of_a_light_that_says_it_is():
    bias = make_masters("bias", [calibration_frame(dents(dark(SHAPE)), {})]).for_frame("", 0)
    frame = calibrate(exposure(), {"ZEROCOR": "Zero level correction"}, bias=bias)
    assert found(frame)[0] == N_TRACKS
    assert any("not subtracted" in note for note in frame.notes)


def test_the_median_of_a_master_ignores_nan():
    one, two, three = (dark(SHAPE, seed=k).astype(np.float32) for k in range(3))
    one[4, 4], two[7, 7], three[7, 7], one[7, 7] = np.nan, np.nan, np.nan, np.nan
    made = make_masters("bias", [calibration_frame(raw, {}) for raw in (one, two, three)])
    master = made.for_frame("", 0)
    assert master is not None
    assert np.argwhere(np.isnan(master.image)).tolist() == [[7, 7]]
    assert master.n == 3


def test_masters_are_for_the_extension_of_their_name_else_place():
    made = make_masters("bias", [
        calibration_frame(dark(SHAPE, level=100 * k), {}, extension=name, place=k)
        for k, name in enumerate(("A", "B"), 1)
    ])  # fmt: skip
    levels = [made.for_frame("B", 1), made.for_frame("", 1), made.for_frame("C", 7)]
    assert [one and round(float(np.median(one.image)), -2) for one in levels] == [200, 100, None]


def test_darks_scale_with_the_time_where_it_is_asked():
    pattern = np.zeros(SHAPE, np.float32)
    pattern[:, 70:74] = 400
    dark_frame = calibration_frame(dark(SHAPE) - 1000.0 + pattern, {"EXPTIME": 100})
    master = make_masters("dark", [dark_frame]).for_frame("", 0)
    light, header = exposure() + pattern / 4, {"EXPTIME": 25}
    scaled = calibrate(light, header, dark=master, scale_dark=True, background="constant")
    assert scaled.dark_scale == 0.25
    assert abs(np.median(scaled.image[:, 70:74])) < 3
    plain = calibrate(light, header, dark=master, background="constant")
    assert any("not scaled" in note for note in plain.notes)


# ── background ───────────────────────────────────────────────────────────────────────────────


def test_a_glow_is_followed_by_a_mesh():
    y, x = np.mgrid[: 2 * H, : 2 * W]
    glow = 400 * np.exp(-np.hypot(2 * H - y, 2 * W - x) / 60)
    tracks = np.pad(signal(), ((H, 0), (W, 0)))  # in the glow
    raw = dark((2 * H, 2 * W)) + glow + tracks
    frame = calibrate(raw, {})
    assert frame.background == "mesh"
    assert found(frame) == pytest.approx((N_TRACKS, CHARGE), rel=0.05)
    assert found(calibrate(raw, {}, background="constant"))[0] != N_TRACKS


def test_a_flat_frame_has_a_constant_background():
    assert calibrate(exposure(), {}).background == "constant"
    assert calibrate(dark((300, 200)), {}).background == "constant"


def test_what_is_subtracted_can_be_put_back():
    raw = dark((128, 160)) + 60 * np.sin(np.arange(160) / 40) * np.arange(128)[:, None] / 64
    for choice in ("columns", "mesh"):
        frame = calibrate(raw, {}, background=choice)
        (state,) = frame.amplifiers
        level = state.background.image(frame.image.shape)
        restored = frame.image + level + state.baseline
        assert np.abs(restored - raw).max() < 0.01
