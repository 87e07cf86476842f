"""Cutouts: the images of a dataset, numbered densely; their pixels in a table of their own."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import (
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    false,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from cloudchamber.data import revisions
from cloudchamber.data.arrays import decode, encode, little_endian, pack_mask, unpack_mask
from cloudchamber.data.base import Base, JsonDocument
from cloudchamber.data.copies import canonical_hash
from cloudchamber.data.datasets import Dataset, lock_dataset
from cloudchamber.data.names import short_names, stem_of
from cloudchamber.errors import Conflict, Invalid, NotFound

EDGE, CROPPED, SATURATED, HAS_NAN, ROW, COLUMN, BLEEDING, BESIDE_MASKED = (2**k for k in range(8))
FLAGS = {
    EDGE: "edge", CROPPED: "cropped", SATURATED: "saturated", HAS_NAN: "has_nan", ROW: "row",
    COLUMN: "column", BLEEDING: "bleeding", BESIDE_MASKED: "beside_masked",
}  # fmt: skip
DTYPES = {"uint8", "int8", "uint16", "int16", "uint32", "int32", "float32", "float64"}
BATCH = 500


class Cutout(Base):
    __tablename__ = "cutout"
    __table_args__ = (
        UniqueConstraint("dataset_id", "ordinal"),
        UniqueConstraint("dataset_id", "path"),
        Index(None, "dataset_id", "stem"),
        Index(None, "dataset_id", "content_hash"),
        Index(None, "dataset_id", "canonical_hash"),
        Index(None, "dataset_id", "retired"),
        Index(None, "exposure_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    dataset_id: Mapped[int] = mapped_column(ForeignKey("dataset.id"))
    ordinal: Mapped[int]
    path: Mapped[str] = mapped_column(Text)
    """Whole relative path, archive members included: who the cutout is."""
    name: Mapped[str] = mapped_column(Text)
    """The shortest suffix of the path that is its own in the dataset; see `data.names`."""
    stem: Mapped[str] = mapped_column(Text)
    """What all that may be called alike share: names are decided among them."""
    exposure_id: Mapped[int | None] = mapped_column(ForeignKey("exposure.id"))
    x0: Mapped[int | None]
    y0: Mapped[int | None]
    height: Mapped[int]
    width: Mapped[int]
    channels: Mapped[int] = mapped_column(default=1)
    dtype: Mapped[str] = mapped_column(String(10))
    flags: Mapped[int] = mapped_column(default=0)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary(16))
    duplicate_of: Mapped[int | None]
    """Ordinal of the first cutout with the same pixels."""
    canonical_hash: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    """The same for copies that are turned by quarters or mirrored; `copies.canonical_hash`."""
    source_group: Mapped[str | None] = mapped_column(Text)
    """Folder, run or exposure the cutout came from: kept together in cross-validation."""
    retired: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether the current detection of its exposure has no such footprint; see `data.retired`."""


class CutoutPixels(Base):
    __tablename__ = "cutout_pixels"

    cutout_id: Mapped[int] = mapped_column(ForeignKey("cutout.id"), primary_key=True)
    dtype: Mapped[str] = mapped_column(String(10))
    shape: Mapped[list[int]] = mapped_column(JsonDocument)
    codec: Mapped[str] = mapped_column(String(16))
    pixels: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    mask: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)


@dataclass(frozen=True)
class NewCutout:
    """A cutout to be appended.

    path : whole relative path, as `names.tidy` leaves it; its name follows from it.
    pixels : [height, width] or [height, width, 3], dtype kept.
    mask : boolean [height, width], True inside the footprint, or None.
    """

    path: str
    pixels: np.ndarray
    mask: np.ndarray | None = None
    exposure_id: int | None = None
    x0: int | None = None
    y0: int | None = None
    flags: int = 0
    source_group: str | None = None


