"""See what an import would make of the files; nothing is stored but the look."""

import numpy as np
from sqlalchemy.orm import Session

from cloudchamber.data import cutouts, label_sets
from cloudchamber.data.accounts import Table
from cloudchamber.data.binary import Offsets, pack
from cloudchamber.data.job_requests import LookAtFiles
from cloudchamber.data.label_sets import normal_name
from cloudchamber.data.looks import (
    Answer,
    FolderClass,
    Look,
    LookFile,
    LookPreview,
    LookTable,
    Question,
    SetChoice,
)
from cloudchamber.data.names import Names
from cloudchamber.data.uploads import get_upload
from cloudchamber_worker.imaging.sandbox import DecodedFile
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.joining import Tables
from cloudchamber_worker.steps.source import MasterFrames, Source, read_masters
from cloudchamber_worker.steps.survey import Survey

QUEUE = "cpu"
MAX_CLASSES = 200


def run(job: JobContext) -> None:
    """Decode → tell apart → plan the tables against what would come in → publish."""
    params = LookAtFiles.model_validate(job.params)
    tables = Tables(job, params)
    survey = Survey(params, tables)
    source = Source(job, params, lambda: job.progress(source.part, "looking", files=survey.n_files))
    masters = read_masters(source, _frames)
    for ref in source.refs("data", "labels", "metadata"):
        for file in source.decode(ref):
            survey.take(file, ref, masters)
            job.progress(source.part, file.name, files=survey.n_files)
    with job.read() as session:
        known = [] if job.into is None else cutouts.paths(session, job.into)
        there = set(known)
        names = Names([*known, *dict.fromkeys(p for p in survey.paths if p not in there)])
        suggested = _suggested_name(session, params, survey)
        accounts = tables.preview(names)
        files = survey.files()
        look = Look(
            suggested_name=suggested,
            n_files=survey.n_files,
            files=[*files, *_set_aside(session, params)],
            tables=[_table(account, "") for account in accounts],
            classes=_classes(survey),
            n_without_folder=survey.folders[""],
            label_sets=_choices(session, survey),
            exposure=None if survey.shown is None else survey.shown.about,
            n_crops_shown=len(survey.crops),
            sentences=_sentences(survey, len(there & set(survey.paths))),
        )
    with job.publish(look.model_dump(mode="json")) as session:
        session.add(LookPreview(job_id=job.id, exposure=_exposure(survey), crops=_crops(survey)))


def _frames(file: DecodedFile, kind: str) -> MasterFrames:
    return [
        (item.pixels, item.about["header"])
        for item in file.items
        if item.kind == "frame" and item.pixels is not None
    ]
