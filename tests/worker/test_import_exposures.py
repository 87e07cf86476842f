"""Exposures of many dialects, brought through the import."""

import io

import numpy as np
import pytest
from astropy.io import fits

from cloudchamber.data import columns, cutouts, detectors, exposures
from cloudchamber.data.columns import MEASURING_RULE
from cloudchamber.data.detectors import DetectorSettings
from fits_files import dark, fits_bytes
from tracks import CHARGE, N_TRACKS, SHAPE, exposure

H, W = SHAPE


def fits_file(image, **cards) -> bytes:
    hdu = fits.PrimaryHDU(image)
    hdu.header.update(cards)
    return fits_bytes(hdu)


def read(importer, name):
    with importer.database.read() as session:
        (column,) = columns.find_columns(session, importer.dataset_id, names=[name])
        return column, columns.read_column(session, column)


def flags(importer):
    with importer.database.read() as session:
        found = cutouts.find_cutouts(session, importer.dataset_id)
        return [cutouts.flag_names(cutout.flags) for cutout in found]


def test_single_pixels_at_the_edge_are_where_they_are(importer):
    image, places = dark(SHAPE), [(0, 64), (1, 20), (90, 0), (W - 1, H - 1), (100, 60)]
    for x, y in places:
        image[y, x] += 500
    importer.run({"a.fits": fits_file(image)})
    found = zip(*(read(importer, name)[1].tolist() for name in ("x", "y")), strict=True)
    assert sorted(found) == sorted((float(x), float(y)) for x, y in places)
    in_file = zip(*(read(importer, f"{name}_file")[1] for name in "xy"), strict=True)
    assert sorted(in_file) == sorted((x + 1.0, y + 1.0) for x, y in places)


def test_places_in_the_file_count_what_was_trimmed(importer):
    raw = np.hstack([dark((H, 20)), exposure()])
    importer.run({"a.fits": fits_file(raw, DATASEC=f"[21:{W + 20},1:{H}]")})
    apart = read(importer, "x_file")[1] - read(importer, "x")[1]
    assert apart == pytest.approx([21] * N_TRACKS, abs=1e-3)


def test_units_never_mix_silently(importer):
    importer.run(
        {
            "adu.fits": fits_file(exposure(), GAIN=2.0),
            "electrons.fits": fits_file(exposure(1).astype(np.float32), BUNIT="electron"),
            "rate.fits": fits_file(exposure(2).astype(np.float32), BUNIT="electron/s"),
        }
    )
    assert any("ADU" in note for note in importer.account_of["electrons.fits"].notes)
    charge, values = read(importer, "charge")
    assert charge.unit == "mixed"
    assert "ADU in 1 exposure" in charge.description
    unit, codes = read(importer, "pixel_unit")
    told = [(unit.categories or [])[code] for code in codes]
    assert told == ["ADU"] * N_TRACKS + ["electron"] * N_TRACKS + ["electron/s"] * N_TRACKS
    electrons = read(importer, "charge_electron")[1]
    assert electrons[:N_TRACKS] == pytest.approx(2 * values[:N_TRACKS])
    assert electrons[N_TRACKS : 2 * N_TRACKS] == pytest.approx(values[N_TRACKS : 2 * N_TRACKS])
    assert np.isnan(electrons[2 * N_TRACKS :]).all()  # no exposure time


def test_hot_pixels_are_said(importer):
    files = {}
    for k in range(4):
        image = dark(SHAPE, seed=k)
        image[40, 10 + 20 * k : 15 + 20 * k] += 600
        image[10, 100:103] += 800
        files[f"{k}.fits"] = fits_file(image, INSTRUME="CAM")
    importer.run(files)
    assert any("3 pixels" in note and "CAM" in note for note in importer.result["notes"])


def test_the_colours_of_one_image_have_no_hot_pixels_in_common(importer):
    cube = np.stack([exposure(k) for k in range(3)], axis=-1)
    importer.run({"a.fits": fits_file(cube)})
    assert importer.result["notes"] == []


def test_hot_pixels_are_masked(importer):
    files = {}
    for k in range(4):
        image = dark(SHAPE, seed=k)
        image[40, 10 + 20 * k : 15 + 20 * k] += 600
        image[10, 100:103] += 800
        files[f"{k}.fits"] = fits_file(image)
    importer.run(files, mask_hot=True)
    with importer.database.read() as session:
        frames = exposures.list_exposures(session, importer.dataset_id)
        assert [frame.n_footprints for frame in frames] == [1] * 4
        assert frames[0].calibration["masked"] == {"hot pixels": 3}


def test_a_mask_of_defects_is_given(importer):
    image = exposure()
    image[10, 100:103] += 800
    defects = np.zeros(SHAPE, np.uint8)
    defects[10, 100:103] = 1
    importer.run({"a.fits": fits_file(image), "bad.fits": ("defects", fits_file(defects))})
    with importer.database.read() as session:
        (frame,) = exposures.list_exposures(session, importer.dataset_id)
        assert frame.n_footprints == N_TRACKS
        assert frame.calibration["masked"] == {"defects": 3}