def content_hash(pixels: np.ndarray) -> bytes:
    """16 bytes that two cutouts share exactly when dtype, shape and pixels are equal."""
    plain = little_endian(pixels)
    digest = hashlib.sha256(f"{plain.dtype.name} {plain.shape}".encode())
    digest.update(plain.data)
    return digest.digest()[:16]


def append_cutouts(session: Session, dataset_id: int, new: Sequence[NewCutout]) -> list[int]:
    """Append cutouts behind the last; returns their ordinals.

    Duplicates of earlier cutouts are kept and point to the first one with the same pixels. Where
    a new path ends as an earlier one does, both get the longer name that tells them apart.

    Raises
    ------
    Conflict
        When a path is taken. `known_cutouts.hashes_by_path` tells beforehand.
    Invalid
        When pixels have a dtype or shape that cannot be stored.
    """
    if not new:
        return []
    dataset = lock_dataset(session, dataset_id)
    start = dataset.n_cutouts
    hashes = [content_hash(_checked(cutout)) for cutout in new]
    first_with = _first_with(session, dataset_id, hashes)
    called = _names_beside(session, dataset_id, [cutout.path for cutout in new])
    rows = []
    for ordinal, (cutout, digest) in enumerate(zip(new, hashes, strict=True), start):
        first = first_with.setdefault(digest, ordinal)
        rows.append(
            {
                "dataset_id": dataset_id,
                "ordinal": ordinal,
                "path": cutout.path,
                "name": called[cutout.path],
                "stem": stem_of(cutout.path),
                "exposure_id": cutout.exposure_id,
                **facts_of(cutout, digest),
                "duplicate_of": None if first == ordinal else first,
                "source_group": cutout.source_group,
            }
        )
    # RETURNING makes SQLAlchemy send a thousand rows in one statement: without it Postgres took
    # 50 s for 100,000 cutouts instead of 10.
    inserted = session.scalars(
        insert(Cutout).returning(Cutout.id, sort_by_parameter_order=True), rows
    )
    pixels = [
        {"cutout_id": i, **pixels_of(cutout)} for i, cutout in zip(inserted.all(), new, strict=True)
    ]
    session.scalars(insert(CutoutPixels).returning(CutoutPixels.cutout_id), pixels).all()
    stop = start + len(rows)
    session.execute(update(Dataset).where(Dataset.id == dataset_id).values(n_cutouts=stop))
    revisions.bump(session, dataset_id, "cutouts")
    return list(range(start, stop))


def facts_of(cutout: NewCutout, digest: bytes | None = None) -> dict[str, Any]:
    """What the table of cutouts keeps of a cutout's image, by column."""
    height, width = cutout.pixels.shape[:2]
    return {
        "x0": cutout.x0,
        "y0": cutout.y0,
        "height": height,
        "width": width,
        "channels": 1 if cutout.pixels.ndim == 2 else cutout.pixels.shape[2],
        "dtype": _dtype_name(cutout.pixels),
        "flags": cutout.flags | _nan_flag(cutout),
        "content_hash": digest or content_hash(_checked(cutout)),
        "canonical_hash": canonical_hash(cutout.pixels),
    }


def pixels_of(cutout: NewCutout) -> dict[str, Any]:
    """What the table of pixels keeps of a cutout, by column."""
    codec, packed = encode(cutout.pixels)
    return {
        "dtype": _dtype_name(cutout.pixels),
        "shape": list(cutout.pixels.shape), "codec": codec, "pixels": packed,
        "mask": None if cutout.mask is None else pack_mask(cutout.mask),
    }  # fmt: skip


