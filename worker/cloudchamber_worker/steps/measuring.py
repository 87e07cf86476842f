"""Measure what has no measurements yet, and what was measured by an older rule."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy.orm import Session

from cloudchamber.data import columns, cutouts, datasets, exposures
from cloudchamber.data.columns import MEASURING_RULE, ColumnSpec
from cloudchamber.data.cutouts import Cutout
from cloudchamber.data.exposures import Exposure
from cloudchamber_worker.imaging.measurements import MEASUREMENTS, NAMES, measure
from cloudchamber_worker.imaging.positions import charge_centre, in_file
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.charges import unit_of_charges, write_charges

BATCH = 5_000
READING = 0.8  # of the job's progress, before anything is measured
MEASURING = 0.15  # of the job's progress
PLACES = (
    ("x", "x", "Charge-weighted centre: column of the trimmed frame, that of its first pixel is 0"),
    ("y", "y", "Charge-weighted centre: row of the trimmed frame, that of its first pixel is 0"),
    ("x_file", "x in the file", "The same in the file's image, counted from 1 as ds9 does"),
    ("y_file", "y in the file", "The same in the file's image, counted from 1 as ds9 does"),
)  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """What a range of cutouts measures.

    rows : the cutouts
    values : float32 [n, len(MEASUREMENTS)]
    sides : int32 [n, 2], height and width of the images
    centres : float64 [n, 2], x and y of the footprint in its cutout
    """

    rows: Sequence[Cutout]
    values: np.ndarray
    sides: np.ndarray
    centres: np.ndarray


def measure_new(job: JobContext, counts: dict[str, int]) -> int:
    """Append measurements and places of the cutouts that the columns do not cover yet; of all
    cutouts where those that are there were measured by an older rule, so that no column is of two.

    Returns how many were measured again.
    """
    with job.read() as session:
        n = datasets.get_dataset(session, job.dataset_id).n_cutouts
        found = columns.find_columns(session, job.dataset_id, names=[MEASUREMENTS[-1].name])
        start = found[0].n if found else 0
        again = start if found and (found[0].rule or 0) < MEASURING_RULE else 0
        frames = exposures.list_exposures(session, job.dataset_id)
        upward = {frame.id for frame in frames if exposures.rows_up(frame)}
    start = first = 0 if again else start

    def beat(ordinal: int) -> None:
        part = (ordinal - first) / max(n - first, 1)
        job.progress(READING + MEASURING * part, f"measuring {n - first} cutouts", **counts)

    while start < n:
        stop = min(start + BATCH, n)
        with job.read() as session:
            measured = measure_range(session, job.dataset_id, start, stop, upward, beat)
        with job.write() as session:
            write_measured(session, job.dataset_id, measured, start, frames)
        start = stop
    return again


def measure_range(
    session: Session,
    dataset_id: int,
    start: int,
    stop: int,
    upward: set[int],
    beat: Callable[[int], None],
) -> Measured:
    """Measure the cutouts of a range of ordinals; `upward` are the exposures whose first row is at
    the bottom, and `beat` is told the ordinal now and then."""
    rows = cutouts.find_cutouts(session, dataset_id, ordinals=range(start, stop))
    pixels = cutouts.iter_pixels(session, dataset_id, start, stop)
    images = ((cutout, *image[1:]) for cutout, image in zip(rows, pixels, strict=True))
    return measure_images(images, upward, beat)


def measure_images(
    images: Iterable[tuple[Cutout, np.ndarray, np.ndarray | None]],
    upward: set[int],
    beat: Callable[[int], None],
) -> Measured:
    """Measure cutouts with these pixels and masks; `beat` is told the ordinal now and then."""
    rows, values, sides, centres = [], [], [], []
    for number, (cutout, image, mask) in enumerate(images):
        rows.append(cutout)
        values.append(measure(image, mask, rows_up=cutout.exposure_id in upward))
        sides.append(image.shape[:2])
        centres.append(charge_centre(image, mask))
        if number % 20 == 0:
            beat(cutout.ordinal)
    return Measured(
        rows,
        np.array(values, np.float32).reshape(len(rows), len(MEASUREMENTS)),
        np.array(sides, np.int32).reshape(len(rows), 2),
        np.array(centres, np.float64).reshape(len(rows), 2),
    )


def write_measured(
    session: Session,
    dataset_id: int,
    measured: Measured,
    start: int | np.ndarray,
    frames: Sequence[Exposure],
) -> None:
    """Write what was measured from ordinal `start` on; from 0, it replaces what was there. Of an
    array of ordinals it changes what the columns have of them."""
    unit, told = unit_of_charges(frames)
    for column, measurement in enumerate(MEASUREMENTS):
        said = [measurement.description, told if "signal" in measurement.unit else ""]
        spec = ColumnSpec(
            measurement.name,
            measurement.title,
            measurement.unit.replace("signal", unit),
            "measurement",
            "float32",
            description="; ".join(filter(None, said)),
            rule=MEASURING_RULE,
        )
        columns.put_values(session, dataset_id, spec, measured.values[:, column], start)
    charges = measured.values[:, NAMES.index("charge")]
    write_charges(session, dataset_id, measured.rows, charges, frames, start)
    _write_sides(session, dataset_id, measured.sides, start)
    if frames:
        _write_places(session, dataset_id, measured, start, frames)


def _write_sides(
    session: Session, dataset_id: int, sides: np.ndarray, start: int | np.ndarray
) -> None:
    """Height and width of the images: a gallery in native scale lays out by them."""
    for axis, side in enumerate(("height", "width")):
        spec = ColumnSpec(
            f"image_{side}", f"Image {side}", "px", "place", "int32",
            description=f"{side.capitalize()} of the cutout, its margin included",
        )  # fmt: skip
        columns.put_values(session, dataset_id, spec, sides[:, axis], start)


def _write_places(
    session: Session,
    dataset_id: int,
    measured: Measured,
    start: int | np.ndarray,
    frames: Sequence[Exposure],
) -> None:
    """Where the footprints are, in the trimmed frame and in the file."""
    number = {frame.id: k for k, frame in enumerate(frames)}
    n = len(measured.rows)
    place = np.full((n, 4), np.nan)
    exposure = np.full(n, -1, np.int32)
    for k, cutout in enumerate(measured.rows):
        if cutout.exposure_id is not None:
            place[k, :2] = measured.centres[k] + (cutout.x0 or 0, cutout.y0 or 0)
            exposure[k] = number[cutout.exposure_id]
    for frame in frames:
        rows = np.flatnonzero(exposure == number[frame.id])
        origin, step = exposures.place_in_file(frame)
        x, y = in_file(place[rows, 0], place[rows, 1], origin, step)
        place[rows, 2], place[rows, 3] = x, y
    for axis, (name, title, description) in enumerate(PLACES):
        spec = ColumnSpec(
            name, title, "px", "place", "float32", description=description, rule=MEASURING_RULE
        )
        columns.put_values(session, dataset_id, spec, place[:, axis], start)
    spec = ColumnSpec(
        "exposure", "Exposure", "", "place", "category",
        categories=[frame.name for frame in frames],
        description="The exposure it was cut from",
    )  # fmt: skip
    columns.put_values(session, dataset_id, spec, exposure, start)
