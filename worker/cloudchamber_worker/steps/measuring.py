"""Measure what has no measurements yet, after an import or an import that was cut short."""

from typing import Any

import numpy as np
from sqlalchemy import select

from cloudchamber.data import columns, cutouts, datasets, exposures
from cloudchamber.data.columns import ColumnSpec
from cloudchamber.data.cutouts import Cutout
from cloudchamber_worker.imaging.measurements import MEASUREMENTS, NAMES, measure
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.charges import unit_of_charges, write_charges
from cloudchamber_worker.steps.intake import READING

BATCH = 5_000
MEASURING = 0.15  # of the job's progress


def measure_new(job: JobContext, counts: dict[str, int]) -> None:
    """Append measurements and places of the cutouts that the columns do not cover yet."""
    with job.read() as session:
        n = datasets.get_dataset(session, job.dataset_id).n_cutouts
        found = columns.find_columns(session, job.dataset_id, names=[MEASUREMENTS[-1].name])
        start = found[0].n if found else 0
        frames = exposures.list_exposures(session, job.dataset_id)
    unit, told = unit_of_charges(frames)
    first = start
    while start < n:
        stop = min(start + BATCH, n)
        rows = []
        sides = []
        with job.read() as session:
            for ordinal, pixels, mask in cutouts.iter_pixels(session, job.dataset_id, start, stop):
                rows.append(measure(pixels, mask))
                sides.append(pixels.shape[:2])
                if ordinal % 20 == 0:
                    part = (ordinal - first) / (n - first)
                    job.progress(
                        READING + MEASURING * part, f"measuring {n - first} cutouts", **counts
                    )
        measured = np.stack(rows)
        _write_measurements(job, measured, start, unit, told)
        with job.read() as session:
            shown = cutouts.find_cutouts(session, job.dataset_id, ordinals=range(start, stop))
        write_charges(job, shown, measured[:, NAMES.index("charge")], frames, start)
        _write_sides(job, np.array(sides, np.int32), start)
        _write_places(job, start, stop, {frame.id: k for k, frame in enumerate(frames)},
                      [frame.name for frame in frames])  # fmt: skip
        start = stop


def _write_measurements(
    job: JobContext, values: np.ndarray, start: int, unit: str, told: str
) -> None:
    with job.write() as session:
        for column, measurement in enumerate(MEASUREMENTS):
            spec = ColumnSpec(
                measurement.name,
                measurement.title,
                measurement.unit.replace("signal", unit),
                "measurement",
                "float32",
                description="; ".join(
                    filter(None, (measurement.description, told * ("signal" in measurement.unit)))
                ),
            )
            columns.write_column(session, job.dataset_id, spec, values[:, column], start)


def _write_sides(job: JobContext, sides: np.ndarray, start: int) -> None:
    """Height and width of the images: a gallery in native scale lays out by them."""
    with job.write() as session:
        for axis, side in enumerate(("height", "width")):
            spec = ColumnSpec(
                f"image_{side}", f"Image {side}", "px", "place", "int32",
                description=f"{side.capitalize()} of the cutout, its margin included",
            )  # fmt: skip
            columns.write_column(session, job.dataset_id, spec, sides[:, axis], start)


def _write_places(
    job: JobContext, start: int, stop: int, number: dict[int, int], names: list[str]
) -> None:
    if not names:
        return
    place = np.full((stop - start, 2), np.nan, np.float32)
    exposure = np.full(stop - start, -1, np.int32)
    with job.write() as session:
        found = session.execute(
            select(
                Cutout.ordinal, Cutout.x0, Cutout.y0, Cutout.width, Cutout.height,
                Cutout.exposure_id,
            ).where(
                Cutout.dataset_id == job.dataset_id,
                Cutout.ordinal >= start,
                Cutout.ordinal < stop,
                Cutout.exposure_id.is_not(None),
            )
        )  # fmt: skip
        rows: list[Any] = [tuple(row) for row in found]  # a place is there with its exposure
        for ordinal, x0, y0, width, height, exposure_id in rows:
            place[ordinal - start] = x0 + width / 2, y0 + height / 2
            exposure[ordinal - start] = number[exposure_id]
        for axis, name in enumerate("xy"):
            spec = ColumnSpec(
                name, name, "px", "place", "float32", description="Middle of the cutout"
            )
            columns.write_column(session, job.dataset_id, spec, place[:, axis], start)
        spec = ColumnSpec(
            "exposure", "Exposure", "", "place", "category", categories=names,
            description="The exposure it was cut from",
        )  # fmt: skip
        columns.write_column(session, job.dataset_id, spec, exposure, start)