def iter_pixels(
    session: Session,
    dataset_id: int,
    start: int = 0,
    stop: int | None = None,
    ordinals: Iterable[int] | None = None,
) -> Iterator[tuple[int, np.ndarray, np.ndarray | None]]:
    """(ordinal, pixels, mask) of a range of cutouts, or of `ordinals` in ascending order.

    Reads in batches, so a dataset larger than memory can be walked through.
    """
    columns = (
        Cutout.ordinal, CutoutPixels.dtype, CutoutPixels.shape, CutoutPixels.codec,
        CutoutPixels.pixels, CutoutPixels.mask,
    )  # fmt: skip
    base = (
        select(*columns)
        .join(CutoutPixels, CutoutPixels.cutout_id == Cutout.id)
        .where(Cutout.dataset_id == dataset_id)
        .order_by(Cutout.ordinal)
    )
    for condition in _batches(session, dataset_id, start, stop, ordinals):
        for ordinal, dtype, shape, codec, packed, mask in session.execute(base.where(condition)):
            pixels = decode(codec, packed, dtype, tuple(shape))
            inside = None if mask is None else unpack_mask(mask, (shape[0], shape[1]))
            yield ordinal, pixels, inside


def paths(session: Session, dataset_id: int) -> list[str]:
    """Paths of all cutouts in order."""
    return list(
        session.scalars(
            select(Cutout.path).where(Cutout.dataset_id == dataset_id).order_by(Cutout.ordinal)
        )
    )


def names(session: Session, dataset_id: int) -> list[str]:
    """Names of all cutouts in order."""
    return list(
        session.scalars(
            select(Cutout.name).where(Cutout.dataset_id == dataset_id).order_by(Cutout.ordinal)
        )
    )


def get_cutout(session: Session, dataset_id: int, ordinal: int) -> Cutout:
    """The cutout, or NotFound."""
    cutout = session.scalars(
        select(Cutout).where(Cutout.dataset_id == dataset_id, Cutout.ordinal == ordinal)
    ).one_or_none()
    if cutout is None:
        raise NotFound("There is no such cutout.")
    return cutout


def find_cutouts(
    session: Session,
    dataset_id: int,
    *,
    ordinals: Sequence[int] | None = None,
    after: int = -1,
    name: str | None = None,
    exposure_id: int | None = None,
    duplicates: bool = False,
    limit: int = BATCH,
) -> list[Cutout]:
    """Cutouts in order: the given ordinals, or the first `limit` after an ordinal that match and
    are not retired."""
    query = select(Cutout).where(Cutout.dataset_id == dataset_id).order_by(Cutout.ordinal)
    if ordinals is not None:
        parts = (ordinals[at : at + BATCH] for at in range(0, len(ordinals), BATCH))
        return [c for part in parts for c in session.scalars(query.where(Cutout.ordinal.in_(part)))]
    if name is not None:
        query = query.where(
            Cutout.name.icontains(name, autoescape=True)
            | Cutout.path.icontains(name, autoescape=True)
        )
    if exposure_id is not None:
        query = query.where(Cutout.exposure_id == exposure_id)
    if duplicates:
        query = query.where(Cutout.duplicate_of.is_not(None))
    query = query.where(Cutout.ordinal > after, Cutout.retired.is_(False))
    return list(session.scalars(query.limit(limit)))


def of_exposure(session: Session, exposure_id: int) -> list[Cutout]:
    """The cutouts that the current detection of an exposure has, in order."""
    return list(
        session.scalars(
            select(Cutout)
            .where(Cutout.exposure_id == exposure_id, Cutout.retired.is_(False))
            .order_by(Cutout.ordinal)
        )
    )


def read_masks(session: Session, exposure_id: int) -> dict[int, np.ndarray]:
    """Masks (boolean [height, width]) of an exposure's cutouts by cutout id."""
    rows = session.execute(
        select(CutoutPixels.cutout_id, Cutout.height, Cutout.width, CutoutPixels.mask)
        .join(Cutout, Cutout.id == CutoutPixels.cutout_id)
        .where(Cutout.exposure_id == exposure_id, Cutout.retired.is_(False))
        .where(CutoutPixels.mask.is_not(None))
    )
    return {i: unpack_mask(mask or b"", (height, width)) for i, height, width, mask in rows}


