"""What an export wrote, the reader of tables gives back: values, names, units, descriptions."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from cloudchamber.data.spreadsheet import restore
from cloudchamber.data.units import shown_unit
from cloudchamber.services.export_formats import table as plain
from cloudchamber.services.export_formats.ecotaxa import Annotation, table_ecotaxa
from cloudchamber.services.export_formats.ecsv import table_ecsv
from cloudchamber.services.export_formats.fits import table_fits
from cloudchamber.services.export_formats.table import ExportColumn, ExportTable
from cloudchamber.services.export_formats.votable import table_votable
from cloudchamber_worker.imaging.tables import read_tables

TEXTS = ["=cmd()", 'a "b", c', "new\nline", "#no comment", "Größe µ 😀", "%41", "'x", "0007"]
CHARGE = np.array([0.1, np.pi, np.nan, -0.0, 3e38, 1e-38, 16777217, 7], np.float32)
TABLE = ExportTable(
    [
        ExportColumn("name", TEXTS),
        ExportColumn("path", [f"run.zip/{k}.png" for k in range(8)]),
        ExportColumn("label", [None, *TEXTS[:7]]),
        ExportColumn("charge", CHARGE, "ADU/px", "Charge", "Größe"),
        ExportColumn("fold", np.arange(8, dtype=np.int16), missing=np.arange(8) == 3),
        ExportColumn("Länge", np.arange(8) / 3, "µm"),
    ],
    title="columns",
)
Write = Callable[[ExportTable, list[str]], Iterator[bytes]]
FORMS: dict[str, tuple[str, Write]] = {
    "csv": ("text", lambda t, _: plain.table_csv(t)),
    "parquet": ("parquet", lambda t, _: plain.table_parquet(t)),
    "npy": ("npy", lambda t, _: plain.table_npy(t)),
    "ecsv": ("text", lambda t, _: table_ecsv(t)),
    "votable": ("text", table_votable),
    "fits": ("fits", table_fits),
}


@pytest.mark.parametrize("form", FORMS)
def test_an_exported_table_reads_back(form: str) -> None:
    kind, write = FORMS[form]
    [read] = read_tables(b"".join(write(TABLE, [])), kind, f"table.{form}")
    got = read.table
    assert got.column_names == [column.name for column in TABLE.columns]
    back = restore if form == "csv" else str
    assert [back(text) for text in got["name"].to_pylist()] == TEXTS
    labels = [None if not text else back(text) for text in got["label"].to_pylist()]
    assert labels == [None, *TEXTS[:7]]
    charge = [np.nan if v is None else v for v in got["charge"].to_pylist()]
    assert np.array_equal(np.array(charge, np.float32), CHARGE, equal_nan=True)
    assert got["Länge"].to_pylist() == (np.arange(8) / 3).tolist()
    if form != "npy":  # which has no missing whole numbers
        assert got["fold"].to_pylist() == [0, 1, 2, None, 4, 5, 6, 7]
    if form in ("parquet", "ecsv", "votable", "fits"):
        units = {name: shown_unit(unit) for name, unit in read.units.items()}
        assert units == {"charge": "ADU/px", "Länge": "µm"}
        assert read.descriptions["charge"] == "Charge: Größe"


def test_an_ecotaxa_export_is_known_as_one() -> None:
    known = [Annotation("Größe", "validated", "Ada")] * 8
    data = b"".join(table_ecotaxa(TABLE.without("label"), known, []))
    [read] = read_tables(data, "text", "ecotaxa.tsv")
    assert read.annotator_column == "object_annotation_person_name"
    assert read.label_column == "object_annotation_category"
    assert read.table["object_annotation_category"].to_pylist() == ["Größe"] * 8
    assert read.table["object_charge"].to_pylist()[1] == pytest.approx(np.pi, rel=1e-7)
    assert read.table["object_path"].to_pylist()[0] == "run.zip/0.png"
