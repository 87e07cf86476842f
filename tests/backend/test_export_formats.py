"""A table in every format, read back by the libraries that others read it with."""

import csv
import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import uproot
from astropy.io import fits
from astropy.io.votable import parse_single_table
from astropy.table import Table
from astropy.units import UnitsWarning
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudchamber.data.escapes import ascii_of, folder_of, restored
from cloudchamber.data.spreadsheet import restore
from cloudchamber.data.units import shown_unit, standard_unit
from cloudchamber.errors import Invalid
from cloudchamber.services.export_formats.ecotaxa import Annotation, table_ecotaxa
from cloudchamber.services.export_formats.ecsv import table_ecsv
from cloudchamber.services.export_formats.fits import BLANKS, table_fits
from cloudchamber.services.export_formats.root import table_root
from cloudchamber.services.export_formats.table import (
    ExportColumn,
    ExportTable,
    table_csv,
    table_parquet,
)
from cloudchamber.services.export_formats.votable import table_votable

NASTY = [
    "=cmd()", "'quoted", 'a "b", c', "new\nline", "tab\tx", "#no comment", "Größe µ 😀",
    "comma,", "\\N", "nan", "-1", "<b>&amp;</b>", "'=x", "%41", "x" * 400,
]  # fmt: skip
BLANK = [" lead", "trail ", "blank\n\n# line", "a\rb", "c\r\nd", "\x0bv", "l\u2028m"]
N = len(NASTY)
CHARGE = np.array([0.1, 1e-38, 3.4e38, np.pi, -0.0, 16777217, *range(N - 6)], np.float32)
CHARGE[7] = np.nan


def table(texts: list[str] = NASTY) -> ExportTable:
    """One column of every kind; the texts are `NASTY`."""
    n = len(texts)
    gone = np.arange(n) == 1
    return ExportTable(
        [
            ExportColumn("name", texts, title="Name"),
            ExportColumn("path", [f"run.zip/{k}.png" for k in range(n)]),
            ExportColumn("charge", CHARGE[:n], "ADU", "Charge", "Sum of the footprint"),
            ExportColumn("long_double", np.arange(n) / 3, "µm"),
            ExportColumn("fold", np.arange(n, dtype=np.int16) - 1, missing=gone),
            ExportColumn("judged", np.arange(n, dtype=np.uint8), missing=gone),
            ExportColumn("Länge [µm]", np.arange(n, dtype=np.int32), "px", description="Größe"),
            ExportColumn("run", [None, "b", *["c"] * (n - 2)][:n]),
        ],
        title="columns",
    )


def read_fits(data: bytes) -> Any:
    got: Any = Table.read(io.BytesIO(data), hdu=1)
    for number, name in enumerate(got.colnames, 1):  # TCOMM is a convention that astropy leaves
        got[name].description = got.meta.get(f"TCOMM{number}")
    return got


def read_ecsv(data: bytes) -> Any:
    return Table.read(data.decode(), format="ascii.ecsv")


def read_votable(data: bytes) -> Any:
    return parse_single_table(io.BytesIO(data)).to_table(use_names_over_ids=True)


Read = Callable[[bytes], Any]  # a Table, whose columns have no type that a checker knows
ASTRONOMY: dict[str, tuple[Callable, Read]] = {
    "votable": (table_votable, read_votable),
    "fits": (table_fits, read_fits),
    "ecsv": (lambda t, _: table_ecsv(t), read_ecsv),
}


def written(write: Callable, what: ExportTable) -> tuple[bytes, list[str]]:
    notes: list[str] = []
    return b"".join(write(what, notes)), notes


def texts_of(column) -> list[str | None]:
    """A column of astropy as texts; masked is None."""
    gone = getattr(column, "mask", np.zeros(len(column), bool))
    plain = [v.decode() if isinstance(v, bytes) else v for v in np.asarray(column).tolist()]
    return [None if g else v for v, g in zip(plain, gone, strict=True)]


