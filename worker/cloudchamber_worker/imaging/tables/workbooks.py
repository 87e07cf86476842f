"""Workbooks: .xlsx, .xlsm, .xlsb, .xls and .ods, every sheet a table."""

import datetime as dt
import io
from typing import Any

import python_calamine

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.tables.delimited import Rows, of_rows
from cloudchamber_worker.imaging.tables.result import ReadTable

EXCEL_DIGITS = 15  # a spreadsheet's numbers are exact up to so many


def read_workbook(data: bytes) -> list[ReadTable]:
    """A table of every sheet that has rows.

    Cells are typed as those of a text are: a date is a date, 61 in a column of names is `61`.

    Raises
    ------
    Unreadable
        When it is damaged, locked, or no sheet holds a table.
    """
    try:
        book = python_calamine.load_workbook(io.BytesIO(data))
    except python_calamine.PasswordError as error:
        raise Unreadable("is a workbook locked by a password") from error
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        raise Unreadable(f"is no readable workbook: {str(error)[:150]}") from error
    tables: list[ReadTable] = []
    empty: list[str] = []
    for about in book.sheets_metadata:
        if about.typ != python_calamine.SheetTypeEnum.WorkSheet:
            continue
        try:
            sheet = book.get_sheet_by_name(about.name)
            cells = sheet.to_python(skip_empty_area=False)
        except python_calamine.CalamineError as error:
            raise Unreadable(f"sheet {about.name} cannot be read: {str(error)[:150]}") from error
        table = _sheet(cells)
        if table is None:
            empty.append(about.name)
            continue
        table.title = about.name
        table.format = f"workbook, sheet {about.name}"
        if about.visible != python_calamine.SheetVisibleEnum.Visible:
            table.notes.append(f"sheet {about.name} is hidden")
        tables.append(table)
    if not tables:
        raise Unreadable("is an empty workbook: no sheet has a header and rows")
    if empty:
        tables[0].notes.append(f"sheets without a table: {', '.join(empty[:5])}")
    return tables


def _sheet(cells: list[list[Any]]) -> ReadTable | None:
    """The table whose header is the first row with two cells; rows above it are said."""
    texts = [[_text(cell) for cell in row] for row in cells]
    filled = [sum(bool(cell.strip()) for cell in row) for row in texts]
    begin = next((i for i, n in enumerate(filled) if n >= 2), None)
    if begin is None:
        return None
    width = max(i + 1 for i, cell in enumerate(texts[begin]) if cell.strip())
    rows = Rows([cell.strip() for cell in texts[begin][:width]])
    rows.ignored += [(i + 1, "stands above the header") for i in range(begin) if filled[i]]
    for place, row in enumerate(texts[begin + 1 :], begin + 1):
        if not filled[place]:
            continue
        if any(cell.strip() for cell in row[width:]):
            rows.refused.append((place + 1, "has cells beyond the header"))
            continue
        rows.cells.append((row + [""] * width)[:width])
        rows.lines.append(place + 1)
    if _rounded(cells[begin + 1 :]):
        rows.notes.append(
            f"numbers of more than {EXCEL_DIGITS} digits: the spreadsheet had rounded them before"
        )
    return of_rows(rows, comma=True)


def _text(cell: Any) -> str:
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e22 else repr(cell)
    if isinstance(cell, dt.timedelta):
        return repr(cell.total_seconds())
    if isinstance(cell, dt.datetime | dt.date | dt.time):
        return cell.isoformat()
    return str(cell)


def _rounded(cells: list[list[Any]]) -> bool:
    limit = 10**EXCEL_DIGITS
    return any(
        isinstance(c, float) and c.is_integer() and abs(c) >= limit for row in cells for c in row
    )
