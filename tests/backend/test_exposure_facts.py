"""What is told of exposures: outlines and regions for ds9, detectors, histories."""

import json
from dataclasses import replace
from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from cloudchamber.data import columns, cutouts, datasets, exposures
from cloudchamber.data.calibrations import AmplifierRecord, Calibration, MasterRecord
from cloudchamber.services.outlines import outlines


def area(loop):
    pairs = zip(loop, loop[1:] + loop[:1], strict=True)
    return sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairs) / 2


def test_a_pixel_is_a_square():
    assert outlines(np.ones((1, 1), bool)) == [[(0, 0), (1, 0), (1, 1), (0, 1)]]


def test_a_bar_has_four_corners():
    mask = np.zeros((3, 6), bool)
    mask[1, 1:5] = True
    assert outlines(mask) == [[(1, 1), (5, 1), (5, 2), (1, 2)]]


def test_pixels_that_touch_by_a_corner_are_one_outline():
    (loop,) = outlines(np.eye(2, dtype=bool))
    assert area(loop) == 2


@given(arrays(bool, st.tuples(st.integers(1, 7), st.integers(1, 7))))
def test_outlines_hold_the_pixels_and_their_holes(mask):
    labels, n = cast(tuple[np.ndarray, int], ndimage.label(mask, np.ones((3, 3))))
    filled = 0
    for k in range(1, n + 1):  # holes are what cannot be left by a side
        filled += np.count_nonzero(np.asarray(ndimage.binary_fill_holes(labels == k)))
    found = outlines(mask)
    assert sum(map(area, found)) == pytest.approx(filled) or n == 0


def test_regions_are_in_the_pixels_of_the_file(client, database):
    with database.write() as session:
        dataset = datasets.create_dataset(session, "night")
        frame = exposures.NewExposure(
            "run/a.fits", "run/a.fits", 40, 60, "uint16",
            calibration={"origin": [20, 4], "step": [1, 1], "amplifiers": []},
        )  # fmt: skip
        exposure_id = exposures.add_exposure(session, dataset.id, frame)
        mask = np.zeros((3, 4), bool)
        mask[1, 1:3] = True
        pixels = mask.astype(np.float32)
        new = cutouts.NewCutout("run/a.fits:0", pixels, mask, exposure_id, x0=10, y0=7)
        cutouts.append_cutouts(session, dataset.id, [new])
    answer = client.post(
        f"/api/v1/datasets/{dataset.id}/exports", json={"what": "regions", "format": "ds9"}
    )
    assert answer.status_code == 200
    head, *lines = answer.text.splitlines()
    assert head == "# Region file format: DS9 version 4.1"
    assert "image" in lines
    # Columns 11 and 12 of the frame, row 8: pixels 32 and 33 of row 13 in the file.
    (region,) = [line for line in lines if line.startswith("polygon")]
    assert region.startswith("polygon(31.5,12.5,33.5,12.5,33.5,13.5,31.5,13.5) #")


def test_regions_need_an_exposure(client, database):
    with database.write() as session:
        dataset = datasets.create_dataset(session, "crops")
        new = cutouts.NewCutout("a.png", np.ones((3, 3), np.uint8))
        cutouts.append_cutouts(session, dataset.id, [new])
    answer = client.post(
        f"/api/v1/datasets/{dataset.id}/exports", json={"what": "regions", "format": "ds9"}
    )
    assert answer.status_code == 422
    assert "no image to draw on" in answer.text


def test_a_detector_is_remembered_changed_and_forgotten(client):
    body = {"name": "CAM E2V", "settings": {"gain": [1.5], "data_sections": ["[1:10,1:20]"]}}
    assert client.put("/api/v1/detectors", json=body).json()["settings"]["gain"] == [1.5]
    body["settings"] = {"unit": "electron"}
    client.put("/api/v1/detectors", json=body)
    (known,) = client.get("/api/v1/detectors").json()
    assert (known["settings"]["unit"], known["settings"]["gain"]) == ("electron", None)
    bad = {"name": "X", "settings": {"data_sections": ["1:10"]}}
    assert client.put("/api/v1/detectors", json=bad).status_code == 422
    assert client.delete("/api/v1/detectors", params={"name": "CAM E2V"}).status_code == 204
    assert client.delete("/api/v1/detectors", params={"name": "CAM E2V"}).status_code == 404


