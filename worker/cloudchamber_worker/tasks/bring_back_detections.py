"""Make earlier detections current again: the undo of a detection, and the undo of that."""

from cloudchamber.data import detections, exposures
from cloudchamber.data.job_requests import BringBackDetections
from cloudchamber.errors import JobError
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.measuring import measure_new
from cloudchamber_worker.steps.redetecting import bring_back, measured_by_an_older_rule

QUEUE = "cpu"


def run(job: JobContext) -> None:
    """One exposure after another, each in one transaction."""
    params = BringBackDetections.model_validate(job.params)
    with job.read() as session:
        ids = {e.id for e in exposures.list_exposures(session, job.dataset_id)}
        found = [detections.get_detection(session, one) for one in params.detection_ids]
        mixed = measured_by_an_older_rule(session, job.dataset_id)
    if any(one.exposure_id not in ids for one in found):
        raise JobError("One of these detections is of another dataset.")
    if mixed:
        measure_new(job, {})
    undo = []
    for number, one in enumerate(found):

        def beat(_: int, part: float = number / len(found)) -> None:
            job.progress(0.9 * part, "bringing detections back")

        beat(0)
        before = bring_back(job, one.id, beat)
        if before is not None:
            undo.append(before)
    measure_new(job, {})
    job.progress(0.99, "publishing")
    with job.publish({"exposures": len(found), "undo": undo}):
        pass
