"""Copies of an image: equal to it as they lie, turned or mirrored, and kept on one side of a split.

A model that has seen a cutout knows its copies. Tables in which eight rotations and reflections of
each cutout stand side by side are common, and so are folders that were filled twice.
"""

import hashlib
from collections.abc import Sequence

import numpy as np

from cloudchamber.data.arrays import little_endian

# Of so many bits at least is an image of which a second one is a copy and no chance: of the 509
# DAMIC matrices of 0 and 1, 55 equal another one, all of them under 100 bits (dots of a few pixels
# have few forms), and of 20,000 Timepix clusters 1,623, all under 20.
LEAST_BITS = 100.0


def canonical_hash(pixels: np.ndarray) -> bytes:
    """16 bytes that two images [height, width] or [height, width, channels] share exactly when one
    is the other, turned by quarters or mirrored or as it lies; type and shape count.

    The first byte tells whether a second one is a copy (1) or whether so simple an image, such as
    one bright pixel, comes again by chance (0); see `is_telling`.
    """
    plain = little_endian(pixels)
    turned = plain.swapaxes(0, 1)
    height, width = plain.shape[:2]
    # The lesser side is the height; a square lies both ways.
    lying = [plain] * (height <= width) + [turned] * (width <= height)
    views = [v for a in lying for v in (a, a[::-1], a[:, ::-1], a[::-1, ::-1])]
    first = _least(views)
    digest = hashlib.sha256(f"{plain.dtype.str} {first.shape}".encode())
    digest.update(np.ascontiguousarray(first).data)
    return bytes([_tells(plain.reshape(-1))]) + digest.digest()[:15]


def _least(views: list[np.ndarray]) -> np.ndarray:
    """The one whose bytes come first; row by row, since a large image is rarely read to its end."""
    rows = len(views[0])
    start, step = 0, max(1, 1024 * rows // views[0].nbytes)
    while len(views) > 1 and start < rows:
        parts = [v[start : start + step].tobytes() for v in views]
        least = min(parts)
        views = [v for v, part in zip(views, parts, strict=True) if part == least]
        start, step = start + step, 2 * step
    return views[0]


def _tells(values: np.ndarray) -> bool:
    # Parts of an image hold no more than the whole, and of most a few pixels say enough.
    if len(values) > 256 and information(values[:: len(values) // 128]) >= LEAST_BITS:
        return True
    return information(values) >= LEAST_BITS


def information(values: np.ndarray) -> float:
    """Bits it takes to say which of the values of an image lies where: its size times the entropy
    of its values (Shannon 1948). About log2 of how many images have the same values."""
    if values.dtype == np.uint8:
        counts = np.bincount(values.ravel())
        counts = counts[counts > 0]
    else:
        _, counts = np.unique(values, return_counts=True)
    return float((counts * np.log2(values.size / counts)).sum())


def is_telling(digest: bytes) -> bool:
    """Whether equal canonical hashes mean one object, and not two simple ones that look alike."""
    return digest[0] == 1


def keep_together(groups: np.ndarray, hashes: Sequence[bytes | None]) -> np.ndarray:
    """Groups int32 [n], numbered as they first come, in which copies share a group.

    Copies link the groups they lie in, from one to the next: an exposure that was imported twice,
    once turned, is one group with itself. Images that say too little to be copies would link
    everything by their one bright pixel: of those, each only moves into the group of the first
    that equals it, alone. ``hashes`` are canonical ones; None has no copies.
    """
    parent = {int(g): int(g) for g in np.unique(groups)}

    def root(group: int) -> int:
        while parent[group] != group:
            parent[group] = parent[parent[group]]
            group = parent[group]
        return group

    first = firsts(hashes)
    moved = [int(g) for g in groups]
    for row, digest in enumerate(hashes):
        if first[row] != row and digest is not None:
            if is_telling(digest):
                parent[root(int(groups[row]))] = root(int(groups[first[row]]))
            else:
                moved[row] = int(groups[first[row]])
    number: dict[int, int] = {}
    return np.array([number.setdefault(root(g), len(number)) for g in moved], np.int32)


def same_image(hashes: Sequence[bytes | None]) -> np.ndarray:
    """Row of the first cutout that shows the same object, for every row: `firsts` of the hashes
    that tell. Simple images that are equal by chance are objects of their own. int64 [n]."""
    return firsts([d if d is not None and is_telling(d) else None for d in hashes])


def firsts(hashes: Sequence[bytes | None]) -> np.ndarray:
    """Row of the first with the same hash, for every row; its own for None. int64 [n]."""
    met: dict[bytes, int] = {}
    found = (row if d is None else met.setdefault(d, row) for row, d in enumerate(hashes))
    return np.fromiter(found, np.int64, len(hashes))
