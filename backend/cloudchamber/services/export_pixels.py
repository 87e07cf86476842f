"""Pixel values as tables: a line per pixel, or the pixels of a cutout in a cell; with the masks."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from sqlalchemy.orm import Session

from cloudchamber.data import cutouts, exposures
from cloudchamber.data.arrays import little_endian
from cloudchamber.services.export_formats.table import csv_pieces, parquet_pieces

BATCH = 200


def pieces(session: Session, dataset_id: int, chosen: np.ndarray, form: str) -> Iterator[bytes]:
    """The bytes of the pixel values of `chosen` ordinals in the format of an export."""
    if form == "parquet":
        return parquet_pieces(_ROW, _rows(session, dataset_id, chosen))
    colour = any(c.channels > 1 for batch in batches(session, dataset_id, chosen) for c in batch)
    schema = _PIXEL_COLOUR if colour else _PIXEL
    return csv_pieces(schema, _pixels(session, dataset_id, chosen, schema))


_ROW = pa.schema(
    [
        ("name", pa.string()),
        ("path", pa.string()),
        ("exposure", pa.string()),
        ("x0", pa.int32()),
        ("y0", pa.int32()),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("channels", pa.int32()),
        ("dtype", pa.string()),
        ("pixels", pa.binary()),
        ("mask", pa.binary()),
    ]
)


def _rows(session: Session, dataset_id: int, chosen: np.ndarray) -> Iterator[pa.RecordBatch]:
    for batch in batches(session, dataset_id, chosen):
        names = exposures.exposure_names(session, {c.exposure_id for c in batch if c.exposure_id})
        rows = [
            {
                "name": c.name,
                "path": c.path,
                "exposure": names.get(c.exposure_id or 0),
                "x0": c.x0,
                "y0": c.y0,
                "height": c.height,
                "width": c.width,
                "channels": c.channels,
                "dtype": c.dtype,
                "pixels": little_endian(pixels).tobytes(),
                "mask": None if mask is None else mask.tobytes(),
            }
            for c, pixels, mask in with_pixels(session, dataset_id, batch)
        ]
        yield pa.RecordBatch.from_pylist(rows, schema=_ROW)


_PIXEL = pa.schema(
    [
        ("name", pa.string()),
        ("path", pa.string()),
        ("row", pa.int32()),
        ("column", pa.int32()),
        ("value", pa.float64()),
        ("inside", pa.int8()),
    ]
)
_PIXEL_COLOUR = _PIXEL.insert(4, pa.field("channel", pa.int32()))


def _pixels(
    session: Session, dataset_id: int, chosen: np.ndarray, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    for batch in batches(session, dataset_id, chosen):
        for cutout, pixels, mask in with_pixels(session, dataset_id, batch):
            cube = pixels.reshape(*pixels.shape[:2], -1)
            inside = np.ones(cube.shape[:2], bool) if mask is None else mask
            row, column, channel = (index.ravel() for index in np.indices(cube.shape, np.int32))
            arrays = {
                "name": pa.array([cutout.name] * cube.size, pa.string()),
                "path": pa.array([cutout.path] * cube.size, pa.string()),
                "row": pa.array(row),
                "column": pa.array(column),
                "channel": pa.array(channel),
                "value": pa.array(cube.ravel().astype(np.float64), from_pandas=True),
                "inside": pa.array(np.repeat(inside.ravel(), cube.shape[2]).astype(np.int8)),
            }
            yield pa.RecordBatch.from_arrays([arrays[n] for n in schema.names], schema=schema)


def batches(
    session: Session, dataset_id: int, chosen: np.ndarray
) -> Iterator[list[cutouts.Cutout]]:
    """The cutouts in order, as many at a time as fit into memory."""
    for start in range(0, len(chosen), BATCH):
        wanted = chosen[start : start + BATCH].tolist()
        yield cutouts.find_cutouts(session, dataset_id, ordinals=wanted)


def with_pixels(
    session: Session, dataset_id: int, batch: list[cutouts.Cutout]
) -> Iterator[tuple[cutouts.Cutout, np.ndarray, np.ndarray | None]]:
    """Each cutout of a batch with its pixels and its mask, None where all of it is inside."""
    by_ordinal = {c.ordinal: c for c in batch}
    ordinals = list(by_ordinal)
    for ordinal, pixels, mask in cutouts.iter_pixels(session, dataset_id, ordinals=ordinals):
        yield by_ordinal[ordinal], pixels, mask