@pytest.mark.parametrize("form", ASTRONOMY)
def test_astronomy_formats_keep_values_units_and_descriptions(form: str) -> None:
    write, read = ASTRONOMY[form]
    data, notes = written(write, table())
    got = read(data)
    names = [restored(n) if form == "fits" else n for n in got.colnames]
    assert names == [column.name for column in table().columns]
    assert texts_of(got["name"]) == NASTY
    assert np.array_equal(np.ma.filled(got["charge"], np.nan), CHARGE, equal_nan=True)
    assert got["charge"].dtype.itemsize == 4
    assert np.array_equal(got["long_double"], np.arange(N) / 3)
    for name in ("fold", "judged"):
        assert np.flatnonzero(got[name].mask).tolist() == [1]
        want = np.arange(N) - (name == "fold")
        assert got[name][got[name].mask == 0].tolist() == [k for k in want if k != want[1]]
    assert str(got["charge"].unit) == "adu"
    assert str(got["long_double"].unit) == "um"
    assert got["charge"].description == "Charge: Sum of the footprint"
    described = got.columns[6].description
    assert (restored(described) if form == "fits" else described) == "Größe"
    run = texts_of(got["run"])
    assert (run[0] or None, run[1:]) == (None, ["b", *["c"] * (N - 2)])
    assert bool(notes) == (form == "fits")


@pytest.mark.parametrize("form", ["votable", "ecsv"])
def test_blanks_and_line_breaks_survive_where_the_format_has_room(form: str) -> None:
    write, read = ASTRONOMY[form]
    assert texts_of(read(written(write, table(BLANK))[0])["name"]) == BLANK


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1)


@settings(deadline=None, max_examples=15)
@given(texts=st.lists(TEXT, min_size=2, max_size=6))
def test_any_text_reads_back(texts: list[str]) -> None:
    for form, (write, read) in ASTRONOMY.items():
        data, notes = written(write, table(texts))
        got = texts_of(read(data)["name"])
        if form == "fits":
            cut = [text.rstrip(BLANKS) for text in texts]
            assert [(text or "").rstrip(BLANKS) for text in got] == cut
            assert any("blanks" in n for n in notes) == (cut != texts)
        else:
            assert got == texts, form
    rows = list(csv.reader(io.StringIO(b"".join(table_csv(table(texts))).decode(), "")))
    assert [restore(row[0]) for row in rows[1:]] == texts


def test_fits_says_what_ascii_cannot_hold() -> None:
    data, notes = written(table_fits, table())
    assert "L%C3%A4nge [%C2%B5m] for Länge [µm]" in notes[0]
    assert "(name)" in notes[1]
    header = fits.getheader(io.BytesIO(data), 1)
    assert header["ESCAPED"] is True
    assert header["TTYPE7"] == "L%C3%A4nge [%C2%B5m]"
    with fits.open(io.BytesIO(data)) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", UnitsWarning)
        file.verify("exception")
    plain = ExportTable(table().columns[1:4])
    assert written(table_fits, plain)[1] == []


def test_fits_holds_vectors_and_refuses_too_many_columns() -> None:
    matrix = np.arange(6, dtype=np.float32).reshape(2, 3)
    first = ExportColumn("name", ["a", "b"])
    apart = [ExportColumn(f"v_{k}", matrix[:, k % 3]) for k in range(1000)]
    whole = ExportTable([first, *apart], vectors=[first, ExportColumn("v", matrix)])
    assert np.array_equal(read_fits(written(table_fits, whole)[0])["v"], matrix)
    with pytest.raises(Invalid, match="at most 999 columns"):
        written(table_fits, ExportTable([first, *apart]))


