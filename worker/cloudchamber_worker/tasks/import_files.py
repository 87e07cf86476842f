"""Bring exposures, crops, labels and metadata into a dataset."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np

from cloudchamber.data import uploads
from cloudchamber.data.job_requests import ImportFiles, UploadRef
from cloudchamber.errors import JobError
from cloudchamber_worker.imaging import calibration
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.sandbox import DecodedFile, decode
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.tasks.import_tables import Tables
from cloudchamber_worker.tasks.intake import Intake
from cloudchamber_worker.tasks.measuring import measure_new

QUEUE = "cpu"


def run(job: JobContext) -> None:
    """Decode → calibrate, detect, cut out → append → measure → join tables → publish."""
    params = ImportFiles.model_validate(job.params)
    intake = Intake(job, params)
    masters = {kind: _master(job, intake, params, kind) for kind in ("bias", "dark")}
    tables = Tables(job, params)
    rest = [ref for ref in params.uploads if ref.role not in masters]
    for number, ref in enumerate(rest):
        intake.fraction = 0.05 + 0.75 * number / len(rest)
        intake.share = 0.75 / len(rest)
        for file in _decode(job, intake, ref):
            tables.note_folder(file.name)
            intake.take(file, ref.role, masters["bias"], masters["dark"], tables)
    intake.flush()
    measure_new(job, intake.counts)
    tables.join(intake)
    job.progress(0.99, "publishing", **intake.counts)
    follow_up = [("fit_map", {})] if intake.added or tables.added_columns else []
    with job.publish(intake.result(), follow_up):
        pass


def _decode(job: JobContext, intake: Intake, ref: UploadRef) -> Iterator[DecodedFile]:
    with _spooled(job, ref.id) as (stream, name):
        yield from decode(stream, name, ref.role, keep_alive=intake.still_here)


@contextmanager
def _spooled(job: JobContext, upload_id: int) -> Iterator[tuple[BinaryIO, str]]:
    """The upload as an unnamed file, which leaves nothing behind however the process ends."""
    with tempfile.TemporaryFile() as spool:
        with job.read() as session:
            name = uploads.get_upload(session, upload_id).name
            for chunk in uploads.read_upload(session, upload_id):
                spool.write(chunk)
        spool.flush()
        yield spool, name


def _master(job: JobContext, intake: Intake, params: ImportFiles, kind: str) -> np.ndarray | None:
    """The median of the uploads with role bias or dark; None when there is none."""
    frames = []
    refs = [ref for ref in params.uploads if ref.role == kind]
    for ref in refs:
        for file in _decode(job, intake, ref):
            for item in file.items:
                if item.kind == "frame" and item.pixels is not None:
                    frames.append((item.pixels, item.about["header"]))
            intake.report(file, detail={"role": kind})
    if not refs:
        return None
    try:
        return calibration.master(frames)
    except Unreadable as error:
        raise JobError(f"No master {kind} can be made: {error}.") from error
