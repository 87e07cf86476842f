"""Exports: what is asked for, put into a table and written as a file, piece by piece."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy.orm import Session

from cloudchamber.data import datasets
from cloudchamber.data.columns import find_columns
from cloudchamber.data.database import Database
from cloudchamber.data.retired import live
from cloudchamber.errors import Invalid
from cloudchamber.services import export_archives, export_pixels
from cloudchamber.services.cut_columns import cut_mask
from cloudchamber.services.export_formats import table as plain
from cloudchamber.services.export_formats.ecotaxa import Annotation, table_ecotaxa
from cloudchamber.services.export_formats.ecsv import table_ecsv
from cloudchamber.services.export_formats.fits import table_fits
from cloudchamber.services.export_formats.root import table_root
from cloudchamber.services.export_formats.table import ExportTable
from cloudchamber.services.export_formats.votable import table_votable
from cloudchamber.services.export_labels import annotations
from cloudchamber.services.export_regions import region_files, region_pieces
from cloudchamber.services.export_requests import MEDIA_TYPES, ExportRequest
from cloudchamber.services.export_tables import BUILDERS

__all__ = ["MEDIA_TYPES", "ExportFile", "ExportRequest", "open_export"]

WRITERS: dict[str, Callable[[ExportTable, list[str]], Iterator[bytes]]] = {
    "csv": lambda table, _: plain.table_csv(table),
    "parquet": lambda table, _: plain.table_parquet(table),
    "npy": lambda table, _: plain.table_npy(table),
    "ecsv": lambda table, _: table_ecsv(table),
    "votable": table_votable,
    "fits": table_fits,
    "root": table_root,
}
ZIP = b"PK"
OLDER_RULE = (
    "These cutouts were measured by an older rule: x and y are the middle of the cutout, and "
    "angles count rows downwards. `cloudchamber measure DATASET` measures them again."
)


@dataclass(frozen=True)
class ExportFile:
    """A file on its way out; `chunks` can be walked through once.

    notes : what is left out, or cannot be in this format as it is here
    """

    name: str
    media_type: str
    chunks: Iterator[bytes]
    notes: list[str] = field(default_factory=list)


def open_export(database: Database, dataset_id: int, request: ExportRequest) -> ExportFile:
    """Open an export; what is wrong with the request is raised here, before any byte is sent.

    Raises
    ------
    NotFound, Invalid, Conflict
        When dataset, model or cutouts do not exist, or there is no such result yet.
    """
    request.check()
    notes: list[str] = []
    pieces = _pieces(database, dataset_id, request, notes)
    first = next(pieces)
    with database.read() as session:
        dataset = datasets.get_dataset(session, dataset_id)
    stem = re.sub(r"[^A-Za-z0-9_.-]+", "-", dataset.name).strip("-.") or "dataset"
    # Regions of several exposures are several files.
    suffix = "zip" if request.what == "regions" and first.startswith(ZIP) else request.suffix
    return ExportFile(
        name=f"{stem}-{request.what}.{suffix}",
        media_type=MEDIA_TYPES[suffix],
        chunks=_all(first, pieces),
        notes=list(notes),
    )


def _all(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _pieces(
    database: Database, dataset_id: int, request: ExportRequest, notes: list[str]
) -> Iterator[bytes]:
    """The bytes of the file, all read from one state of the database; `notes` are whole before
    the first."""
    with database.read() as session:
        chosen = _chosen(session, dataset_id, request.ordinals)
        if request.cut is not None:
            passes = cut_mask(
                session, dataset_id, request.cut, request.model_version_id, request.annotator
            )
            chosen = chosen[passes[chosen]]
        where = (session, dataset_id, chosen)
        match request.what, request.format:
            case "labels", "folders":
                yield from export_archives.class_folders_zip(*where, request, notes)
            case "cutouts", "ecotaxa":
                yield from export_archives.ecotaxa_zip(*where, request, notes)
            case "regions", _:
                yield from region_pieces(region_files(*where, request, notes))
            case "cutouts", "npy":
                yield from export_archives.arrays_zip(*where)
            case "cutouts", form:
                yield from export_pixels.pieces(*where, form)
            case what, "ecotaxa":
                table = BUILDERS[what](*where, request)
                yield from _ecotaxa(*where, request, table, notes)
            case what, form:
                if what == "columns" and any(c.outdated for c in find_columns(*where[:2])):
                    notes.append(OLDER_RULE)
                yield from WRITERS[form](BUILDERS[what](*where, request), notes)


def _ecotaxa(
    session: Session,
    dataset_id: int,
    chosen: np.ndarray,
    request: ExportRequest,
    table: ExportTable,
    notes: list[str],
) -> Iterator[bytes]:
    """A table as EcoTaxa's TSV: suggestions are *predicted*, labels by hand *validated*."""
    notes.append("EcoTaxa wants the images beside the table: cutouts as ecotaxa is a zip of both.")
    if request.what == "predictions":
        label = next(column.texts for column in table.columns if column.name == "label") or []
        known = [None if text is None else Annotation(text, "predicted") for text in label]
        return table_ecotaxa(table.without("label"), known, notes)
    known = annotations(session, dataset_id, chosen, request.annotator)
    if request.what == "labels":
        known = [annotation for annotation in known if annotation is not None]
        table = table.without("label")
    return table_ecotaxa(table, known, notes)


def _chosen(session: Session, dataset_id: int, ordinals: Sequence[int] | None) -> np.ndarray:
    """The wanted ordinals, ascending and each once; those of retired cutouts are left out."""
    n = datasets.get_dataset(session, dataset_id).n_cutouts
    there = live(session, dataset_id, n)
    if ordinals is None:
        return there
    chosen = np.unique(np.asarray(ordinals, np.int64))
    if len(chosen) and (chosen[0] < 0 or chosen[-1] >= n):
        raise Invalid(f"The dataset has cutouts 0 to {n - 1}.")
    return np.intersect1d(chosen, there)
