"""Zips of images, with a table of what lies in them: arrays, class folders, EcoTaxa's import."""

import io
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloudchamber.data import cutouts, known_cutouts
from cloudchamber.data.arrays import little_endian
from cloudchamber.data.cutouts import Cutout
from cloudchamber.data.escapes import folder_of
from cloudchamber.services.export_formats.ecotaxa import table_ecotaxa
from cloudchamber.services.export_formats.images import image_file, image_suffix
from cloudchamber.services.export_formats.members import flat_names, member_names
from cloudchamber.services.export_formats.table import ExportColumn, ExportTable, Sink, table_csv
from cloudchamber.services.export_labels import annotations, identity, labels_table
from cloudchamber.services.export_pixels import batches, with_pixels
from cloudchamber.services.export_requests import ExportRequest
from cloudchamber.services.export_tables import columns_table

Encode = Callable[[np.ndarray, np.ndarray | None], bytes]
# Sides from which an import takes [height, width, 3] of whole numbers for colours.
COLOUR_SIDE = 16


def arrays_zip(session: Session, dataset_id: int, chosen: np.ndarray) -> Iterator[bytes]:
    """An array `FOLDERS/NAME.npy` per cutout, with its mask (boolean) as a second array behind it
    where it has one, and `cutouts.csv` with `name,path,file`."""
    names = identity(session, dataset_id, chosen)
    files = [f"{member}.npy" for member in member_names(texts(names[1]))]
    index = ExportTable([*names, ExportColumn("file", files)])
    with _Zip() as archive:
        yield from archive.images(session, dataset_id, chosen, files, _array)
        yield from archive.file("cutouts.csv", table_csv(index))
    yield archive.sink.take()


def class_folders_zip(
    session: Session, dataset_id: int, chosen: np.ndarray, request: ExportRequest, notes: list[str]
) -> Iterator[bytes]:
    """The labelled cutouts as images in a folder per class, and `labels.csv` with
    `name,path,label,file`; what has no label is left out and counted in `README.txt`.

    Class names that are no folder names have ``%XX`` for the signs that cannot be, which an
    import takes back.
    """
    table = labels_table(session, dataset_id, chosen, request)
    names, paths, label = (texts(column) for column in table.columns)
    place = {path: row for row, path in enumerate(cutouts.paths(session, dataset_id))}
    labelled = np.array([place[path] for path in paths], np.int64)
    left_out = len(chosen) - len(labelled)
    if left_out:
        notes.append(f"{left_out} of {len(chosen)} cutouts have no label and are left out.")
    escaped = sorted({name for name in label if folder_of(name) != name})
    if escaped:
        notes.append(
            f"{len(escaped)} classes are no folder names and have %XX for some signs, such as "
            f"{folder_of(escaped[0])} for {escaped[0]}."
        )
    places = ((folder_of(k), n, p) for k, n, p in zip(label, names, paths, strict=True))
    suffixes = _suffixes(session, dataset_id, labelled)
    files = [member + end for member, end in zip(flat_names(places), suffixes, strict=True)]
    index = ExportTable([*table.columns, ExportColumn("file", files)])
    with _Zip() as archive:
        yield from archive.images(session, dataset_id, labelled, files, image_file)
        yield from archive.file("labels.csv", table_csv(index))
        readme = [
            f"{len(labelled)} of {len(chosen)} cutouts, in a folder per class.",
            f"{left_out} have no label and are left out.",
            "labels.csv says the name, path and class of every file.",
            "Where a cutout has a mask, it is the alpha of the image.",
            "In a folder's name %XX is a byte of UTF-8, as in an address.",
        ]
        yield from archive.file("README.txt", ["\n".join([*readme, ""]).encode()])
    yield archive.sink.take()


def ecotaxa_zip(
    session: Session, dataset_id: int, chosen: np.ndarray, request: ExportRequest, notes: list[str]
) -> Iterator[bytes]:
    """Images and `ecotaxa.tsv` with labels and columns, as EcoTaxa imports them in one file."""
    table = columns_table(session, dataset_id, chosen, request)
    labels = annotations(session, dataset_id, chosen, request.annotator)
    suffixes = _suffixes(session, dataset_id, chosen)
    deep = sum(end != ".png" for end in suffixes)
    if deep:
        notes.append(
            f"{deep} of {len(chosen)} cutouts are written as TIFF, which loses nothing; EcoTaxa "
            "shows PNG, JPEG and GIF."
        )
    paths = texts(table.columns[1])
    masked = known_cutouts.masked_paths(session, dataset_id).intersection(paths)
    if masked:
        notes.append(
            f"{len(masked)} of {len(chosen)} cutouts have a mask, for which EcoTaxa has no place: "
            "it is left out."
        )
    files = [member + end for member, end in zip(member_names(paths), suffixes, strict=True)]
    with _Zip() as archive:
        yield from archive.file("ecotaxa.tsv", table_ecotaxa(table, labels, notes, files))
        yield from archive.images(session, dataset_id, chosen, files, _without_mask)
    yield archive.sink.take()


def _suffixes(session: Session, dataset_id: int, chosen: np.ndarray) -> list[str]:
    """The suffix of the image that loses nothing, of every chosen cutout."""
    query = (
        select(Cutout.dtype, Cutout.channels)
        .where(Cutout.dataset_id == dataset_id)
        .order_by(Cutout.ordinal)
    )
    suffixes = [image_suffix(dtype, channels) for dtype, channels in session.execute(query)]
    return [suffixes[ordinal] for ordinal in chosen.tolist()]


def texts(column: ExportColumn) -> list[str]:
    """The texts of a column that lacks none."""
    return [text or "" for text in column.texts or ()]


def _without_mask(pixels: np.ndarray, mask: np.ndarray | None) -> bytes:
    return image_file(pixels)


def _array(pixels: np.ndarray, mask: np.ndarray | None) -> bytes:
    """The arrays of a cutout, one behind the other. `numpy.load` of the file gives the pixels."""
    file = io.BytesIO()
    plain = little_endian(pixels)
    np.save(file, plain[None] if _is_ambiguous(plain) else plain, allow_pickle=False)
    if mask is not None:
        np.save(file, mask, allow_pickle=False)
    return file.getvalue()


def _is_ambiguous(pixels: np.ndarray) -> bool:
    """Whether an import would ask what an array of this shape is: colours or a stack, an image of
    two rows or labels by index."""
    if pixels.ndim == 2:
        return len(pixels) == 2
    return pixels.dtype not in (np.uint8, np.uint16) or min(pixels.shape[:2]) < COLOUR_SIDE


class _Zip:
    """A zip that is streamed while it is written."""

    def __init__(self) -> None:
        self.sink = Sink()
        self._zip = zipfile.ZipFile(self.sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1)  # pyright: ignore[reportArgumentType]

    def __enter__(self) -> "_Zip":
        return self

    def __exit__(self, *error: Any) -> None:
        self._zip.close()

    def images(
        self,
        session: Session,
        dataset_id: int,
        chosen: np.ndarray,
        files: Sequence[str],
        encode: Encode,
    ) -> Iterator[bytes]:
        """Write the pixels of `chosen`, each to its file."""
        file_of = dict(zip(chosen.tolist(), files, strict=True))
        for batch in batches(session, dataset_id, chosen):
            for cutout, pixels, mask in with_pixels(session, dataset_id, batch):
                self._zip.writestr(file_of[cutout.ordinal], encode(pixels, mask))
            yield self.sink.take()

    def file(self, name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Write a file piece by piece."""
        with self._zip.open(name, "w") as file:
            for piece in pieces:
                file.write(piece)
                yield self.sink.take()
