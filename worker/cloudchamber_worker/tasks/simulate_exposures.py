"""Simulate exposures and take them in as an import takes in files."""

from typing import Any

import numpy as np
import pyarrow as pa
from scipy.spatial import KDTree
from sqlalchemy import select

from cloudchamber.data.cutouts import Cutout
from cloudchamber.data.exposures import Exposure
from cloudchamber.data.job_requests import Cutting, Joining, SimulateExposures
from cloudchamber_worker.imaging.sandbox import DecodedFile, Item
from cloudchamber_worker.imaging.simulation import Simulated, simulate
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.cutting import Masters
from cloudchamber_worker.steps.intake import Intake
from cloudchamber_worker.steps.joining import Tables
from cloudchamber_worker.steps.measuring import measure_new
from cloudchamber_worker.steps.report_lines import Line

QUEUE = "cpu"
REACH = 24.0  # px from the middle of a cutout to the track it is said to hold


def run(job: JobContext) -> None:
    """Simulate → calibrate, detect, cut out → append → measure → state what was simulated."""
    params = SimulateExposures.model_validate(job.params)
    intake = Intake(job, Cutting.model_validate({}))
    tables = Tables(job, Joining.model_validate({}))
    made: list[Simulated] = []
    exposures = simulate(params.count, seed=params.seed, size=params.size, tracks=params.tracks)
    for number, exposure in enumerate(exposures):
        intake.part = number / params.count
        made.append(exposure)
        about = {"hdu": 0, "plane": None, "header": exposure.header}
        item = Item("frame", exposure.name, exposure.data, None, about)
        intake.take(DecodedFile(exposure.name, iter([item])), "data", Masters(), tables)
    intake.flush()
    measure_new(job, intake.counts)
    truth = Item("table", "", table=_truth(job, made))
    tables.add(Line("simulated tracks"), truth, "metadata")
    tables.join()
    job.progress(0.99, "publishing", **intake.counts)
    with job.publish(intake.result(), [("fit_map", {})]):
        pass


def _truth(job: JobContext, made: list[Simulated]) -> pa.Table:
    """What was simulated where each cutout is: one kind, or 'several'."""
    tracks = {exposure.name: exposure.tracks for exposure in made}
    with job.read() as session:
        found = session.execute(
            select(Cutout.name, Exposure.name, Cutout.x0, Cutout.y0, Cutout.width, Cutout.height)
            .join(Exposure, Exposure.id == Cutout.exposure_id)
            .where(Cutout.dataset_id == job.dataset_id, Exposure.name.in_(list(tracks)))
        ).all()
    rows: list[Any] = [tuple(row) for row in found]  # a place is there with its exposure
    trees = {name: KDTree([(t.x, t.y) for t in of]) for name, of in tracks.items() if of}
    names, kinds = [], []
    for name, exposure, x0, y0, width, height in rows:
        if exposure not in trees:
            continue
        near = tracks[exposure]
        inside = [t for t in near if x0 <= t.x < x0 + width and y0 <= t.y < y0 + height]
        if not inside:
            distance, index = trees[exposure].query((x0 + width / 2, y0 + height / 2))
            inside = [near[int(index)]] if np.isfinite(distance) and distance < REACH else []
        names.append(name)
        kinds.append("several" if len(inside) > 1 else inside[0].kind if inside else "nothing")
    return pa.table({"name": names, "simulated as": kinds})
