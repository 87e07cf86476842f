"""Packs: descriptions and arrays in one answer, as the page reads them."""

import json
from typing import Any

import numpy as np


class Offsets:
    """Hands out places in a payload, each at a multiple of 8 bytes."""

    def __init__(self) -> None:
        self.next = 0

    def take(self, nbytes: int) -> int:
        """Offset of an array of `nbytes`."""
        offset = self.next
        self.next += nbytes + -nbytes % 8
        return offset


def pack(items: list[dict[str, Any]], arrays: list[np.ndarray], **header: Any) -> bytes:
    """Header and payload in one: uint32 length of the JSON header, the header, padding to 8
    bytes, the payload. Each array lies at a multiple of 8 bytes from the payload's start;
    the caller has written these offsets into `items`."""
    text = json.dumps({"items": items, **header}, separators=(",", ":"), allow_nan=False).encode()
    head = len(text).to_bytes(4, "little") + text
    parts = [head, bytes(-len(head) % 8)]
    for array in arrays:
        raw = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        parts += [raw, bytes(-len(raw) % 8)]
    return b"".join(parts)


def add_pixels(
    items: list[dict[str, Any]],
    arrays: list[np.ndarray],
    offsets: Offsets,
    pixels: np.ndarray,
    mask: np.ndarray | None,
    **about: Any,
) -> None:
    """Add an image with its mask (boolean or None) to a pack."""
    item: dict[str, Any] = {
        **about, "dtype": pixels.dtype.name, "shape": list(pixels.shape),
        "offset": offsets.take(pixels.nbytes), "nbytes": pixels.nbytes,
    }  # fmt: skip
    arrays.append(pixels)
    add_mask(items, item, arrays, offsets, mask)


def add_mask(
    items: list[dict[str, Any]],
    item: dict[str, Any],
    arrays: list[np.ndarray],
    offsets: Offsets,
    mask: np.ndarray | None,
) -> None:
    """Add an item with a mask, uint8 0/1, or with none."""
    item["mask_offset"] = None if mask is None else offsets.take(mask.size)
    item["mask_nbytes"] = 0 if mask is None else mask.size
    if mask is not None:
        arrays.append(mask.astype(np.uint8))
    items.append(item)
