"""Numbers and dates as people write them: read where they have one meaning, else texts and said."""

import datetime as dt

import pytest

from cloudchamber_worker.imaging.tables import ReadTable, read_tables


def column(*cells: str, separator: str = ";") -> tuple[list, str, list[str]]:
    """The values, unit and notes of a column of these cells."""
    lines = [f"name{separator}x", *(f'{k}.png{separator}"{c}"' for k, c in enumerate(cells))]
    (read,) = read_tables("\n".join([*lines, ""]).encode(), "text", "t.csv")
    return read.table["x"].to_pylist(), read.units.get("x", ""), read.notes


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1,234", "999", "1,234,567"], [1234, 999, 1234567]),
        (["1.234", "999", "1.234.567"], [1234, 999, 1234567]),
        (["1'234", "999", "12'345.5"], [1234, 999, 12345.5]),
        (["1 234", "999", "1\u202f234\u202f567"], [1234, 999, 1234567]),
    ],
)
@pytest.mark.parametrize("separator", [";", ","])
def test_thousands_apart_are_read_where_one_cell_leaves_no_doubt(cells, values, separator):
    found, _, notes = column(*cells, separator=separator)
    assert found == values
    assert "between thousands" in notes[0]


def test_a_number_of_several_groups_makes_its_neighbours_texts_where_they_do_not_fit():
    """1.2345 is no thousand: no cell of the column can be trusted."""
    found, _, notes = column(*["1.2345", "2.5", "3.5", "4.5", "5.5", "1.234.567"])
    assert found[0] == "1.2345"
    assert "1.234.567 has thousands apart" in notes[0]


def test_a_unit_in_every_cell_is_the_units_of_the_column():
    assert column("3.2 keV", "4e1keV")[:2] == ([3.2, 40.0], "keV")
    assert column("45°", "-90°")[:2] == ([45.0, -90.0], "°")
    found, unit, notes = column("3.2 keV", "450 eV")
    assert (found, unit) == (["3.2 keV", "450 eV"], "")
    assert "its units differ (eV, keV)" in notes[0]
    assert column("3 cats", "2 cats")[0] == ["3 cats", "2 cats"]


def test_dates_are_read_where_a_number_is_no_month_and_asked_for_otherwise():
    seconds = [dt.datetime(2024, *d, tzinfo=dt.UTC).timestamp() for d in ((4, 13), (6, 5))]
    for cells in (
        ["13/04/2024", "05/06/2024"], ["04/13/2024", "06/05/2024"],
        ["13.04.2024", "5.6.2024"], ["13-04-2024 00:00", "05-06-2024 0:00:00"],
    ):  # fmt: skip
        found, unit, notes = column(*cells)
        assert (found, unit) == (seconds, "s")
        assert "13 is no month" in notes[0]
    for cells in (["03/04/2024", "05/06/2024"], ["13/04/2024", "05/16/2024"],
                  ["31/02/2024", "01/01/2024"]):  # fmt: skip
        found, _, notes = column(*cells)
        assert found == cells
        assert "write 2024-12-31" in notes[0]


@pytest.mark.parametrize("cells", [["0x1F", "0x20"], ["5±1", "6±2"], ["$5", "$6"], ["５", "3"]])
def test_what_is_nearly_a_number_stays_text_and_is_said(cells):
    found, _, notes = column(*cells)
    assert found == cells
    assert "texts, since" in notes[0]


def table(text: str) -> ReadTable:
    (read,) = read_tables(text.encode(), "text", "t.csv")
    return read


def test_a_row_of_units_below_the_header_is_no_datum():
    for units in (",um,ADU", "-,[um],[ADU]", "unit,(um),ADU"):
        read = table(f"name,length,charge\n{units}\na.png,1.5,10\nb.png,2.5,20\n")
        assert read.table["length"].to_pylist() == [1.5, 2.5]
        assert read.units == {"length": "um", "charge": "ADU"}
        assert read.ignored_rows == [(2, "is a row of units")]


@pytest.mark.parametrize(
    "text",
    [
        "name,length\na.png,broken\nb.png,2\nc.png,3\n",  # a cutout's own row
        "name,length\n,5\nb.png,2\n",
        "name,site\n,um\nb.png,Malmö\n",
    ],
)
def test_a_row_of_data_is_no_row_of_units(text):
    assert not table(text).ignored_rows
