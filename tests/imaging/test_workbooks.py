"""Workbooks: every sheet is a table, numbers and dates are what the cells say."""

import io
import zipfile
from xml.sax.saxutils import escape

import pytest

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.tables import read_tables

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
DATE = "date"  # what a cell of this kind holds is a number of days since 1899-12-30


def cell(value: object) -> str:
    if isinstance(value, tuple):
        return f'<c s="1"><v>{value[1]}</v></c>'
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return "<c/>" if value is None else f"<c><v>{value!r}</v></c>"


def workbook(**sheets: list[list[object]]) -> bytes:
    """An .xlsx with these sheets, as little of one as the standard allows."""
    names = list(sheets)
    parts = {
        "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/'
        'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-'
        'package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
        f'ContentType="{OFFICE}.sheet.main+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" '
        f'Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
        + "".join(f'<sheet name="{n}" sheetId="{k}" r:id="r{k}"/>' for k, n in enumerate(names, 1))
        + "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}">'
        + "".join(
            f'<Relationship Id="r{k}" Type="{RELATIONS}/worksheet" '
            f'Target="worksheets/sheet{k}.xml"/>'
            for k in range(1, len(names) + 1)
        )
        + f'<Relationship Id="s" Type="{RELATIONS}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/>'
        '<xf numFmtId="14"/></cellXfs></styleSheet>',
    }
    for k, name in enumerate(names, 1):
        rows = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in sheets[name])
        parts[f"xl/worksheets/sheet{k}.xml"] = (
            f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'
        )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return out.getvalue()


def test_every_sheet_is_a_table_with_its_name():
    data = workbook(
        tracks=[["file", "energy", "n"], ["a.png", 1.5, 3], ["b.png", None, 4]],
        classes=[["file", "label"], ["a.png", "Müon"]],
    )
    first, second = read_tables(data, "workbook", "night.xlsx")
    assert (first.title, second.title) == ("tracks", "classes")
    assert first.table.column_names == ["file", "energy", "n"]
    assert first.table["energy"].to_pylist() == [1.5, None]
    assert first.table["n"].to_pylist() == [3, 4]
    assert second.table.to_pydict() == {"file": ["a.png"], "label": ["Müon"]}


def test_dates_become_seconds_and_say_so():
    data = workbook(s=[["file", "taken"], ["a", (DATE, 25569)], ["b", (DATE, 25570)]])
    (read,) = read_tables(data, "workbook", "night.xlsx")
    assert read.table["taken"].to_pylist() == [0.0, 86400.0]
    assert any("taken" in note and "1970" in note for note in read.notes)


def test_a_workbook_among_the_files_comes_in_as_its_tables(decoded):
    data = workbook(tracks=[["file", "energy"], ["a.png", 1.5]], empty=[])
    ((name, items, refused),) = decoded(data, "night.xlsx")
    assert (name, refused) == ("night.xlsx", None)
    assert [item.kind for item in items] == ["table"]
    assert items[0].table.to_pydict() == {"file": ["a.png"], "energy": [1.5]}
    assert items[0].about["notes"] == ["sheets without a table: empty"]


def test_a_damaged_workbook_is_refused_with_a_reason():
    whole = workbook(s=[["file", "x"], ["a", 1]])
    with pytest.raises(Unreadable, match="workbook"):
        read_tables(whole[: len(whole) // 2], "workbook", "night.xlsx")
