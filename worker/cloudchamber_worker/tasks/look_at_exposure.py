"""The bright pixels of a kept exposure, for the page to find footprints by itself."""

from cloudchamber.data import exposures
from cloudchamber.data.job_requests import LookAtExposure
from cloudchamber.data.looks import LookPreview
from cloudchamber.errors import JobError
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.look_pictures import exposure_pack
from cloudchamber_worker.steps.stored_exposures import read_calibrated
from cloudchamber_worker.steps.survey import show_frame

QUEUE = "cpu"


def run(job: JobContext) -> None:
    """Read → background → significance → publish."""
    params = LookAtExposure.model_validate(job.params)
    job.progress(0.0, "reading the exposure")
    try:
        with job.read() as session:
            exposure = exposures.get_exposure(session, params.exposure_id)
            if exposure.dataset_id != job.dataset_id:
                raise JobError("This exposure is not of this dataset.")
            stored = read_calibrated(session, exposure, params)
            path, unit = exposure.path, exposure.unit
    except Unreadable as error:
        raise JobError(f"It {error}.") from error
    job.progress(0.5, "finding bright pixels")
    shown = show_frame(stored.frame, path, unit, stored.record)
    with job.publish(shown.about.model_dump(mode="json")) as session:
        session.add(LookPreview(job_id=job.id, exposure=exposure_pack(shown), crops=None))
