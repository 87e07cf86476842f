"""Packs of pixels: what a page of images needs, in one answer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from cloudchamber.data import cutouts, detections, exposures
from cloudchamber.data.packs import Offsets, add_mask, add_pixels

Pack = tuple[list[dict[str, Any]], list[np.ndarray]]


def drawn_upward(session: Session, found: Sequence[cutouts.Cutout]) -> set[int]:
    """Ordinals of those of the cutouts whose first row is drawn at the bottom."""
    upward = exposures.drawn_upward(session, {cutout.exposure_id for cutout in found})
    return {cutout.ordinal for cutout in found if cutout.exposure_id in upward}


def pixel_pack(
    session: Session, dataset_id: int, found: Sequence[cutouts.Cutout], upward: set[int]
) -> Pack:
    """Descriptions of the cutouts' pixels and masks, and the arrays in the order of offsets;
    `upward` as `drawn_upward` gives it."""
    offsets, items, arrays = Offsets(), [], []
    flags = {cutout.ordinal: cutout.flags for cutout in found}
    pixels = cutouts.iter_pixels(session, dataset_id, ordinals=list(flags))
    for ordinal, values, mask in pixels:
        names = cutouts.flag_names(flags[ordinal])
        add_pixels(items, arrays, offsets, values, mask, ordinal=ordinal, flags=names,
                   rows_up=ordinal in upward)  # fmt: skip
    return items, arrays


def footprint_pack(session: Session, exposure: exposures.Exposure, *, retired: bool) -> Pack:
    """Place and mask of every cutout of an exposure, without pixels; or of the retired ones, those
    of the latest detection first."""
    offsets, items, arrays = Offsets(), [], []
    if retired:
        groups = detections.retired_cutouts(session, exposure.id)
        masks = {cutout.id: mask for group in groups for cutout, mask in group}
        found = [cutout for group in groups for cutout, _ in group]
    else:
        masks = cutouts.read_masks(session, exposure.id)
        found = cutouts.of_exposure(session, exposure.id)
    for cutout in found:
        item: dict[str, Any] = {
            "ordinal": cutout.ordinal, "x0": cutout.x0, "y0": cutout.y0,
            "height": cutout.height, "width": cutout.width,
            "flags": cutouts.flag_names(cutout.flags),
        }  # fmt: skip
        add_mask(items, item, arrays, offsets, masks.get(cutout.id))
    return items, arrays
