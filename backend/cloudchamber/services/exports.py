"""Exports: what is asked for, put into a table and written as a file, piece by piece."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from sqlalchemy.orm import Session

from cloudchamber.data import datasets
from cloudchamber.data.database import Database
from cloudchamber.errors import Invalid
from cloudchamber.services import export_files, export_pixels, export_tables
from cloudchamber.services.cut_columns import cut_mask

What = Literal["labels", "predictions", "embedding", "map", "columns", "cutouts"]
Format = Literal["csv", "parquet", "npy"]


@dataclass(frozen=True)
class ExportRequest:
    """What to take along; None means the active model, everyone's consensus, all cutouts."""

    what: What
    format: Format
    model_version_id: int | None = None
    annotator: str | None = None
    ordinals: Sequence[int] | None = None
    cut: str | None = None
    """Only those cutouts that pass, such as ``charge > 1200 & length < 40``."""


@dataclass(frozen=True)
class ExportFile:
    """A file on its way out; `chunks` can be walked through once."""

    name: str
    media_type: str
    chunks: Iterator[bytes]


def open_export(database: Database, dataset_id: int, request: ExportRequest) -> ExportFile:
    """Open an export; what is wrong with the request is raised here, before any byte is sent.

    Raises
    ------
    NotFound, Invalid, Conflict
        When dataset, model or cutouts do not exist, or there is no such result yet.
    """
    pieces = _pieces(database, dataset_id, request)
    first = next(pieces)
    with database.read() as session:
        dataset = datasets.get_dataset(session, dataset_id)
    suffix = "zip" if (request.what, request.format) == ("cutouts", "npy") else request.format
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", dataset.name).strip("-.") or "dataset"
    return ExportFile(
        name=f"{stem}-{request.what}.{suffix}",
        media_type=export_files.MEDIA_TYPES[suffix],
        chunks=_all(first, pieces),
    )


def _all(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _pieces(database: Database, dataset_id: int, request: ExportRequest) -> Iterator[bytes]:
    """The bytes of the file, all read from one state of the database."""
    with database.read() as session:
        chosen = _chosen(session, dataset_id, request.ordinals)
        if request.cut is not None:
            passes = cut_mask(
                session, dataset_id, request.cut, request.model_version_id, request.annotator
            )
            chosen = chosen[passes[chosen]]
        if request.what == "cutouts":
            yield from export_pixels.pieces(session, dataset_id, chosen, request.format)
            return
        table = export_tables.BUILDERS[request.what](
            session, dataset_id, chosen, request.model_version_id, request.annotator
        )
        yield from export_files.table_pieces(table, request.format)


def _chosen(session: Session, dataset_id: int, ordinals: Sequence[int] | None) -> np.ndarray:
    """The wanted ordinals, ascending and each once."""
    n = datasets.get_dataset(session, dataset_id).n_cutouts
    if ordinals is None:
        return np.arange(n)
    chosen = np.unique(np.asarray(ordinals, np.int64))
    if len(chosen) and (chosen[0] < 0 or chosen[-1] >= n):
        raise Invalid(f"The dataset has cutouts 0 to {n - 1}.")
    return chosen