def test_the_history_of_an_exposure_tells_every_step(client, database):
    with database.write() as session:
        dataset = datasets.create_dataset(session, "night")
        record = Calibration(
            threshold={"value": 6.0, "unit": "sigma"}, background="mesh", bias=True,
            masters={"bias": MasterRecord(n=3)}, masked={"masked in the file": 80},
            amplifiers=[AmplifierRecord(x0=0, y0=0, w=60, h=40, data="[1:60,1:40]", noise=6.0,
                                        baseline=1000.0, gain=1.7, gain_source="GAIN")],
            layout="DATASEC", detector="CAM", flags={4: 80}, used_flags=4,
        )  # fmt: skip
        frame = exposures.NewExposure(
            "a.fits", "a.fits", 40, 60, "uint16", n_footprints=5,
            calibration=record.model_dump(mode="json"),
        )  # fmt: skip
        exposure_id = exposures.add_exposure(session, dataset.id, frame)
    told = client.get(f"/api/v1/exposures/{exposure_id}/history").json()
    steps = {step["what"]: step["how"] for step in told["steps"]}
    assert steps["master bias"] == "median of 3 readouts"
    assert steps["without a value"] == "80 pixels masked in the file"
    assert steps["quality bit 4"] == "80 pixels, masked"
    assert steps["gain"] == "1.7 e⁻/ADU (GAIN)"
    assert "Bertin & Arnouts 1996" in told["paper"]
    assert "5 were found" in told["paper"]


def test_columns_of_an_older_rule_are_said_when_they_are_exported(client, database):
    with database.write() as session:
        dataset = datasets.create_dataset(session, "old")
        new = cutouts.NewCutout("a.png", np.ones((3, 3), np.uint8))
        cutouts.append_cutouts(session, dataset.id, [new])
        spec = columns.ColumnSpec("angle", "Angle", "deg", "measurement", "float32")
        columns.write_column(session, dataset.id, spec, np.zeros(1))
    path = f"/api/v1/datasets/{dataset.id}"
    assert [c["outdated"] for c in client.get(f"{path}/columns").json()] == [True]
    answer = client.post(f"{path}/exports", json={"what": "columns", "format": "csv"})
    assert "older%20rule" in answer.headers["Cloudchamber-Notes"]
    with database.write() as session:
        columns.write_column(session, dataset.id, replace(spec, rule=2), np.zeros(1))
    answer = client.post(f"{path}/exports", json={"what": "columns", "format": "csv"})
    assert "older" not in answer.headers["Cloudchamber-Notes"]


def brought(client, database, **about):
    """Where the API has a dataset of one exposure with one cutout, and the exposure's id."""
    with database.write() as session:
        dataset = datasets.create_dataset(session, "night")
        frame = exposures.NewExposure("a.fits", "a.fits", 40, 60, "uint16", **about)
        exposure_id = exposures.add_exposure(session, dataset.id, frame)
        pixels = np.arange(6, dtype=np.float32).reshape(3, 2)
        new = cutouts.NewCutout("a.fits:0", pixels, None, exposure_id, x0=10, y0=7)
        cutouts.append_cutouts(session, dataset.id, [new])
        return f"/api/v1/datasets/{dataset.id}", exposure_id


def told(client, path):
    """Whether first rows are at the bottom, by the exposure and by its cutout's pixels."""
    (exposure,) = client.get(f"{path}/exposures").json()
    content = client.get(f"{path}/pixels?ordinals=0").content
    length = int.from_bytes(content[:4], "little")
    (item,) = json.loads(content[4 : 4 + length])["items"]
    return exposure["rows_up"], item["rows_up"]


@pytest.mark.parametrize(
    ("about", "up"),
    [
        ({"header": {"BITPIX": 16}}, True),
        ({"header": {"BITPIX": 16, "ROWORDER": "BOTTOM-UP"}}, True),
        ({"header": {"BITPIX": 16, "ROWORDER": "top-down"}}, False),
        ({"header": {}}, False),
        ({"header": {"BITPIX": 16}, "calibration": {"rows_up": False}}, False),
        (
            {"header": {"BITPIX": 16, "ROWORDER": "TOP-DOWN"}, "calibration": {"rows_up": True}},
            True,
        ),
    ],
)
def test_an_exposure_and_its_cutouts_tell_alike_where_the_first_row_is(client, database, about, up):
    path, _ = brought(client, database, **about)
    assert told(client, path) == (up, up)


def test_pixels_are_sent_again_when_their_first_row_moves(client, database):
    path, exposure_id = brought(client, database, header={"BITPIX": 16})
    tag = client.get(f"{path}/pixels?ordinals=0").headers["etag"]
    with database.write() as session:
        exposures.get_exposure(session, exposure_id).calibration = {"rows_up": False}
    again = client.get(f"{path}/pixels?ordinals=0", headers={"If-None-Match": tag})
    assert again.status_code == 200
    assert told(client, path) == (False, False)
