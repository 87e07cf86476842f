"""FITS tables, VOTable and ECSV, by astropy: units and descriptions stay with their columns."""

import io
import warnings
from typing import Any, BinaryIO
from urllib.parse import unquote

import numpy as np

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.tables.arrow import finished, free_name, put_numpy, typed_table
from cloudchamber_worker.imaging.tables.result import ReadTable


def read_fits_tables(data: bytes) -> list[ReadTable]:
    """Every BINTABLE and TABLE of a FITS file; a compressed image is none.

    Raises
    ------
    Unreadable
        When the file holds no table, or is damaged.
    """
    from astropy.io import fits
    from astropy.table import Table

    tables: list[ReadTable] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with fits.open(io.BytesIO(data), memmap=False) as hdus:
                for number, hdu in enumerate(hdus):
                    if type(hdu) not in (fits.BinTableHDU, fits.TableHDU):
                        continue
                    about = {
                        str(hdu.header[f"TTYPE{i}"]): str(hdu.header[f"TCOMM{i}"])
                        for i in range(1, hdu.header["TFIELDS"] + 1)
                        if f"TCOMM{i}" in hdu.header and f"TTYPE{i}" in hdu.header
                    }
                    title = str(hdu.name or number)
                    read = _of_astropy(Table.read(hdus, hdu=number), f"FITS table, HDU {number}")
                    read.title, read.descriptions = title, {**about, **read.descriptions}
                    if hdu.header.get("ESCAPED"):  # our own exports: FITS is ASCII
                        _unescape(read)
                    tables.append(read)
        except (OSError, ValueError, TypeError, KeyError, IndexError) as error:
            raise Unreadable(f"holds no readable FITS table: {_first_line(error)}") from error
    if not tables:
        raise Unreadable("holds no table")
    return tables


def tables_beside(stream: BinaryIO) -> list[tuple[str, str]]:
    """The tables of a FITS file whose images came in: (HDU, what became of it)."""
    from astropy.io import fits

    found: list[tuple[str, str]] = []
    stream.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        hdus = fits.open(stream, memmap=False, lazy_load_hdus=True)
        try:
            for number, hdu in enumerate(hdus):
                if type(hdu) in (fits.BinTableHDU, fits.TableHDU):
                    rows = int(hdu.header.get("NAXIS2", 0))
                    found.append((
                        f"HDU {number} ({hdu.name or 'unnamed'})",
                        f"is a table of {rows} rows beside images: import the file as metadata "
                        "or labels to join it",
                    ))  # fmt: skip
        except (OSError, ValueError, TypeError, KeyError, IndexError) as error:
            found.append(("the rest", f"is damaged behind its images: {_first_line(error)}"))
        finally:
            hdus.close(closed=False)  # the stream is the caller's
    return found


def read_votable(data: bytes) -> list[ReadTable]:
    """Every table of a VOTable.

    Raises
    ------
    Unreadable
        When it is damaged or holds no table.
    """
    from astropy.io import votable

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = list(votable.parse(io.BytesIO(data)).iter_tables())
            tables = []
            for place, each in enumerate(found):
                read = _of_astropy(each.to_table(use_names_over_ids=True), "VOTable")
                read.title = str(each.name or each.ID or (place if len(found) > 1 else ""))
                tables.append(read)
        except Exception as error:  # the parser raises its own kinds, and expat's
            raise Unreadable(f"is no readable VOTable: {_first_line(error)}") from error
    if not tables:
        raise Unreadable("is a VOTable without a table")
    return tables


def read_ecsv(text: str) -> ReadTable:
    """The table of an ECSV text.

    Raises
    ------
    Unreadable
        When its head or its rows cannot be read.
    """
    from astropy.table import Table

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _of_astropy(Table.read(text.splitlines(), format="ascii.ecsv"), "ECSV")
        except Exception as error:  # yaml's, astropy's and NumPy's own kinds
            raise Unreadable(f"is no readable ECSV: {_first_line(error)}") from error


def _of_astropy(found: Any, form: str) -> ReadTable:
    table = typed_table(len(found), format=form)
    columns: list[Any] = list(found.itercols())
    for column in columns:
        name = free_name(table, str(column.info.name))
        if not hasattr(column, "dtype"):
            table.left_out[name] = f"holds {type(column).__name__} values, none a column can hold"
            continue
        values, mask = np.ma.getdata(column), None
        if hasattr(column, "mask") and values.ndim == 1:
            mask = np.ma.getmaskarray(column)
        put_numpy(table, name, values, mask)
        if name not in table.table.column_names:
            continue
        if getattr(column, "unit", None) is not None:
            table.units.setdefault(name, str(column.unit))
        if column.info.description:
            table.descriptions.setdefault(name, str(column.info.description))
    return finished(table)


def _unescape(read: ReadTable) -> None:
    """Give names and descriptions their letters beyond ASCII again."""
    names = {name: unquote(name) for name in read.table.column_names}
    read.table = read.table.rename_columns(list(names.values()))
    read.units = {names[name]: unit for name, unit in read.units.items()}
    read.descriptions = {names[n]: unquote(about) for n, about in read.descriptions.items()}


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
