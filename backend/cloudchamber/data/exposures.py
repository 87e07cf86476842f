"""Exposures: one CCD readout each, kept as tiles so that a 4k frame pans without being decoded."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import (
    ForeignKey,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    func,
    insert,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from cloudchamber.data import revisions
from cloudchamber.data.arrays import decode, encode
from cloudchamber.data.base import Base, JsonDocument
from cloudchamber.data.datasets import lock_dataset
from cloudchamber.data.names import short_names
from cloudchamber.errors import Conflict, NotFound

TILE = 256
LAST_LEVEL_TILES = 4  # the pyramid ends when the whole frame lies in this many tiles


class Exposure(Base):
    __tablename__ = "exposure"
    __table_args__ = (
        UniqueConstraint("dataset_id", "ordinal"),
        UniqueConstraint("dataset_id", "path"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.id"))
    ordinal: Mapped[int]
    path: Mapped[str] = mapped_column(Text)
    """Whole relative path of the file, with its HDU and plane: who the exposure is."""
    name: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    hdu: Mapped[int] = mapped_column(default=0)
    plane: Mapped[int | None]
    header: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict, deferred=True)
    height: Mapped[int]
    width: Mapped[int]
    dtype: Mapped[str] = mapped_column(String(10))
    unit: Mapped[str] = mapped_column(String(20))
    """'ADU' or 'electron'."""
    calibration: Mapped[dict[str, Any]] = mapped_column(JsonDocument, default=dict)
    n_footprints: Mapped[int] = mapped_column(default=0)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(32), default=b"")
    # No foreign key: a detection points back here; see `Dataset.active_model_id`.
    detection_id: Mapped[int | None]
    """The current detection; None as long as there is none but that of the import."""


class ExposureTile(Base):
    __tablename__ = "exposure_tile"

    exposure_id: Mapped[int] = mapped_column(ForeignKey("exposure.id"), primary_key=True)
    level: Mapped[int] = mapped_column(primary_key=True)
    ty: Mapped[int] = mapped_column(primary_key=True)
    tx: Mapped[int] = mapped_column(primary_key=True)
    height: Mapped[int]
    width: Mapped[int]
    dtype: Mapped[str] = mapped_column(String(10))
    codec: Mapped[str] = mapped_column(String(16))
    data: Mapped[bytes] = mapped_column("bytes", LargeBinary, deferred=True)


@dataclass(frozen=True)
class NewExposure:
    """An exposure to be added; `dtype` is the file's, the tiles are calibrated float32."""

    path: str
    file_name: str
    height: int
    width: int
    dtype: str
    unit: str = "ADU"
    hdu: int = 0
    plane: int | None = None
    header: dict[str, Any] = field(default_factory=dict)
    calibration: dict[str, Any] = field(default_factory=dict)
    n_footprints: int = 0
    content_hash: bytes = b""


@dataclass(frozen=True)
class Tile:
    """One encoded tile: level 0 is native, level k the maximum over blocks of 2^k pixels."""

    level: int
    ty: int
    tx: int
    height: int
    width: int
    dtype: str
    codec: str
    data: bytes


def add_exposure(session: Session, dataset_id: int, new: NewExposure) -> int:
    """Add the exposure behind the last of its dataset; returns its id.

    Its name follows from its path; one that could be called alike is renamed with it. Conflict
    where the path is taken.
    """
    lock_dataset(session, dataset_id)
    known = list_exposures(session, dataset_id)
    if any(exposure.path == new.path for exposure in known):
        raise Conflict(f"The dataset has an exposure {new.path} already.")
    called = short_names([*(exposure.path for exposure in known), new.path])
    for exposure, name in zip(known, called[:-1], strict=True):
        if exposure.name != name:
            exposure.name = name
    exposure = Exposure(dataset_id=dataset_id, ordinal=len(known), name=called[-1], **vars(new))
    session.add(exposure)
    session.flush()
    revisions.bump(session, dataset_id, "dataset")
    return exposure.id


def set_footprints(session: Session, exposure_id: int, n_footprints: int) -> None:
    """State how many footprints the exposure gave."""
    get_exposure(session, exposure_id).n_footprints = n_footprints
    session.flush()


