"""Bring exposures, crops, labels and metadata into a dataset."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np

from cloudchamber.data import uploads
from cloudchamber.data.job_requests import ImportFiles, UploadRef
from cloudchamber.errors import JobError
from cloudchamber_worker.imaging import calibration
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.sandbox import DecodedFile, decode
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.import_tables import Tables
from cloudchamber_worker.steps.intake import Intake
from cloudchamber_worker.steps.measuring import measure_new

QUEUE = "cpu"


def run(job: JobContext) -> None:
    """Decode → calibrate, detect, cut out → append → measure → join tables → publish."""
    params = ImportFiles.model_validate(job.params)
    intake = Intake(job, params, folder_groups=params.class_folders == "groups")
    source = Source(job, intake, params.uploads)
    masters = {kind: _master(source, intake, params, kind) for kind in ("bias", "dark")}
    tables = Tables(job, params)
    for ref in params.uploads:
        if ref.role in masters:
            continue
        for file in source.decode(ref):
            tables.note_folder(file.name)
            intake.take(file, ref.role, masters["bias"], masters["dark"], tables)
    intake.flush()
    measure_new(job, intake.counts)
    tables.join(intake)
    job.progress(0.99, "publishing", **intake.counts)
    follow_up: list[tuple[str, dict[str, Any]]] = []
    if intake.added or tables.added_columns:
        follow_up.append(("fit_map", {"as_before": True}))
    if params.self_supervised and intake.added:
        follow_up.append(("train_self_supervised", {}))
    with job.publish(intake.result(), follow_up):
        pass


class Source:
    """Decodes the uploads one by one, and keeps `intake.part` by the bytes that are through."""

    def __init__(self, job: JobContext, intake: Intake, refs: list[UploadRef]) -> None:
        self.job, self.intake = job, intake
        with job.read() as session:
            self._sizes = {ref.id: uploads.get_upload(session, ref.id).size for ref in refs}
        self._total = max(sum(self._sizes.values()), 1)
        self._through = 0

    def decode(self, ref: UploadRef) -> Iterator[DecodedFile]:
        """Every file of an upload."""
        size = self._sizes[ref.id]
        with _spooled(self.job, ref.id) as (stream, name):
            still_here = self.intake.still_here
            for file in decode(stream, name, ref.role, parcel=True, keep_alive=still_here):
                yield file
                self.intake.part = (self._through + file.part * size) / self._total
        self._through += size


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


def _master(source: Source, intake: Intake, params: ImportFiles, kind: str) -> np.ndarray | None:
    """The median of the uploads with role bias or dark; None when there is none."""
    frames = []
    refs = [ref for ref in params.uploads if ref.role == kind]
    for ref in refs:
        for file in source.decode(ref):
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
