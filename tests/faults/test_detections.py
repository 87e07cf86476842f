"""A worker that is killed while it searches exposures anew: each has its old or its new detection,
whole, and the job ends once."""

import uuid

import numpy as np

from cloudchamber.data import columns, cutouts, detections, exposures, jobs
from cloudchamber.data.cutouts import NewCutout
from cloudchamber.data.exposures import NewExposure
from cloudchamber.data.job_requests import KINDS
from cloudchamber.data.jobs import JobState

EXPOSURES = 12
SIDE = 300
RECORD = {
    "threshold": {"value": 500, "unit": "adu"},
    "amplifiers": [{"x0": 0, "y0": 0, "w": SIDE, "h": SIDE, "baseline": 0, "noise": 1}],
}


def add_exposures(session, dataset_id: int) -> None:
    """Each with one cutout, of the brightest of its four tracks."""
    for number in range(EXPOSURES):
        image = np.zeros((SIDE, SIDE), np.float32)
        for k in range(4):
            image[20 + 40 * k, 20:30] = 100
        image[20, 20:30] = 1000
        path = f"e{number}.fits"
        new = NewExposure(path, path, SIDE, SIDE, "float32", calibration=RECORD, n_footprints=1)
        exposure_id = exposures.add_exposure(session, dataset_id, new)
        exposures.write_tiles(session, exposure_id, image)
        box = image[17:24, 17:33]
        cut = NewCutout(f"{path}:0", box, box > 0, exposure_id, 17, 17)
        cutouts.append_cutouts(session, dataset_id, [cut])


def test_every_exposure_has_one_detection_whole_whenever_its_worker_dies(faults):
    faults.add("test_count", steps=1, seconds=0.01)  # makes the dataset
    params = {"threshold": {"value": 50, "unit": "adu"}}
    checked = KINDS["detect_again"].params.model_validate(params).model_dump(mode="json")
    with faults.database.write() as session:
        add_exposures(session, faults.dataset_id)
        job_id = jobs.add_job(
            session, kind="detect_again", queue="cpu", dataset_id=faults.dataset_id,
            params=checked, key=str(uuid.uuid4()),
        ).id  # fmt: skip

    def searched() -> list[int]:
        with faults.database.read() as session:
            there = exposures.list_exposures(session, faults.dataset_id)
            found = []
            for one in there:
                n = len(cutouts.of_exposure(session, one.id))
                assert n == one.n_footprints == (1 if one.detection_id is None else 4)
                found.append(len(detections.list_detections(session, one.id)))
            return found

    first = faults.worker()
    faults.wait(lambda: max(searched()) == 2)
    first.kill()
    first.wait()
    searched()
    faults.worker()
    job = faults.finished(job_id, 90)

    assert job.state == JobState.SUCCEEDED
    assert searched() == [2] * EXPOSURES
    assert (job.result["kept"], job.result["added"]) == (EXPOSURES, 3 * EXPOSURES)
    with faults.database.read() as session:
        (column,) = columns.find_columns(session, faults.dataset_id, names=["charge"])
        assert column.n == 4 * EXPOSURES
