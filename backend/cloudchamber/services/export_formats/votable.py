"""A table as VOTable 1.4 with BINARY2, which keeps every value and says which are missing.

Written here row by row: astropy takes two minutes for 100,000 rows of 50 columns.
Reference: IVOA Recommendation VOTable 1.4.
"""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from cloudchamber.data.units import standard_unit
from cloudchamber.services.export_formats.table import ROWS, ExportColumn, ExportTable

TYPES = {
    "u1": "unsignedByte", "i2": "short", "i4": "int", "i8": "long", "f4": "float", "f8": "double",
}  # fmt: skip
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
BREAKS = {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}  # a parser makes blanks of bare ones
LINE = 57  # bytes that are 76 characters of base64


def table_votable(table: ExportTable, notes: list[str]) -> Iterator[bytes]:
    """The table as VOTable. Texts are `char` where they are ASCII, else `unicodeChar`."""
    fields = [_Field(column) for column in table.columns]
    unheard = [f.column.name for f in fields if NOT_XML.search(f.column.name + f.column.about)]
    if unheard:
        notes.append(f"{len(unheard)} column names hold signs that XML has no place for (now �).")
    yield _head(table, fields).encode()
    rest = b""
    for start in range(0, table.n, ROWS):
        rest += b"".join(_rows(fields, start, min(start + ROWS, table.n)))
        whole = len(rest) // LINE * LINE
        yield base64.encodebytes(rest[:whole])
        rest = rest[whole:]
    yield base64.encodebytes(rest)
    yield b"</STREAM>\n</BINARY2>\n</DATA>\n</TABLE>\n</RESOURCE>\n</VOTABLE>\n"


@dataclass(frozen=True)
class _Field:
    column: ExportColumn

    @property
    def is_ascii(self) -> bool:
        return all(text is None or text.isascii() for text in self.column.texts or ())

    @property
    def datatype(self) -> str:
        if isinstance(self.column.values, np.ndarray):
            return f'datatype="{TYPES[self.column.values.dtype.str[1:]]}"'
        return f'datatype="{"char" if self.is_ascii else "unicodeChar"}" arraysize="*"'

    def xml(self) -> str:
        """The FIELD element."""
        unit = standard_unit(self.column.unit)
        attributes = f"name={_attribute(self.column.name)} {self.datatype}"
        attributes += f" unit={_attribute(unit)}" if unit else ""
        if not self.column.about:
            return f"<FIELD {attributes}/>\n"
        about = escape(_sayable(self.column.about))
        return f"<FIELD {attributes}><DESCRIPTION>{about}</DESCRIPTION></FIELD>\n"

    def cells(self, start: int, stop: int) -> list[bytes]:
        """The bytes of every row, text with its length in characters before it."""
        values = self.column.values[start:stop]
        if isinstance(values, np.ndarray):
            size = values.dtype.itemsize
            packed = values.astype(values.dtype.newbyteorder(">")).tobytes()
            return [packed[at : at + size] for at in range(0, len(packed), size)]
        code, size = ("ascii", 1) if self.is_ascii else ("utf-16-be", 2)
        texts = [("" if text is None else text).encode(code) for text in values]
        return [(len(text) // size).to_bytes(4, "big") + text for text in texts]

    def missing(self, start: int, stop: int) -> np.ndarray:
        """Which rows have no value; NaN says so itself."""
        if self.column.texts is not None:
            return np.array([text is None for text in self.column.texts[start:stop]], bool)
        if self.column.missing is not None:
            return self.column.missing[start:stop]
        return np.zeros(stop - start, bool)


def _rows(fields: list[_Field], start: int, stop: int) -> Iterator[bytes]:
    flags = np.packbits(np.stack([f.missing(start, stop) for f in fields], axis=1), axis=1)
    cells = [field.cells(start, stop) for field in fields]
    for flag, *row in zip(flags, *cells, strict=True):
        yield flag.tobytes()
        yield from row


def _head(table: ExportTable, fields: list[_Field]) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">\n'
        f'<RESOURCE type="results">\n<TABLE name={_attribute(table.title)} nrows="{table.n}">\n'
        f"{''.join(field.xml() for field in fields)}"
        '<DATA>\n<BINARY2>\n<STREAM encoding="base64">\n'
    )


def _sayable(text: str) -> str:
    return NOT_XML.sub("\ufffd", text)


def _attribute(text: str) -> str:
    return quoteattr(_sayable(text), BREAKS)
