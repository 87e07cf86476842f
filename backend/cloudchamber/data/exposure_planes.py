"""Planes: what belongs to every pixel of a kept exposure beside its value, a megabyte a row.

'noise' and 'background' (float32, what was subtracted) where they differ over the frame, and
'saturated' (bits) where a pixel is. They describe the frame as its import calibrated it, as its
tiles do.
"""

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np
from sqlalchemy import ForeignKey, LargeBinary, String, insert, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from cloudchamber.data.arrays import decode, encode
from cloudchamber.data.base import Base

ROW_BYTES = 1 << 20
Plane = Literal["noise", "background", "saturated"]


class ExposurePlane(Base):
    """Rows `row` to `row + height` of a plane; bits are packed along rows."""

    __tablename__ = "exposure_plane"

    exposure_id: Mapped[int] = mapped_column(ForeignKey("exposure.id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    height: Mapped[int]
    width: Mapped[int]
    dtype: Mapped[str] = mapped_column(String(10))
    codec: Mapped[str] = mapped_column(String(16))
    data: Mapped[bytes] = mapped_column("bytes", LargeBinary, deferred=True)


def plane_rows(name: Plane, plane: np.ndarray) -> Iterator[dict[str, Any]]:
    """A plane [height, width], boolean or float32, as rows for `write_rows`."""
    values = np.packbits(plane, axis=1) if plane.dtype == bool else plane
    step = max(1, ROW_BYTES // max(1, values.shape[1] * values.dtype.itemsize))
    for row in range(0, len(values), step):
        part = values[row : row + step]
        codec, packed = encode(part)
        yield {
            "name": name, "row": row, "height": part.shape[0], "width": part.shape[1],
            "dtype": part.dtype.name, "codec": codec, "data": packed,
        }  # fmt: skip


def kept_rows(session: Session, exposure_id: int) -> set[tuple[str, int]]:
    """Name and first row of what is stored already."""
    rows = session.execute(
        select(ExposurePlane.name, ExposurePlane.row).where(
            ExposurePlane.exposure_id == exposure_id
        )
    )
    return {(name, row) for name, row in rows}


def write_row(session: Session, exposure_id: int, row: dict[str, Any]) -> None:
    """Store a row of `plane_rows`."""
    session.execute(insert(ExposurePlane), [{"exposure_id": exposure_id, **row}])


def read_plane(
    session: Session, exposure_id: int, name: Plane, shape: tuple[int, int]
) -> np.ndarray | None:
    """A plane of an exposure [height, width]; None where it was not kept."""
    rows = session.execute(
        select(
            ExposurePlane.height, ExposurePlane.width, ExposurePlane.dtype, ExposurePlane.codec,
            ExposurePlane.data,
        )
        .where(ExposurePlane.exposure_id == exposure_id, ExposurePlane.name == name)
        .order_by(ExposurePlane.row)
    ).all()  # fmt: skip
    if not rows:
        return None
    values = np.concatenate(
        [decode(codec, data, dtype, (h, w)) for h, w, dtype, codec, data in rows]
    )
    if name == "saturated":
        return np.unpackbits(values, axis=1, count=shape[1]).astype(bool)
    return np.broadcast_to(values, shape)
