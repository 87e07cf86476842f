"""Pixel values as files: one array per cutout in a zip, or tables."""

import io
import zipfile
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from sqlalchemy.orm import Session

from cloudchamber.data import cutouts, exposures
from cloudchamber.data.arrays import little_endian
from cloudchamber.services.export_files import Sink, csv_pieces, parquet_pieces

BATCH = 200


def pieces(session: Session, dataset_id: int, chosen: np.ndarray, form: str) -> Iterator[bytes]:
    """The bytes of the pixel values of `chosen` ordinals in the format of an export."""
    if form == "npy":
        return _zip_pieces(session, dataset_id, chosen)
    if form == "parquet":
        return parquet_pieces(_ROW, _rows(session, dataset_id, chosen))
    colour = any(c.channels > 1 for batch in _batches(session, dataset_id, chosen) for c in batch)
    schema = _PIXEL_COLOUR if colour else _PIXEL
    return csv_pieces(schema, _pixels(session, dataset_id, chosen, schema))


def _zip_pieces(session: Session, dataset_id: int, chosen: np.ndarray) -> Iterator[bytes]:
    sink = Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:  # pyright: ignore[reportArgumentType]
        for batch in _batches(session, dataset_id, chosen):
            for cutout, pixels in _with_pixels(session, dataset_id, batch):
                file = io.BytesIO()
                np.save(file, little_endian(pixels), allow_pickle=False)
                archive.writestr(f"{_member(cutout.name)}.npy", file.getvalue())
            yield sink.take()
    yield sink.take()


def _member(name: str) -> str:
    """A cutout's name as a path that stays inside the archive wherever it is unpacked."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(parts).replace(":", "_") or "cutout"


_ROW = pa.schema(
    [
        ("name", pa.string()),
        ("exposure", pa.string()),
        ("x0", pa.int32()),
        ("y0", pa.int32()),
        ("height", pa.int32()),
        ("width", pa.int32()),
        ("channels", pa.int32()),
        ("dtype", pa.string()),
        ("pixels", pa.binary()),
    ]
)


def _rows(session: Session, dataset_id: int, chosen: np.ndarray) -> Iterator[pa.RecordBatch]:
    for batch in _batches(session, dataset_id, chosen):
        names = exposures.exposure_names(session, {c.exposure_id for c in batch if c.exposure_id})
        rows = [
            {
                "name": c.name,
                "exposure": names.get(c.exposure_id or 0),
                "x0": c.x0,
                "y0": c.y0,
                "height": c.height,
                "width": c.width,
                "channels": c.channels,
                "dtype": c.dtype,
                "pixels": little_endian(pixels).tobytes(),
            }
            for c, pixels in _with_pixels(session, dataset_id, batch)
        ]
        yield pa.RecordBatch.from_pylist(rows, schema=_ROW)


_PIXEL = pa.schema(
    [("name", pa.string()), ("row", pa.int32()), ("column", pa.int32()), ("value", pa.float64())]
)
_PIXEL_COLOUR = _PIXEL.insert(3, pa.field("channel", pa.int32()))


def _pixels(
    session: Session, dataset_id: int, chosen: np.ndarray, schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    for batch in _batches(session, dataset_id, chosen):
        for cutout, pixels in _with_pixels(session, dataset_id, batch):
            cube = pixels.reshape(*pixels.shape[:2], -1)
            row, column, channel = (index.ravel() for index in np.indices(cube.shape, np.int32))
            arrays = {
                "name": pa.array([cutout.name] * cube.size, pa.string()),
                "row": pa.array(row),
                "column": pa.array(column),
                "channel": pa.array(channel),
                "value": pa.array(cube.ravel().astype(np.float64), from_pandas=True),
            }
            yield pa.RecordBatch.from_arrays([arrays[n] for n in schema.names], schema=schema)


def _batches(
    session: Session, dataset_id: int, chosen: np.ndarray
) -> Iterator[list[cutouts.Cutout]]:
    for start in range(0, len(chosen), BATCH):
        wanted = chosen[start : start + BATCH].tolist()
        yield cutouts.find_cutouts(session, dataset_id, ordinals=wanted)


def _with_pixels(
    session: Session, dataset_id: int, batch: list[cutouts.Cutout]
) -> Iterator[tuple[cutouts.Cutout, np.ndarray]]:
    by_ordinal = {c.ordinal: c for c in batch}
    for ordinal, pixels, _ in cutouts.iter_pixels(session, dataset_id, ordinals=list(by_ordinal)):
        yield by_ordinal[ordinal], pixels