def encode_tiles(image: np.ndarray) -> Iterator[Tile]:
    """Tiles of a calibrated image [height, width], whole pyramid; touches no database.

    Level 0 holds float32, or int16 where that loses nothing. Level k + 1 is the maximum of
    2x2 blocks of level k, so that a one-pixel track stays visible at every zoom; NaN loses
    against any number.
    """
    level, image = 0, np.asarray(image, np.float32)
    while True:
        stored = _smallest(image)
        rows, cols = (-(-side // TILE) for side in image.shape)
        for ty in range(rows):
            for tx in range(cols):
                part = stored[ty * TILE : (ty + 1) * TILE, tx * TILE : (tx + 1) * TILE]
                codec, packed = encode(part)
                height, width = part.shape
                yield Tile(level, ty, tx, height, width, part.dtype.name, codec, packed)
        if rows * cols <= LAST_LEVEL_TILES:
            return
        level, image = level + 1, _halve(image)


def write_tiles(session: Session, exposure_id: int, image: np.ndarray | list[Tile]) -> None:
    """Store the tiles of `image` [height, width] float32, or a batch from `encode_tiles`.

    A large frame is better stored in batches of about a megabyte, one transaction each, so
    that labels are not held up behind it.
    """
    tiles = list(encode_tiles(image)) if isinstance(image, np.ndarray) else image
    rows = [{"exposure_id": exposure_id, **vars(tile)} for tile in tiles]
    if rows:
        session.execute(insert(ExposureTile), rows)


def read_tile(session: Session, exposure_id: int, level: int, ty: int, tx: int) -> np.ndarray:
    """One tile [<= 256, <= 256], float32 or int16; NotFound outside the pyramid."""
    tile = session.get(ExposureTile, (exposure_id, level, ty, tx))
    if tile is None:
        raise NotFound("The exposure has no such tile.")
    return decode(tile.codec, tile.data, tile.dtype, (tile.height, tile.width))


def read_image(session: Session, exposure_id: int) -> np.ndarray:
    """The whole calibrated exposure [height, width] float32, put together from its tiles."""
    exposure = get_exposure(session, exposure_id)
    image = np.full((exposure.height, exposure.width), np.nan, np.float32)
    rows = session.execute(
        select(
            ExposureTile.ty, ExposureTile.tx, ExposureTile.height, ExposureTile.width,
            ExposureTile.dtype, ExposureTile.codec, ExposureTile.data,
        ).where(ExposureTile.exposure_id == exposure_id, ExposureTile.level == 0)
    )  # fmt: skip
    for ty, tx, height, width, dtype, codec, packed in rows:
        y, x = ty * TILE, tx * TILE
        image[y : y + height, x : x + width] = decode(codec, packed, dtype, (height, width))
    return image


def get_exposure(session: Session, exposure_id: int) -> Exposure:
    """The exposure, or NotFound."""
    exposure = session.get(Exposure, exposure_id)
    if exposure is None:
        raise NotFound("There is no such exposure.")
    return exposure


def list_exposures(session: Session, dataset_id: int) -> list[Exposure]:
    """The exposures of a dataset in order, without headers."""
    return list(
        session.scalars(
            select(Exposure).where(Exposure.dataset_id == dataset_id).order_by(Exposure.ordinal)
        )
    )


def count_and_unit(session: Session, dataset_ids: list[int]) -> dict[int, tuple[int, str | None]]:
    """Number of exposures and their unit (None when there are none or they differ)."""
    rows = session.execute(
        select(Exposure.dataset_id, Exposure.unit, func.count())
        .where(Exposure.dataset_id.in_(dataset_ids))
        .group_by(Exposure.dataset_id, Exposure.unit)
    )
    found: dict[int, tuple[int, str | None]] = dict.fromkeys(dataset_ids, (0, None))
    for dataset_id, unit, n in rows:
        before = found[dataset_id][0]
        found[dataset_id] = (before + n, unit if not before else None)
    return found


def rows_up(exposure: Exposure) -> bool:
    """Whether the first row of the file is drawn at the bottom: FITS means so, unless ROWORDER or
    a person says otherwise; pictures and arrays begin on top."""
    recorded = exposure.calibration.get("rows_up")
    return _means_upward(exposure.header) if recorded is None else bool(recorded)


def drawn_upward(session: Session, exposure_ids: set[int | None]) -> set[int]:
    """Those of the exposures whose first row is drawn at the bottom."""
    wanted = [i for i in exposure_ids if i is not None]
    found = session.execute(
        select(Exposure.id, Exposure.calibration).where(Exposure.id.in_(wanted))
    )
    recorded = {i: calibration.get("rows_up") for i, calibration in found}
    silent = [i for i, up in recorded.items() if up is None]  # brought by an older program
    headers = session.execute(select(Exposure.id, Exposure.header).where(Exposure.id.in_(silent)))
    meant = {i: _means_upward(header) for i, header in headers}
    return {i for i, up in recorded.items() if (meant[i] if up is None else up)}


def _means_upward(header: dict[str, Any]) -> bool:
    order = str(header.get("ROWORDER", "")).strip().upper()
    return "BITPIX" in header and order != "TOP-DOWN"


def place_in_file(exposure: Exposure) -> tuple[tuple[int, int], tuple[int, int]]:
    """Where the trimmed frame lies in the file's image: 0-based origin (x, y), and how many columns
    and rows of it a pixel covers."""
    x, y = exposure.calibration.get("origin", (0, 0))
    columns, rows = exposure.calibration.get("step", (1, 1))
    return (int(x), int(y)), (int(columns), int(rows))


def exposure_names(session: Session, exposure_ids: set[int]) -> dict[int, str]:
    """Names by id."""
    rows = session.execute(select(Exposure.id, Exposure.name).where(Exposure.id.in_(exposure_ids)))
    return dict(iter(rows))


def last_level(height: int, width: int) -> int:
    """The coarsest level of the pyramid of a frame."""
    level = 0
    while -(-height // TILE) * -(-width // TILE) > LAST_LEVEL_TILES:
        level, height, width = level + 1, -(-height // 2), -(-width // 2)
    return level


def _halve(image: np.ndarray) -> np.ndarray:
    height, width = image.shape
    padded = np.pad(image, ((0, height % 2), (0, width % 2)), constant_values=np.nan)
    blocks = padded[0::2, 0::2], padded[1::2, 0::2], padded[0::2, 1::2], padded[1::2, 1::2]
    return np.fmax(np.fmax(blocks[0], blocks[1]), np.fmax(blocks[2], blocks[3]))


def _smallest(image: np.ndarray) -> np.ndarray:
    """`image` as int16 when every value is a whole number in range, else unchanged."""
    sample = image[:: max(1, image.shape[0] // 8)]
    if not np.array_equal(sample, np.rint(sample)):  # most calibrated frames leave here
        return image
    with np.errstate(invalid="ignore"):
        whole = image.astype(np.int16)
    return whole if np.array_equal(whole, image) else image