def every_mask(session: Session, exposure_id: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """Place (x0, y0) and mask of every cutout that any detection of an exposure has found."""
    rows = session.execute(
        select(Cutout.x0, Cutout.y0, Cutout.height, Cutout.width, CutoutPixels.mask)
        .join(CutoutPixels, CutoutPixels.cutout_id == Cutout.id)
        .where(Cutout.exposure_id == exposure_id, CutoutPixels.mask.is_not(None))
    )
    for x0, y0, height, width, mask in rows:
        yield x0 or 0, y0 or 0, unpack_mask(mask or b"", (height, width))


def flag_names(flags: int) -> list[str]:
    """The flags of a cutout as words."""
    return [word for bit, word in FLAGS.items() if flags & bit]


def _checked(cutout: NewCutout) -> np.ndarray:
    pixels = cutout.pixels
    if pixels.ndim not in (2, 3) or 0 in pixels.shape:
        raise Invalid(f"{cutout.path}: a cutout is [height, width] or [height, width, channels].")
    if _dtype_name(pixels) not in DTYPES:
        raise Invalid(f"{cutout.path}: pixels of type {pixels.dtype} cannot be stored.")
    if cutout.mask is not None and cutout.mask.shape != pixels.shape[:2]:
        raise Invalid(f"{cutout.path}: the mask has another shape than the image.")
    return pixels


def _dtype_name(pixels: np.ndarray) -> str:
    return "uint8" if pixels.dtype == bool else pixels.dtype.name


def _nan_flag(cutout: NewCutout) -> int:
    if cutout.pixels.dtype.kind != "f":
        return 0
    return HAS_NAN if bool(np.isnan(cutout.pixels).any()) else 0


def _first_with(session: Session, dataset_id: int, hashes: list[bytes]) -> dict[bytes, int]:
    """Lowest ordinal that has each of the hashes already."""
    found: dict[bytes, int] = {}
    for at in range(0, len(hashes), BATCH):
        rows = session.execute(
            select(Cutout.content_hash, Cutout.ordinal)
            .where(Cutout.dataset_id == dataset_id)
            .where(Cutout.content_hash.in_(hashes[at : at + BATCH]))
            .where(Cutout.duplicate_of.is_(None), Cutout.retired.is_(False))
        )
        found.update({bytes(digest): ordinal for digest, ordinal in rows})
    return found


def _names_beside(session: Session, dataset_id: int, new: list[str]) -> dict[str, str]:
    """Names of the `new` paths by path; cutouts that may be called alike are renamed with them."""
    if len(set(new)) < len(new):
        raise Conflict("Two cutouts of one batch have the same path.")
    known: dict[str, tuple[int, str]] = {}
    stems = list({stem_of(path) for path in new})
    for at in range(0, len(stems), BATCH):
        rows = session.execute(
            select(Cutout.path, Cutout.id, Cutout.name).where(
                Cutout.dataset_id == dataset_id, Cutout.stem.in_(stems[at : at + BATCH])
            )
        )
        known.update({path: (cutout_id, name) for path, cutout_id, name in rows})
    for path in new:
        if path in known:
            raise Conflict(f"The dataset has a cutout {path} already.")
    whole = [*known, *new]
    called = dict(zip(whole, short_names(whole), strict=True))
    renamed = [
        {"id": cutout_id, "name": called[path]}
        for path, (cutout_id, name) in known.items()
        if called[path] != name
    ]
    if renamed:
        session.execute(update(Cutout), renamed)
    return called


def _batches(
    session: Session,
    dataset_id: int,
    start: int,
    stop: int | None,
    ordinals: Iterable[int] | None,
) -> Iterator:
    if ordinals is not None:
        wanted = sorted({int(o) for o in ordinals})
        for at in range(0, len(wanted), BATCH):
            yield Cutout.ordinal.in_(wanted[at : at + BATCH])
        return
    if stop is None:
        stop = session.scalar(select(Dataset.n_cutouts).where(Dataset.id == dataset_id)) or 0
    for at in range(start, stop, BATCH):
        yield Cutout.ordinal.between(at, min(at + BATCH, stop) - 1)
