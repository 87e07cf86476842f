"""Search kept exposures anew; labels and notes are carried over by overlap of footprints."""

from typing import Any

from cloudchamber.data import exposures
from cloudchamber.data.carried import add_up
from cloudchamber.data.job_requests import DetectAgain
from cloudchamber.errors import JobError
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.cutting import find_cuts
from cloudchamber_worker.steps.measuring import measure_new
from cloudchamber_worker.steps.redetecting import Detected, detect, measured_by_an_older_rule
from cloudchamber_worker.steps.stored_exposures import read_calibrated

QUEUE = "cpu"
SEARCHING = 0.8  # of the job's progress


def run(job: JobContext) -> None:
    """One exposure after another: read → search → match → publish it; then measure what is new."""
    params = DetectAgain.model_validate(job.params)
    with job.read() as session:
        there = exposures.list_exposures(session, job.dataset_id)
        mixed = measured_by_an_older_rule(session, job.dataset_id)
    wanted = None if params.exposure_ids is None else set(params.exposure_ids)
    chosen = [(e.id, e.name, e.unit) for e in there if wanted is None or e.id in wanted]
    if wanted is not None and len(chosen) < len(wanted):
        raise JobError("One of these exposures is not of this dataset.", hint="Choose them anew.")
    if not chosen:
        raise JobError("The dataset has no exposures.", hint="Import FITS images first.")
    counts: dict[str, int] = {"exposures": 0, "footprints": 0}
    if mixed:
        measure_new(job, counts)
    done: list[Detected] = []
    refused: list[dict[str, str]] = []
    for number, (exposure_id, name, unit) in enumerate(chosen):

        def beat(_: int, part: float = number / len(chosen), name: str = name) -> None:
            job.progress(SEARCHING * part, f"searching {name}", **counts)

        beat(0)
        try:
            with job.read() as session:
                exposure = exposures.get_exposure(session, exposure_id)
                stored = read_calibrated(session, exposure, params)
        except Unreadable as error:
            refused.append({"exposure": name, "reason": str(error)})
            continue
        beat(0)
        cuts = find_cuts(stored.frame, unit, params)
        beat(0)
        record = stored.record.model_dump(mode="json")
        done.append(detect(job, exposure_id, cuts, record, unit, beat))
        counts["exposures"] += 1
        counts["footprints"] += len(cuts)
    if refused and not done:
        first = refused[0]
        more = "" if len(refused) == 1 else f" (and {len(refused) - 1} more)"
        raise JobError(f"{first['exposure']} {first['reason']}{more}.")
    total = add_up([one.carried for one in done])
    if total.added:
        measure_new(job, counts)
    job.progress(0.99, "publishing", **counts)
    follow_up: list[tuple[str, dict[str, Any]]] = []
    if total.added:
        follow_up.append(("fit_map", {"as_before": True}))
    result = {
        "exposures": len(done),
        **total.model_dump(mode="json"),
        "words": total.words(),
        "detections": [one.as_json() for one in done],
        "undo": [one.before_id for one in done if one.before_id is not None],
        "refused": refused,
    }
    with job.publish(result, follow_up):
        pass
