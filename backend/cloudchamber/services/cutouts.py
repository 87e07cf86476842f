"""Packs of pixels: what a page of images needs, in one answer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from cloudchamber.data import cutouts, exposures


class Offsets:
    """Hands out places in a payload, each at a multiple of 8 bytes."""

    def __init__(self) -> None:
        self.next = 0

    def take(self, nbytes: int) -> int:
        """Offset of an array of `nbytes`."""
        offset = self.next
        self.next += nbytes + -nbytes % 8
        return offset


Pack = tuple[list[dict[str, Any]], list[np.ndarray]]


def pixel_pack(session: Session, dataset_id: int, found: Sequence[cutouts.Cutout]) -> Pack:
    """Descriptions of the cutouts' pixels and masks, and the arrays in the order of offsets."""
    offsets, items, arrays = Offsets(), [], []
    flags = {cutout.ordinal: cutout.flags for cutout in found}
    pixels = cutouts.iter_pixels(session, dataset_id, ordinals=list(flags))
    for ordinal, values, mask in pixels:
        item: dict[str, Any] = {
            "ordinal": ordinal, "dtype": values.dtype.name, "shape": list(values.shape),
            "offset": offsets.take(values.nbytes), "nbytes": values.nbytes,
            "flags": cutouts.flag_names(flags[ordinal]),
        }  # fmt: skip
        arrays.append(values)
        _add_mask(item, mask, offsets, arrays)
        items.append(item)
    return items, arrays


def footprint_pack(session: Session, exposure: exposures.Exposure) -> Pack:
    """Place and mask of every cutout of an exposure, without pixels."""
    offsets, items, arrays = Offsets(), [], []
    found = cutouts.of_exposure(session, exposure.id)
    masks = cutouts.read_masks(session, exposure.id)
    for cutout in found:
        item: dict[str, Any] = {
            "ordinal": cutout.ordinal, "x0": cutout.x0, "y0": cutout.y0,
            "height": cutout.height, "width": cutout.width,
            "flags": cutouts.flag_names(cutout.flags),
        }  # fmt: skip
        _add_mask(item, masks.get(cutout.id), offsets, arrays)
        items.append(item)
    return items, arrays


def _add_mask(
    item: dict[str, Any], mask: np.ndarray | None, offsets: Offsets, arrays: list[np.ndarray]
) -> None:
    item["mask_offset"] = None if mask is None else offsets.take(mask.size)
    item["mask_nbytes"] = 0 if mask is None else mask.size
    if mask is not None:
        arrays.append(mask.astype(np.uint8))
