"""See what an import would make of the files; nothing is stored but the look."""

from cloudchamber.data.job_requests import LookAtFiles
from cloudchamber.errors import JobError
from cloudchamber_worker.lease import JobContext

QUEUE = "cpu"


def run(job: JobContext) -> None:
    """Decode → see what would become of it → publish."""
    LookAtFiles.model_validate(job.params)
    raise JobError("The look before the import is not there yet.")
