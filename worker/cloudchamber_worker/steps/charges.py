"""Charges of cutouts from exposures whose units or gains differ: told apart, and as electrons."""

from collections.abc import Sequence

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloudchamber.data import columns
from cloudchamber.data.accounts import counted
from cloudchamber.data.calibrations import Calibration
from cloudchamber.data.columns import MEASURING_RULE, ColumnSpec
from cloudchamber.data.cutouts import Cutout
from cloudchamber.data.exposures import Exposure
from cloudchamber_worker.imaging.dialects.units import PixelUnit, electrons_per_unit

MIXED = "mixed"


def unit_of_charges(exposures: Sequence[Exposure]) -> tuple[str, str]:
    """The unit of what is measured on cutouts, and what is to be said of it."""
    n: dict[str, int] = {}
    for exposure in exposures:
        n[exposure.unit] = n.get(exposure.unit, 0) + 1
    if len(n) < 2:
        return next(iter(n), "value"), ""
    told = ", ".join(f"{unit} in {counted(k, 'exposure')}" for unit, k in sorted(n.items()))
    return MIXED, f"{told}: compare within one unit (column pixel_unit), or charge_electron"


def electrons_of(exposure: Exposure, places: np.ndarray) -> np.ndarray:
    """By what values at places [n, 2] (x, y of the frame) become electrons: float64 [n], NaN where
    gain or time is not known."""
    record = Calibration.model_validate(exposure.calibration)
    unit = PixelUnit(exposure.unit, "")
    factors = np.full(len(places), np.nan)
    for amplifier in record.amplifiers:
        factor = electrons_per_unit(unit, amplifier.gain, record.exposure_time)
        x, y = places[:, 0], places[:, 1]
        inside = (x >= amplifier.x0) & (x < amplifier.x0 + amplifier.w)
        inside &= (y >= amplifier.y0) & (y < amplifier.y0 + amplifier.h)
        if factor is not None:
            factors[inside] = factor
    return factors


def write_charges(
    session: Session,
    dataset_id: int,
    cutouts: Sequence[Cutout],
    charges: np.ndarray,
    exposures: Sequence[Exposure],
    start: int | np.ndarray,
) -> None:
    """Write the column `charge_electron` of the cutouts from ordinal `start` on (or of these
    ordinals), and `pixel_unit` of all where their units differ.

    charges : float [n], one for each of the cutouts
    """
    if not exposures:
        return
    by_id = {exposure.id: exposure for exposure in exposures}
    electrons = np.full(len(charges), np.nan)
    groups: dict[int, list[int]] = {}
    for row, cutout in enumerate(cutouts):
        if cutout.exposure_id is not None:
            groups.setdefault(cutout.exposure_id, []).append(row)
    for exposure_id, rows in groups.items():
        group = [cutouts[row] for row in rows]
        middles = np.array([((c.x0 or 0) + c.width / 2, (c.y0 or 0) + c.height / 2) for c in group])
        electrons[rows] = charges[rows] * electrons_of(by_id[exposure_id], middles)
    known = columns.find_columns(session, dataset_id, names=["charge_electron"])
    if known or np.isfinite(electrons).any():
        spec = ColumnSpec(
            "charge_electron", "Charge in electrons", "electron", "measurement", "float32",
            description="Charge times the gain of its amplifier, and the exposure's time where "
            "its unit is per second; as the exposure's history states them",
            rule=MEASURING_RULE,
        )  # fmt: skip
        columns.put_values(session, dataset_id, spec, electrons, start)
    if len({exposure.unit for exposure in exposures}) > 1:
        _write_units(session, dataset_id, exposures)


def _write_units(session: Session, dataset_id: int, exposures: Sequence[Exposure]) -> None:
    """The unit of every cutout's exposure, of all anew: a unit that comes later has a code too."""
    units = sorted({exposure.unit for exposure in exposures})
    code = {exposure.id: units.index(exposure.unit) for exposure in exposures}
    rows = session.execute(
        select(Cutout.ordinal, Cutout.exposure_id).where(Cutout.dataset_id == dataset_id)
    ).all()
    values = np.full(len(rows), -1, np.int32)
    for ordinal, exposure_id in rows:
        values[ordinal] = -1 if exposure_id is None else code.get(exposure_id, -1)
    spec = ColumnSpec(
        "pixel_unit", "Pixel unit", "", "place", "category", categories=units,
        description="Unit of the pixels of its exposure",
    )  # fmt: skip
    columns.write_column(session, dataset_id, spec, values)
