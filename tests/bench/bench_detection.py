"""Detection against bare labelling, and what the stages of an import cost, in this process.

In processor time, not wall time: what else the machine does then hardly counts. All of it runs in
one thread.
"""

import io
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from bench.figures import figures
from cloudchamber_worker.imaging import crops, kinds
from cloudchamber_worker.imaging.calibration import calibrate
from cloudchamber_worker.imaging.detection import (
    EIGHT,
    above_threshold,
    cut_out,
    find_footprints,
    threshold_of,
)
from cloudchamber_worker.imaging.frames import read_frames
from cloudchamber_worker.imaging.measurements import measure, measure_all
from cloudchamber_worker.imaging.pixels import LeftOut

pytestmark = pytest.mark.bench
RUNS = 7
GOALS = {"detection over bare labelling": 2.0, "measuring a cutout": 2.5}
table = figures("detection")


def note(figure: str, values: list[float], unit: str, how: str, goal: str | None = None) -> float:
    """Keep the median of a figure, with the limit of that name."""
    limit = GOALS[goal] if goal else None
    return table.note(figure, values, unit, how, limit, "less", "median")


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds of processor time, and what came out."""
    began = time.process_time()
    result = work()
    return time.process_time() - began, result


@pytest.fixture(scope="module")
def full4k(shared_data: Path) -> bytes:
    """A 4096 x 4096 exposure with 1764 tracks, Rice-compressed."""
    return (shared_data / "ccd-darks" / "dark_u16_full4k_15.fits.fz").read_bytes()


def frame_of(data: bytes) -> Any:
    (frame,) = read_frames(io.BytesIO(data), "full4k.fits.fz", len(data))
    return frame


def test_detection_costs_at_most_twice_bare_labelling(full4k: bytes) -> None:
    frame = frame_of(full4k)
    state = calibrate(frame.data, frame.header)
    limit = threshold_of(state.noise)

    def ours() -> int:
        labels, boxes = find_footprints(above_threshold(state.image, limit))
        return sum(1 for _ in cut_out(state.image, labels, boxes, saturated=state.saturated))

    def bare() -> int:
        found: Any = ndimage.label(state.image > limit, structure=EIGHT)
        return len(ndimage.find_objects(found[0]))

    seconds: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(RUNS):  # in turn, so that the machine's other work strikes both
        for name, work in (("ours", ours), ("bare", bare)):
            took, found = timed(work)
            seconds[name].append(took)
            assert found > 1700
    how = f"full4k_15, processor time, median of {RUNS} runs in turn"
    note("detection with cutouts", seconds["ours"], "s", how)
    note("threshold, label and find_objects alone", seconds["bare"], "s", how)
    ratios = [a / b for a, b in zip(seconds["ours"], seconds["bare"], strict=True)]
    goal = "detection over bare labelling"
    assert note(goal, ratios, "", how + ", ratio of neighbouring runs", goal) <= GOALS[goal]


def test_stages_of_an_exposures_import(full4k: bytes) -> None:
    decode, frame = timed(lambda: frame_of(full4k))
    calibrating, state = timed(lambda: calibrate(frame.data, frame.header))

    def cut() -> list[Any]:
        above = above_threshold(state.image, threshold_of(state.noise))
        return list(cut_out(state.image, *find_footprints(above), saturated=state.saturated))

    cutting, cuts = timed(cut)
    durations = []
    for item in cuts:
        took, _ = timed(lambda item=item: measure(item.pixels, item.mask))
        durations.append(took)
    how = f"full4k_15, {len(cuts)} cutouts, processor time, once, without the database"
    for stage, seconds in (("decode", decode), ("calibrate", calibrating), ("cut out", cutting),
                           ("measure", sum(durations))):  # fmt: skip
        note(f"full4k_15: {stage}", [seconds], "s", how)
    whole = decode + calibrating + cutting + sum(durations)
    note("full4k_15: all of these", [whole], "s", how)
    goal = "measuring a cutout"
    note(goal, [1000 * d for d in durations], "ms", how + "; median cutout", goal)


def test_stages_of_an_import_of_crops(shared_data: Path) -> None:
    path = shared_data / "flowcam" / "crops.zip"

    def decode() -> list[tuple[np.ndarray, None]]:
        found = []
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if info.is_dir():
                    continue
                data = archive.read(info)
                kind = kinds.kind_of(data[:512])
                for image in crops.read_crops(data, kind):
                    assert not isinstance(image, LeftOut)
                    found.append((image.pixels, None))
        return found

    decoding, images = timed(decode)
    measuring, values = timed(lambda: measure_all(images))
    assert len(values) == len(images) == 3000
    how = "flowcam, 3000 crops, processor time, once, without the database"
    note("flowcam: decode", [decoding], "s", how)
    note("flowcam: measure", [measuring], "s", how)
    note("flowcam: both", [decoding + measuring], "s", how)
