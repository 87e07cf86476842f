"""Cutouts: what they are, and their pixels in packs."""

from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

from cloudchamber.api.binary import etag, octets, unchanged
from cloudchamber.api.deps import Db
from cloudchamber.api.schemas import BINARY, MAX_ID, Flag, Id, Ordinal, Schema, Text
from cloudchamber.data import cutouts, datasets, exposures
from cloudchamber.data.packs import pack
from cloudchamber.data.retired import retired
from cloudchamber.errors import Invalid, NotFound
from cloudchamber.services.cutouts import drawn_upward, pixel_pack

router = APIRouter(tags=["cutouts"])

MAX_CUTOUTS = 500
MAX_PIXELS = 256
# Pixels of 256 cutouts of the largest size would be half a gigabyte.
MAX_PACK_BYTES = 128 << 20

After = Annotated[int, Query(ge=-1, le=MAX_ID, description="The `next` of the page before.")]
Limit = Annotated[int, Query(ge=1, le=MAX_CUTOUTS)]


class Cutout(Schema):
    """One image; `x0`, `y0` place its lower left pixel in the exposure."""

    ordinal: int
    name: str
    exposure_id: int | None
    exposure_name: str | None
    x0: int | None
    y0: int | None
    height: int
    width: int
    channels: int
    dtype: str
    flags: list[Flag]
    duplicate_of: int | None
    source_group: str | None


class CutoutPage(Schema):
    items: list[Cutout]
    next: int | None


class Duplicate(Schema):
    ordinal: int
    name: str
    duplicate_of: int
    duplicate_of_name: str


class DuplicatePage(Schema):
    items: list[Duplicate]
    next: int | None


def parse_ordinals(text: str, limit: int) -> list[int]:
    """'1,2,3' as numbers; Invalid when it is not that, or has more than `limit`."""
    parts = text.split(",")
    if len(parts) > limit:
        raise Invalid(f"At most {limit} ordinals at a time.")
    if not all(part.isascii() and part.isdigit() and len(part) <= 10 for part in parts):
        raise Invalid("Ordinals are numbers with commas between: 1,2,3.")
    found = [int(part) for part in parts]
    if max(found) > MAX_ID:
        raise Invalid("There is no such ordinal.")
    return found


def describe(session: Session, found: list[cutouts.Cutout]) -> list[Cutout]:
    names = exposures.exposure_names(session, {c.exposure_id for c in found if c.exposure_id})
    return [
        Cutout(
            ordinal=c.ordinal,
            name=c.name,
            exposure_id=c.exposure_id,
            exposure_name=names.get(c.exposure_id) if c.exposure_id else None,
            x0=c.x0,
            y0=c.y0,
            height=c.height,
            width=c.width,
            channels=c.channels,
            dtype=c.dtype,
            flags=cutouts.flag_names(c.flags),  # pyright: ignore[reportArgumentType]
            duplicate_of=c.duplicate_of,
            source_group=c.source_group,
        )
        for c in found
    ]


@router.get("/datasets/{dataset_id}/cutouts")
def list_cutouts(
    dataset_id: Id,
    db: Db,
    ordinals: Annotated[str | None, Query(description="At most 500: 1,2,3.")] = None,
    after: After = -1,
    limit: Limit = 100,
    name: Annotated[Text | None, Query(description="Only names that contain this.")] = None,
) -> CutoutPage:
    """The cutouts with these ordinals, or a page of all of them."""
    with db.read() as session:
        datasets.get_dataset(session, dataset_id)
        if ordinals is not None:
            wanted = parse_ordinals(ordinals, MAX_CUTOUTS)
            found = cutouts.find_cutouts(session, dataset_id, ordinals=wanted)
            return CutoutPage(items=describe(session, found), next=None)
        found = cutouts.find_cutouts(
            session, dataset_id, after=after, name=name or None, limit=limit
        )
        following = found[-1].ordinal if len(found) == limit else None
        return CutoutPage(items=describe(session, found), next=following)


@router.get("/datasets/{dataset_id}/cutouts/{ordinal}")
def get_cutout(dataset_id: Id, ordinal: Ordinal, db: Db) -> Cutout:
    """One cutout."""
    with db.read() as session:
        datasets.get_dataset(session, dataset_id)
        return describe(session, [cutouts.get_cutout(session, dataset_id, ordinal)])[0]


@router.get("/datasets/{dataset_id}/retired")
def list_retired(dataset_id: Id, db: Db) -> list[int]:
    """Ordinals of the cutouts that the current detection of their exposure does not have."""
    with db.read() as session:
        n = datasets.get_dataset(session, dataset_id).n_cutouts
        return np.flatnonzero(retired(session, dataset_id, n)).tolist()


@router.get("/datasets/{dataset_id}/duplicates")
def list_duplicates(dataset_id: Id, db: Db, after: After = -1, limit: Limit = 100) -> DuplicatePage:
    """Cutouts whose pixels equal those of an earlier one, bit by bit."""
    with db.read() as session:
        datasets.get_dataset(session, dataset_id)
        found = cutouts.find_cutouts(session, dataset_id, after=after, duplicates=True, limit=limit)
        first = [c.duplicate_of for c in found if c.duplicate_of is not None]
        originals = cutouts.find_cutouts(session, dataset_id, ordinals=first)
        names = {c.ordinal: c.name for c in originals}
        items = [
            Duplicate(
                ordinal=c.ordinal,
                name=c.name,
                duplicate_of=c.duplicate_of,
                duplicate_of_name=names[c.duplicate_of],
            )
            for c in found
            if c.duplicate_of is not None
        ]
        following = found[-1].ordinal if len(found) == limit else None
        return DuplicatePage(items=items, next=following)


@router.get("/datasets/{dataset_id}/pixels", response_class=Response, responses=BINARY)
def read_pixels(
    dataset_id: Id,
    request: Request,
    db: Db,
    ordinals: Annotated[str, Query(description="At most 256: 1,2,3.")],
) -> Response:
    """Pixels and masks of cutouts in one pack, in ascending order of ordinals.

    uint32 (little-endian): length of the JSON header; the header `{items: [{ordinal, dtype,
    shape, offset, nbytes, mask_offset, mask_nbytes, flags, rows_up}]}`; padding to 8 bytes; the
    payload, from whose start the offsets count. Pixels are little-endian, row after row; the mask
    is uint8 0 or 1 of the same height and width, `mask_offset` null where there is none. `rows_up`:
    the first row is drawn at the bottom.
    """
    wanted = sorted(set(parse_ordinals(ordinals, MAX_PIXELS)))
    with db.read() as session:
        dataset = datasets.get_dataset(session, dataset_id)
        found = cutouts.find_cutouts(session, dataset_id, ordinals=wanted)
        if len(found) < len(wanted):
            raise NotFound("One of these cutouts does not exist.")
        hashes = [c.content_hash.hex() for c in found]
        upward = drawn_upward(session, found)
        rows = ["up" if o in upward else "down" for o in wanted]
        tag = etag("pixels", dataset.created_at, dataset_id, *wanted, *hashes, *rows)
        if (same := unchanged(request, tag)) is not None:
            return same
        size = sum(c.height * c.width * c.channels * 8 for c in found)
        if len(found) > 1 and size > MAX_PACK_BYTES:
            raise Invalid("These cutouts are too large for one pack.", hint="Ask for fewer.")
        items, arrays = pixel_pack(session, dataset_id, found, upward)
    return octets(pack(items, arrays), tag)
