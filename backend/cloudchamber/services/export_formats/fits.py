"""A table as a FITS binary table. Reference: FITS standard 4.0, section 7.3."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cloudchamber.data.escapes import ascii_of
from cloudchamber.data.units import standard_unit
from cloudchamber.errors import Invalid
from cloudchamber.services.export_formats.table import ROWS, ExportColumn, ExportTable

BLOCK = 2880
MAX_COLUMNS = 999
BLANKS = " \t\n\r\v\f\0"  # readers take all of these from the end of a text
CODES = {"u1": "B", "i2": "I", "i4": "J", "i8": "K", "f4": "E", "f8": "D"}
ESCAPED = "ESCAPED"
"""The card that says that ``%XX`` in names and comments is a byte of UTF-8."""


def table_fits(table: ExportTable, notes: list[str]) -> Iterator[bytes]:
    """The table as FITS, vectors in one column each.

    FITS is ASCII: other letters of names and descriptions become ``%XX``, those of texts are
    written as UTF-8, and blanks at the end of a text are lost, which `notes` says.

    Raises
    ------
    Invalid
        For more columns than FITS has room for.
    """
    from astropy.io import fits

    wanted = table.vectors or table.columns
    if len(wanted) > MAX_COLUMNS:
        raise Invalid(
            f"A FITS table has at most {MAX_COLUMNS} columns; these are {len(wanted)}.",
            hint="Choose Parquet, VOTable or ROOT.",
        )
    fields = [_Field.of(column) for column in wanted]
    layout = np.dtype([(f"f{k}", field.dtype, field.shape) for k, field in enumerate(fields)])
    header = fits.Header()
    for card in (
        ("XTENSION", "BINTABLE"), ("BITPIX", 8), ("NAXIS", 2), ("NAXIS1", layout.itemsize),
        ("NAXIS2", table.n), ("PCOUNT", 0), ("GCOUNT", 1), ("TFIELDS", len(fields)),
    ):  # fmt: skip
        header.append(card)
    header["EXTNAME"] = ascii_of(table.title)[:60]
    for number, field in enumerate(fields, 1):
        header.update(field.cards(number))
    _say_what_is_not_ascii(header, fields, notes)
    yield fits.PrimaryHDU().header.tostring().encode("ascii")
    yield header.tostring().encode("ascii")
    for start in range(0, table.n, ROWS):
        rows = np.zeros(min(ROWS, table.n - start), layout)
        for k, field in enumerate(fields):
            rows[f"f{k}"] = field.values[start : start + ROWS]
        yield rows.tobytes()
    yield b"\0" * (-table.n * layout.itemsize % BLOCK)


@dataclass(frozen=True)
class _Field:
    """A column as FITS holds it: texts as bytes, whole numbers with a value for missing ones."""

    column: ExportColumn
    values: np.ndarray
    null: int | None = None

    @classmethod
    def of(cls, column: ExportColumn) -> "_Field":
        values = column.values
        if not isinstance(values, np.ndarray):
            texts = [("" if text is None else text).encode() for text in values]
            return cls(column, np.array(texts, f"S{max(map(len, texts), default=0) or 1}"))
        if column.missing is None or not column.missing.any():
            return cls(column, values)
        if values.dtype.kind == "u":  # every byte may be a value
            values = values.astype(np.int16)
        null = int(np.iinfo(values.dtype).min)
        return cls(column, np.where(column.missing, null, values).astype(values.dtype), null)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.values.shape[1:]

    @property
    def dtype(self) -> np.dtype:
        return self.values.dtype.newbyteorder(">")

    def cards(self, number: int) -> dict[str, str | int]:
        """Name, type, unit, null value and comment of column `number`."""
        kind, width = self.values.dtype, self.shape[0] if self.shape else ""
        code = f"{kind.itemsize}A" if kind.kind == "S" else f"{width}{CODES[kind.str[1:]]}"
        cards: dict[str, str | int] = {
            f"TTYPE{number}": ascii_of(self.column.name), f"TFORM{number}": code
        }  # fmt: skip
        if self.column.unit:
            cards[f"TUNIT{number}"] = ascii_of(standard_unit(self.column.unit))
        if self.null is not None:
            cards[f"TNULL{number}"] = self.null
        if self.column.about:
            cards[f"TCOMM{number}"] = ascii_of(self.column.about)
        return cards


def _say_what_is_not_ascii(header, fields: list[_Field], notes: list[str]) -> None:
    if any(ascii_of(t) != t for f in fields for t in (f.column.name, f.column.about)):
        header[ESCAPED] = (True, "%XX in TTYPE and TCOMM is a byte of UTF-8")
    names = [f.column.name for f in fields if ascii_of(f.column.name) != f.column.name]
    if names:
        notes.append(
            f"FITS is ASCII: {len(names)} column names have %XX for other letters, such as "
            f"{ascii_of(names[0])} for {names[0]}."
        )
    texts = [f.column for f in fields if f.column.texts is not None]
    foreign = [c.name for c in texts if any(t and not t.isascii() for t in c.texts or ())]
    if foreign:
        header["COMMENT"] = "Texts with letters beyond ASCII are written as UTF-8."
        notes.append(
            f"FITS is ASCII: texts with other letters ({', '.join(foreign[:5])}) are UTF-8, which "
            "astropy's Table.read and this program read and some programs show wrongly."
        )
    cut = sum(t is not None and t != t.rstrip(BLANKS) for c in texts for t in c.texts or ())
    if cut:
        notes.append(f"FITS keeps no blanks at the end of a text: {cut} texts lose them.")
