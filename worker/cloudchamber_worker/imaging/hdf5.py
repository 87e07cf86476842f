"""HDF5: datasets of two dimensions are images, of three and four are stacks.

Reference: HDF5 File Format Specification 3.0; links to other files are never followed.
"""

import io
import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from cloudchamber_worker.imaging.errors import NeedsAnswer, Unreadable
from cloudchamber_worker.imaging.npy import images_of
from cloudchamber_worker.imaging.pixels import Image, LeftOut

IMAGE_SIDE = 8  # a side below which a dataset of two dimensions is a table of numbers
MAX_DATASETS = 10_000
MAX_BYTES = 1 << 30


def read_hdf5(data: bytes) -> Iterator[Image | LeftOut]:
    """Yield the images of an HDF5 file; datasets that are none are named."""
    os.environ["HDF5_PLUGIN_PRELOAD"] = "::"  # no filter from this machine's folders
    import h5py

    with h5py.File(io.BytesIO(data), "r") as file:
        found, others = _datasets(file)
        for name, reason in others:
            yield LeftOut(name, reason, ignored=True)
        if not found:
            told = "; ".join(f"{name} {reason}" for name, reason in others[:4])
            raise Unreadable(f"holds no image ({told or 'no dataset at all'})")
        for name, dataset in found:
            yield from _images(name, dataset, alone=len(found) == 1)


def _images(name: str, dataset: Any, *, alone: bool) -> Iterator[Image | LeftOut]:
    part = "" if alone else "-" + name.replace("/", ".")
    try:
        if dataset.nbytes > MAX_BYTES:
            raise Unreadable(f"claims {dataset.nbytes >> 20} MiB; the limit is {MAX_BYTES >> 20}")
        for image in images_of(np.asarray(dataset[()])):
            yield Image(image.pixels, part + image.part, image.mask, image.notes)
    except (Unreadable, NeedsAnswer) as error:
        if alone:
            raise
        yield LeftOut(name, str(error))
    except (OSError, RuntimeError, TypeError, ValueError) as error:
        damage = Unreadable(f"cannot be read: {str(error)[:200]}")
        if alone:
            raise damage from error
        yield LeftOut(name, str(damage))


def _datasets(file: Any) -> tuple[list[tuple[str, Any]], list[tuple[str, str]]]:
    """The datasets that are images, and what the others are, in the file's order."""
    import h5py

    images: list[tuple[str, Any]] = []
    others: list[tuple[str, str]] = []
    groups: list[tuple[str, Any]] = [("", file)]
    seen: dict[Any, str] = {}
    while groups:
        prefix, group = groups.pop(0)
        for key in group:
            name = f"{prefix}{key}"
            link = group.get(key, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                others.append((name, "is a link to another file, which is not followed"))
                continue
            thing = group.get(key)
            if thing is None or len(images) + len(others) > MAX_DATASETS:
                others.append((name, "cannot be reached"))
                continue
            if thing.id in seen:
                others.append((name, f"is {seen[thing.id]} by another name: a link"))
                continue
            seen[thing.id] = name
            if isinstance(thing, h5py.Group):
                groups.append((f"{name}/", thing))
                continue
            reason = _why_no_image(thing)
            if reason:
                others.append((name, reason))
            else:
                images.append((name, thing))
    return images, others


def _why_no_image(thing: Any) -> str:
    import h5py

    if not isinstance(thing, h5py.Dataset):
        return "is a type, no dataset"
    if thing.external or thing.is_virtual:
        return "lies in another file, which is not followed"
    if thing.dtype.names:
        return (
            f"is a table of {thing.shape[0] if thing.shape else 1} rows: save it as CSV or Parquet"
        )
    if thing.dtype.kind not in "uifbc":
        return f"holds {thing.dtype.name}, no pixels"
    if len(thing.shape) < 2:
        return "is a number" if not thing.shape else f"is a list of {thing.shape[0]} numbers"
    if thing.ndim == 2 and min(thing.shape) < IMAGE_SIDE and thing.attrs.get("CLASS") != b"IMAGE":
        return f"is {thing.shape[0]} x {thing.shape[1]} numbers, no image"
    return ""
