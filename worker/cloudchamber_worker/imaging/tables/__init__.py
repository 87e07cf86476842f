"""Tables that come with images, of every format as the same typed columns.

`read_tables` reads CSV and its relatives, Parquet, workbooks, FITS tables, VOTable, ECSV, ROOT
trees, the JSON of annotation tools and NumPy arrays. A table travels as Arrow: typed, missing
values, no code.
"""

import re

import numpy as np
import pyarrow as pa

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.kinds import kind_of
from cloudchamber_worker.imaging.npy import read_npy
from cloudchamber_worker.imaging.tables.annotated import recognised
from cloudchamber_worker.imaging.tables.arrow import read_parquet, read_structured
from cloudchamber_worker.imaging.tables.astronomy import read_ecsv, read_fits_tables, read_votable
from cloudchamber_worker.imaging.tables.cells import (
    LABEL_COLUMNS,
    NAME_COLUMNS,
    holds_names,
    normal,
)
from cloudchamber_worker.imaging.tables.delimited import looks_delimited, read_delimited
from cloudchamber_worker.imaging.tables.encoding import decoded, utf16_without_mark
from cloudchamber_worker.imaging.tables.records import read_json
from cloudchamber_worker.imaging.tables.result import ReadTable
from cloudchamber_worker.imaging.tables.root import read_root
from cloudchamber_worker.imaging.tables.workbooks import read_workbook

__all__ = [
    "LABEL_COLUMNS", "NAME_COLUMNS", "TABLES_ONLY", "ReadTable", "holds_names", "is_structured",
    "label_columns", "looks_like_table", "normal", "read_tables", "table_kind",
]  # fmt: skip

READ = (
    "CSV, TSV, Parquet, a workbook, a FITS table, VOTable, ECSV, a ROOT tree, JSON labels or a "
    "label .npy"
)
TABLES_ONLY = ("parquet", "workbook", "root")  # kinds of files that hold no image
BEGINNING = 65_536  # bytes that tell what a text is
# In a table that nobody called labels, only these say that it is: `type` may be anything.
SURE_LABELS = ("label", "labels", "class", "class_name", "object_annotation_category")
XLS = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def table_kind(head: bytes) -> str | None:
    """'workbook' or 'text' (UTF-16) by the first 512 bytes, which otherwise look like an archive
    or like no text; None for everything else."""
    if head.startswith(XLS):
        return "workbook"
    if head.startswith(b"PK\x03\x04"):
        first = head[30 : 30 + int.from_bytes(head[26:28], "little")]
        if first.startswith((b"[Content_Types].xml", b"xl/", b"_rels/.rels", b"docProps/")) or (
            b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet" in head
        ):
            return "workbook"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "text"
    # dark pixels of 16 bits have a zero in every other byte, too
    if utf16_without_mark(head[: len(head) // 2 * 2]) and not _is_known(head):
        return "text"
    return None


def _is_known(head: bytes) -> bool:
    try:
        return kind_of(head) != "text"
    except Unreadable:
        return False


def looks_like_table(data: bytes) -> bool:
    """Whether text is a table that is read: with a header, VOTable, ECSV, or JSON of any kind.
    Neither a matrix of numbers nor prose with commas is."""
    try:
        text = _beginning(data)
    except Unreadable:
        return False
    return _form(text) != "delimited" or looks_delimited(text)


def is_structured(data: bytes) -> bool:
    """Whether an `.npy` has named fields: a table, whatever it is given as."""
    return re.search(rb"'descr':\s*\[", data[:512]) is not None


def read_tables(data: bytes, kind: str, name: str) -> list[ReadTable]:
    """Every table of a file.

    Parameters
    ----------
    data : the whole file
    kind : 'text', 'parquet', 'workbook', 'root', 'fits' or 'npy'
    name : the file's name, which tells only what the bytes do not

    The seed's `.npy` of shape (2, N), indices over class numbers, becomes columns `index` and
    `number`; a structured array has its fields as columns.

    Raises
    ------
    Unreadable
        When it is no table; the message says what it is and what is read.
    """
    try:
        tables = _read(data, kind)
    except (pa.ArrowException, ValueError, OSError) as error:
        words = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
        raise Unreadable(f"is no readable table: {words}") from error
    for table in tables:
        if not table.given and len(tables) == 1:
            raise Unreadable("is an empty table: it has a header and no row")
    return [recognised(table) for table in tables]


def label_columns(table: pa.Table) -> tuple[str, str] | None:
    """The (name, label) columns of a table that says it holds labels, None when it does not."""
    by_name = {normal(column): column for column in table.column_names}
    name = next((by_name[c] for c in NAME_COLUMNS if c in by_name), None)
    label = next((by_name[c] for c in SURE_LABELS if c in by_name), None)
    return (name, label) if name and label else None


def _read(data: bytes, kind: str) -> list[ReadTable]:
    if kind == "parquet":
        return [read_parquet(data)]
    if kind == "workbook":
        return read_workbook(data)
    if kind == "root":
        return read_root(data)
    if kind == "fits":
        return read_fits_tables(data)
    if kind == "npy":
        return [_npy(data)]
    if kind != "text":
        raise Unreadable(f"is {kind}, no table ({READ})")
    form = _form(_beginning(data))
    if form == "votable":
        return read_votable(data)
    if form == "ecsv":
        return [read_ecsv(decoded(data)[0])]
    if form == "json":
        return [read_json(data)]
    return [read_delimited(data)]


def _npy(data: bytes) -> ReadTable:
    array = read_npy(data)
    if array.dtype.names:
        return read_structured(array.reshape(-1))
    if array.ndim != 2 or array.shape[0] != 2 or array.dtype.kind not in "uif":
        raise Unreadable(f"has shape {array.shape}; labels are (2, N): indices, numbers")
    if array.dtype.kind == "f" and not (array == np.rint(array)).all():
        raise Unreadable("has the shape of labels (2, N), but holds fractions: no class numbers")
    table = pa.table({"index": array[0].astype(np.int64), "number": array[1].astype(np.int64)})
    return ReadTable(table, format="NPY of indices and class numbers", role="labels", key="index",
                     label_column="number")  # fmt: skip


def _beginning(data: bytes) -> str:
    """The text of the first `BEGINNING` bytes, cut where a line ends."""
    if len(data) <= BEGINNING:
        return decoded(data)[0]
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff")) or utf16_without_mark(data) is not None
    cut = BEGINNING if wide else data.rfind(b"\n", 0, BEGINNING) + 1 or BEGINNING
    return decoded(data[:cut])[0]


def _form(text: str) -> str:
    start = text.lstrip()[:2000]
    if start.startswith("# %ECSV"):
        return "ecsv"
    if start.startswith("<") and re.search(r"<(\w+:)?VOTABLE\b", start):
        return "votable"
    if re.match(r"[{\[]\s*([\"{\[\]}]|$)", start):
        return "json"
    return "delimited"