def test_an_inverted_frame_is_said(importer):
    importer.run({"a.fits": fits_file(3000 - exposure())})
    assert any("polarity" in note for note in importer.account_of["a.fits"].notes)


def test_rows_columns_and_bleeding_are_flagged(importer):
    image = dark((128, 128))
    image[:, 20] += 300  # all of a column
    image[90, 30:120] += 300  # most of a row
    image[40:60, 70] = 65535  # charge that ran along its column
    image[10:14, 100:104] += 500
    importer.run({"a.fits": fits_file(image)}, background="constant")
    assert sorted(map(tuple, flags(importer))) == [
        (), ("edge", "column"), ("row",), ("saturated", "bleeding"),
    ]  # fmt: skip


def test_what_was_done_is_kept_with_the_exposure(importer):
    raw = np.hstack([dark((H, 20)), exposure()])
    cards = {"DATASEC": f"[21:{W + 20},1:{H}]", "BIASSEC": f"[1:20,1:{H}]", "GAIN": 1.7,
             "INSTRUME": "CAM", "DETECTOR": "E2V", "EXPTIME": 30.0}  # fmt: skip
    importer.run({"a.fits": fits_file(raw, **cards)})
    with importer.database.read() as session:
        (frame,) = exposures.list_exposures(session, importer.dataset_id)
        told = frame.calibration
    (amplifier,) = told["amplifiers"]
    assert (amplifier["data"], amplifier["gain"]) == (f"[21:{W + 20},1:{H}]", 1.7)
    assert (told["detector"], told["exposure_time"], told["electrons"]) == ("CAM E2V", 30.0, True)
    assert told["origin"] == [20, 0]


def test_a_dataset_of_an_older_rule_is_measured_anew_by_the_next_import(importer):
    importer.run({"a.fits": fits_file(exposure())})
    with importer.database.write() as session:
        for column in columns.find_columns(session, importer.dataset_id):
            column.rule = None
            if column.name == "x":
                columns.write_column(
                    session, importer.dataset_id,
                    columns.ColumnSpec("x", "x", "px", "place", "float32"), np.zeros(N_TRACKS),
                )  # fmt: skip
        (x,) = columns.find_columns(session, importer.dataset_id, names=["x"])
        assert x.outdated
    importer.run({"b.fits": fits_file(exposure(1))})
    column, values = read(importer, "x")
    assert column.rule == MEASURING_RULE
    assert (values > 0).all()
    assert any(f"{N_TRACKS} cutouts" in note for note in importer.result["notes"])


def test_charges_are_whole_whatever_the_level(importer):
    importer.run({"a.fits": fits_file(exposure().astype(np.float64) + 5e8)})
    assert read(importer, "charge")[1].sum() == pytest.approx(CHARGE, rel=0.02)


def test_hdf5_frames_are_exposures_where_it_is_said(importer):
    import h5py

    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file["entry/data"] = np.stack([exposure(0), exposure(1)])
    importer.run({"a.h5": out.getvalue()}, taken_as="exposures")
    with importer.database.read() as session:
        frames = exposures.list_exposures(session, importer.dataset_id)
    assert [frame.n_footprints for frame in frames] == [N_TRACKS] * 2


def test_what_is_remembered_about_a_detector_stands_before_its_headers(importer):
    with importer.database.write() as session:
        said = {"gain": [3.0], "unit": "DN", "data_sections": ["[1:160,1:96]"]}
        settings = DetectorSettings.model_validate(said)
        detectors.remember(session, "CAM E2V", settings)
    cards = {"INSTRUME": "CAM", "DETECTOR": "E2V", "GAIN": 1.5, "DATASEC": "[11:160,1:96]"}
    importer.run({"a.fits": fits_file(exposure(), **cards)})
    with importer.database.read() as session:
        (frame,) = exposures.list_exposures(session, importer.dataset_id)
    (amplifier,) = frame.calibration["amplifiers"]
    assert (frame.unit, frame.width, amplifier["gain"]) == ("DN", 160, 3.0)
    assert amplifier["gain_source"] == "said by you"


def test_what_is_said_for_an_import_stands_before_what_is_remembered(importer):
    with importer.database.write() as session:
        settings = DetectorSettings.model_validate({"gain": [3.0], "unit": "DN"})
        detectors.remember(session, "CAM", settings)
    data = fits_file(exposure(), INSTRUME="CAM")
    importer.run({"a.fits": data}, detector={"gain": [7.0]})
    with importer.database.read() as session:
        (frame,) = exposures.list_exposures(session, importer.dataset_id)
    assert (frame.unit, frame.calibration["amplifiers"][0]["gain"]) == ("DN", 7.0)