def test_root_has_branches_with_names_of_variables(tmp_path: Path) -> None:
    matrix = np.arange(2 * N, dtype=np.float32).reshape(N, 2)
    columns = [*table().columns, ExportColumn("latent", matrix), ExportColumn("L_nge___m_", CHARGE)]
    data, notes = written(table_root, ExportTable(columns))
    (tmp_path / "t.root").write_bytes(data)
    opened: Any = uproot.open(tmp_path / "t.root")
    with opened as file:
        tree, about = file["cutouts"], file["columns"].arrays(library="np")
        assert tree.classname == "TTree"
        assert tree["name"].array().to_list() == NASTY
        assert np.array_equal(tree["charge"].array(library="np"), CHARGE, equal_nan=True)
        assert np.array_equal(tree["latent"].array(library="np"), matrix)
        assert tree["L_nge___m__2"].array().to_list() == list(range(N))
        assert tree["run"].array().to_list()[:2] == ["", "b"]
    names = dict(zip(about["branch"], about["name"], strict=True))
    assert (names["L_nge___m__2"], names["L_nge___m_"]) == ("Länge [µm]", "L_nge___m_")
    assert about["missing"].tolist()[4] == "0"
    assert about["unit"].tolist()[2] == "ADU"
    assert "1 branches" in notes[0]


def test_parquet_and_csv_keep_units_or_at_least_values() -> None:
    parquet = pq.read_table(io.BytesIO(b"".join(table_parquet(table()))))
    assert parquet.field("charge").metadata == {
        b"unit": b"ADU", b"description": b"Charge: Sum of the footprint"
    }  # fmt: skip
    assert parquet["fold"].null_count == 1
    head, *rows = csv.reader(io.StringIO(b"".join(table_csv(table())).decode(), newline=""))
    charge = [np.float32(row[head.index("charge")] or "nan") for row in rows]
    assert np.array_equal(charge, CHARGE, equal_nan=True)
    assert rows[1][head.index("fold")] == ""
    assert [restore(row[0]) for row in rows] == NASTY


def test_ecotaxa_has_types_and_annotations() -> None:
    import datetime as dt

    at = dt.datetime(2026, 3, 4, 5, 6, 7, tzinfo=dt.UTC)
    known = [Annotation("Größe\t<x", "validated", "Ada", at), *[None] * (N - 1)]
    notes: list[str] = []
    data = b"".join(table_ecotaxa(table(), known, notes)).decode()
    head, kinds, *rows = csv.reader(io.StringIO(data, newline=""), delimiter="\t")
    kind = dict(zip(head, kinds, strict=True))
    assert all(name.startswith(("object_", "img_")) for name in head)
    assert (kind["object_id"], kind["object_charge"], kind["object_run"]) == ("[t]", "[f]", "[t]")
    first = dict(zip(head, rows[0], strict=True))
    assert first["object_annotation_category"] == "Größe\t<x"
    assert first["object_annotation_person_name"] == "Ada"
    assert first["object_annotation_date"] + first["object_annotation_time"] == "20260304050607"
    assert [row[head.index("object_id")] for row in rows] == NASTY
    assert rows[0][head.index("object_path")] == "run.zip/0.png"
    assert rows[1][head.index("object_annotation_status")] == ""
    assert rows[7][head.index("object_charge")] == ""
    assert np.float32(rows[3][head.index("object_charge")]) == CHARGE[3]
    assert "1 columns are renamed" in notes[0]


@given(TEXT)
def test_what_is_escaped_is_restored(text: str) -> None:
    assert ascii_of(text).isascii()
    assert restored(ascii_of(text)) == text
    folder = folder_of(text)
    assert restored(folder) == text
    assert not set(folder) & set('/\\:*?"<>|\0\n')
    assert not folder.endswith((".", " "))
    assert not folder.startswith((".", " "))


def test_units_are_spelt_as_others_read_them() -> None:
    for ours, theirs in {
        "px": "pix", "ADU/px": "adu/pix", "µm²": "um2", "1/µm": "1/um", "keV": "keV",
        "e⁻": "electron", "deg": "deg", "counts": "counts", "": "", "μm": "um",
    }.items():  # fmt: skip
        assert standard_unit(ours) == theirs
    assert [shown_unit(u) for u in ("pix", "um", "adu", "keV")] == ["px", "µm", "ADU", "keV"]
