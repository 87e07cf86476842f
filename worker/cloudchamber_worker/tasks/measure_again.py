"""Measure all cutouts of a dataset anew; labels, models and maps stay."""

import numpy as np

from cloudchamber.data import datasets, exposures
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.measuring import Measured, measure_range, write_measured

QUEUE = "cpu"
BATCH = 5_000


def run(job: JobContext) -> None:
    """Measure a batch at a time → replace every measurement and place in one transaction."""
    with job.read() as session:
        n = datasets.get_dataset(session, job.dataset_id).n_cutouts
        frames = exposures.list_exposures(session, job.dataset_id)
        upward = {frame.id for frame in frames if exposures.rows_up(frame)}
    parts: list[Measured] = []
    for start in range(0, n, BATCH):
        with job.read() as session:
            parts.append(
                measure_range(
                    session, job.dataset_id, start, min(start + BATCH, n), upward,
                    lambda ordinal: job.progress(0.95 * ordinal / n, f"measuring {n} cutouts"),
                )
            )  # fmt: skip
    with job.publish({"measured": n}) as session:
        if parts:
            whole = Measured(
                [row for part in parts for row in part.rows],
                *(
                    np.concatenate([getattr(part, name) for part in parts])
                    for name in ("values", "sides", "centres")
                ),
            )
            write_measured(session, job.dataset_id, whole, 0, frames)
