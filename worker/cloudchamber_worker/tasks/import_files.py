"""Bring exposures, crops, labels and metadata into a dataset."""

from typing import Any

from cloudchamber.data.job_requests import ImportFiles
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.intake import Intake
from cloudchamber_worker.steps.joining import Tables
from cloudchamber_worker.steps.measuring import measure_new
from cloudchamber_worker.steps.source import Source, read_masters, with_hot_pixels

QUEUE = "cpu"


def run(job: JobContext) -> None:
    """Decode → calibrate, detect, cut out → append → measure → join tables → publish."""
    params = ImportFiles.model_validate(job.params)
    intake = Intake(job, params, folder_groups=params.class_folders == "groups")
    source = Source(job, params, intake.still_here)
    masters = read_masters(source, lambda file, kind, _: intake.take_master(source, file, kind))
    if params.mask_hot:
        intake.say("looking for hot pixels")
        masters = with_hot_pixels(source, masters)
    tables = Tables(job, params)
    for ref in source.refs("data", "labels", "metadata"):
        for file in source.decode(ref):
            intake.part = source.part
            intake.take(file, ref.role, masters, tables)
    for name in source.names("ignore"):
        intake.set_aside(name)
    intake.finish()
    again = measure_new(job, intake.counts)
    job.progress(0.96, "joining tables", **intake.counts)
    tables.join()
    job.progress(0.99, "publishing", **intake.counts)
    follow_up: list[tuple[str, dict[str, Any]]] = []
    if intake.added or tables.added_columns:
        follow_up.append(("fit_map", {"as_before": True}))
    if params.self_supervised and intake.added:
        follow_up.append(("train_self_supervised", {}))
    folders = None if tables.folders is None else tables.folders.model_dump(mode="json")
    result = intake.result()
    if again:
        result["notes"].append(
            f"{again} cutouts that were there had been measured by an older rule: measured again"
        )
    with job.publish({**result, "class_folders": folders}, follow_up):
        pass
