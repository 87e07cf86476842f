"""The dark exposures with known tracks: what the default threshold must find in them."""

import csv
import gzip
import io
from collections import defaultdict

import numpy as np
import pytest

from cloudchamber_worker.imaging.calibration import calibrate, calibration_frame
from cloudchamber_worker.imaging.detection import above_threshold, find_footprints, threshold_of
from cloudchamber_worker.imaging.frame import Frame
from cloudchamber_worker.imaging.frames import read_frames
from cloudchamber_worker.imaging.masters import make_masters


def frames_in(path) -> list[Frame]:
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    found = read_frames(io.BytesIO(data), path.name, len(data))
    return [one for one in found if isinstance(one, Frame)]


def footprints_in(frame, **options):
    state = calibrate(frame.data, frame.header, **options)
    limit = threshold_of(state.noise, electrons=frame.header.get("BUNIT") == "electron")
    return find_footprints(above_threshold(state.image, limit))


@pytest.fixture(scope="module")
def truth(shared_data):
    tracks = defaultdict(list)
    with (shared_data / "ccd-darks" / "truth.csv").open() as file:
        for row in csv.DictReader(file):
            box = [int(row[key]) for key in ("x0", "y0", "w", "h")]
            tracks[row["file"], int(row["hdu"])].append(box)
    return tracks


# file: (tracks that may be missed, footprints that may touch no track) in each of its exposures
@pytest.mark.parametrize(
    ("name", "missed", "false"),
    [
        ("dark_u16_01.fits", 1, 3),
        ("dark_u16_02.fits", 1, 3),
        ("dark_u16_03.fits", 1, 3),
        ("dark_rice_07.fits.fz", 1, 3),
        ("dark_f32_nan_09.fits.gz", 1, 3),
        ("dark_mef4amp_10.fits.gz", 1, 3),
        ("dark_i16_bscale_11.fits.gz", 1, 3),
        ("skipper_like_13.fits.gz", 1, 3),
    ],
)
def test_tracks_are_found_and_nothing_else(shared_data, truth, name, missed, false):
    for frame in frames_in(shared_data / "ccd-darks" / name):
        labels, boxes = footprints_in(frame)
        known = truth[name, frame.hdu]
        assert known
        hits = [set(np.unique(labels[y : y + h, x : x + w])) - {0} for x, y, w, h in known]
        assert sum(not hit for hit in hits) <= missed
        assert len(boxes) - len(set().union(*hits)) <= false


def test_an_exposure_without_tracks_gives_none(shared_data):
    (frame,) = frames_in(shared_data / "ccd-darks" / "dark_u16_clean_14.fits.gz")
    assert footprints_in(frame)[1] == []


def test_cosmic_rays_are_found_beside_sky_lines(shared_data):
    kast = shared_data / "kast"
    bias = [frames_in(kast / f"b{n}.fits.gz")[0] for n in (21, 22, 23)]
    frame = frames_in(kast / "b27.fits.gz")[0]
    frames = [calibration_frame(f.data, f.header) for f in bias]
    subtracted = make_masters("bias", frames).for_frame("", 0)
    state = calibrate(frame.data, frame.header, bias=subtracted)
    assert state.background == "columns"
    assert state.image.shape == (350, 2048)
    labels, boxes = footprints_in(frame, bias=subtracted)
    # Three hits that are plain to see, away from the slit's edges and the star.
    for x, y in ((601, 111), (577, 152), (455, 255)):
        assert labels[y - 2 : y + 3, x - 2 : x + 3].any()
    assert 20 <= len(boxes) <= 400
