"""Images in zips, and labels of several people: what is written holds all that was asked for."""

import csv
import io
import json
import zipfile
from urllib.parse import unquote

import numpy as np
import pytest
import tifffile
from fastapi.testclient import TestClient
from PIL import Image

from cloudchamber.data import columns, cutouts, datasets, label_sets, labels, people
from cloudchamber.data.columns import ColumnSpec
from cloudchamber.data.cutouts import NewCutout
from cloudchamber.data.database import Database
from cloudchamber.data.escapes import restored
from cloudchamber.data.label_sets import NewClass
from filled import Filled, fill

CLASSES = ["µ / slow", "con", "trailing."]
DEEP = [
    np.array([[0, 65535], [1, 256]], np.uint16),
    np.array([[-5.5, np.nan], [1e-30, 3.4e38]], np.float32),
    np.arange(12, dtype=np.uint8).reshape(2, 2, 3),
    np.arange(12, dtype=np.uint16).reshape(2, 2, 3) * 5000,
    np.array([[-(2**31), 2**31 - 1]], np.int32),
    np.array([[-128, 127]], np.int8),
    np.array([[np.pi], [-np.inf]], np.float64),
    np.arange(8, dtype=np.uint8).reshape(2, 2, 2),
]
"""Behind two cutouts of int32: every type that a cutout can have."""


@pytest.fixture
def deep(database: Database) -> Filled:
    """Eleven cutouts, labelled but for the first; two of them differ by case alone."""
    filled = fill(database, 2)
    named = [NewCutout(f"run/d{k}", pixels) for k, pixels in enumerate(DEEP)]
    named.append(NewCutout("run/D0", DEEP[0] + 1))
    with database.write() as session:
        ordinals = cutouts.append_cutouts(session, filled.id, named)
        dataset = datasets.get_dataset(session, filled.id)
        label_set = label_sets.create_label_set(session, "odd", [NewClass(c) for c in CLASSES])
        dataset.label_set_id = label_set.id
        session.flush()
        ids = [c.id for c in label_set.classes]
        spec = ColumnSpec("charge", "Charge", "ADU", "measurement", "float32")
        columns.write_column(session, filled.id, spec, np.arange(11) / 3)
        labels.record(session, filled.id, filled.annotator, "key-0001", ordinals, ids[0])
        labels.record(session, filled.id, filled.annotator, "key-0002", [1], ids[1])
        other = people.person_named(session, "Ada")
        labels.record(session, filled.id, other.id, "key-0003", [1, 5], ids[1])
    return filled


def export(client: TestClient, filled: Filled, **body: object) -> tuple[bytes, list[str]]:
    answer = client.post(f"{filled.path}/exports", json=body)
    assert answer.status_code == 200, answer.text
    return answer.content, json.loads(unquote(answer.headers["Cloudchamber-Notes"]))


def rows(data: bytes, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline=""), delimiter=delimiter))


def pixels_of(name: str, data: bytes) -> np.ndarray:
    if name.endswith(".tif"):
        return tifffile.imread(io.BytesIO(data))
    return np.asarray(Image.open(io.BytesIO(data)))


def test_class_folders_hold_every_labelled_image_and_say_what_is_left_out(
    client: TestClient, database: Database, deep: Filled
) -> None:
    data, notes = export(client, deep, what="labels", format="folders", annotator="tester")
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    index = rows(archive.read("labels.csv"))
    files = [row["file"] for row in index]
    assert sorted([*files, "labels.csv", "README.txt"]) == sorted(archive.namelist())
    assert len({file.casefold() for file in files}) == len(files) == 10
    assert notes[0] == "1 of 11 cutouts have no label and are left out."
    assert "1 have no label" in archive.read("README.txt").decode()
    assert "2 classes are no folder names" in notes[1]
    with database.read() as session:
        stored = {o: pixels for o, pixels, _ in cutouts.iter_pixels(session, deep.id)}
        names = cutouts.names(session, deep.id)
    for row in index:
        folder, _, file = row["file"].partition("/")
        assert restored(folder) == row["label"]
        assert "/" not in file
        want = stored[names.index(row["name"])]
        got = pixels_of(file, archive.read(row["file"]))
        assert got.dtype == want.dtype
        assert np.array_equal(got.reshape(want.shape), want, equal_nan=want.dtype.kind == "f")


def test_every_annotator_has_a_line_of_their_own(client: TestClient, deep: Filled) -> None:
    consensus, _ = export(client, deep, what="labels", format="csv")
    assert rows(consensus)[0]["name"] == "c1"
    assert len(rows(consensus)) == 9  # they differ on one, which has no majority
    every, _ = export(client, deep, what="labels", format="csv", every_annotator=True)
    got = [(r["name"], r["label"], r["annotator"]) for r in rows(every)]
    assert len(got) == 12
    assert got[:2] == [("c1", "con", "tester"), ("c1", "con", "Ada")]
    assert [g[1:] for g in got if g[0].endswith("d3")] == [
        ("µ / slow", "tester"), ("con", "Ada")
    ]  # fmt: skip
    some, _ = export(
        client, deep, what="labels", format="csv", every_annotator=True, ordinals=[0, 1]
    )
    assert len(rows(some)) == 2


def test_ecotaxa_comes_with_its_images(client: TestClient, deep: Filled) -> None:
    data, notes = export(client, deep, what="cutouts", format="ecotaxa")
    archive = zipfile.ZipFile(io.BytesIO(data))
    types, *lines = rows(archive.read("ecotaxa.tsv"), delimiter="\t")
    assert (types["object_id"], types["object_charge"]) == ("[t]", "[f]")
    assert [line["img_file_name"] for line in lines] == archive.namelist()[1:]
    by_name = {line["object_id"]: line for line in lines}
    assert by_name["c0"]["object_annotation_status"] == ""
    one = by_name["c1"]
    assert (one["object_annotation_category"], one["object_annotation_status"]) == (
        "con", "validated"
    )  # fmt: skip
    assert one["object_annotation_person_name"] == ""  # two people agree
    assert np.float32(one["object_charge"]) == np.float32(1 / 3)
    assert "written as TIFF" in notes[0]
    table, notes = export(client, deep, what="labels", format="ecotaxa", annotator="Ada")
    _, *lines = rows(table, delimiter="\t")
    assert [line["object_annotation_person_name"] for line in lines] == ["Ada", "Ada"]
    assert len(lines[0]["object_annotation_date"]) == 8
    assert "images beside the table" in notes[0]


def test_notes_are_said_before_the_file(client: TestClient, deep: Filled) -> None:
    _, notes = export(client, deep, what="labels", format="fits")
    assert "texts with other letters (label)" in notes[0]
    assert export(client, deep, what="labels", format="votable")[1] == []
