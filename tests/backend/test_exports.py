"""Exports are read by what physicists read files with, and say what the database says."""

import csv
import io
import uuid
import zipfile

import numpy as np
import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from cloudchamber.data import columns, cutouts, datasets, jobs, labels, models, people
from cloudchamber.data.columns import ColumnSpec
from cloudchamber.data.cutouts import NewCutout
from cloudchamber.data.database import Database
from cloudchamber.data.spreadsheet import neutralise, restore
from filled import Filled

CLASSES = ["muon", "electron", "X-ray", "other", "multiple", "readout error"]


@pytest.fixture
def trained(database: Database, filled: Filled) -> Filled:
    """Twelve cutouts, two of them oddly named, with labels, results and a map."""
    odd = [
        NewCutout('=cmd|"x",y', np.full((1, 2), 40, np.uint8)),
        NewCutout("folder/../a", np.full((1, 2), 41, np.uint8)),
    ]
    n, rng = 12, np.random.default_rng(0)
    with database.write() as session:
        cutouts.append_cutouts(session, filled.id, odd)
        key = str(uuid.uuid4())
        job = jobs.add_job(
            session, kind="fit_map", queue="cpu", params={}, dataset_id=filled.id, key=key
        )
        model = models.add_model_version(
            session, filled.id, kind="train_classifier", architecture="a", config={}, metrics={},
            classes=[{"id": i, "name": w} for i, w in zip(filled.classes, CLASSES, strict=True)],
        )  # fmt: skip
        specs = [
            ColumnSpec("charge", "Charge", "ADU", "measurement", "float32"),
            ColumnSpec("run", "Run", "", "metadata", "category", categories=["a,1", "+b"]),
            ColumnSpec("probability", "P", "", "model", "float32", 6, model_version_id=model.id),
            ColumnSpec("predicted", "C", "", "model", "int16", model_version_id=model.id),
            ColumnSpec("penultimate", "E", "", "model", "float32", 40, model_version_id=model.id),
            ColumnSpec("map", "M", "", "map", "float32", 2, producer_job_id=job.id),
            ColumnSpec("cluster", "K", "", "map", "int32", producer_job_id=job.id),
        ]
        score = rng.dirichlet(np.ones(6), n).astype(np.float32)
        score[3] = np.nan
        predicted = np.where(np.isnan(score[:, 0]), -1, np.nan_to_num(score).argmax(1))
        values = [
            np.r_[0.1, np.nan, np.arange(n - 2)], np.arange(n) % 3 - 1, score, predicted,
            rng.normal(size=(n, 40)), rng.normal(size=(n, 2)), np.arange(n) - 1,
        ]  # fmt: skip
        for spec, array in zip(specs, values, strict=True):
            columns.write_column(session, filled.id, spec, array)
        datasets.activate(session, filled.id, model.id, job.id)
        labels.record(session, filled.id, filled.annotator, "key-0001", [1, 10], filled.classes[2])
    return filled


def export(client: TestClient, filled: Filled, what: str, form: str, **more: object) -> bytes:
    answer = client.post(f"{filled.path}/exports", json={"what": what, "format": form, **more})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].startswith("attachment")
    return answer.content


def lines(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def test_labels_are_name_and_label(client: TestClient, database: Database, trained: Filled) -> None:
    assert export(client, trained, "labels", "csv") == (
        b'name,path,label\nc1,c1,X-ray\n"\'=cmd|""x"",y","\'=cmd|""x"",y",X-ray\n'
    )
    table = pq.read_table(io.BytesIO(export(client, trained, "labels", "parquet")))
    names = ["c1", '=cmd|"x",y']
    assert table.to_pydict() == {"name": names, "path": names, "label": ["X-ray", "X-ray"]}
    array = np.load(io.BytesIO(export(client, trained, "labels", "npy")))
    assert array["label"].tolist() == ["X-ray", "X-ray"]
    with database.write() as session:
        other = people.person_named(session, "other")
        labels.record(session, trained.id, other.id, "key-0001", [1], trained.classes[0])
    assert len(lines(export(client, trained, "labels", "csv"))) == 2  # they do not agree on c1
    theirs = lines(export(client, trained, "labels", "csv", annotator="other"))
    assert theirs == [["name", "path", "label"], ["c1", "c1", "muon"]]


def test_predictions_have_a_column_per_class(client: TestClient, trained: Filled) -> None:
    head, *rows = lines(export(client, trained, "predictions", "csv"))
    assert head == ["name", "path", "label", "probability", *CLASSES]
    assert len(rows) == 12
    assert rows[3] == ["c3", "c3", *[""] * 8]
    for row in rows[:3] + rows[4:]:
        scores = np.array(row[4:], float)
        assert row[2] == CLASSES[scores.argmax()]
        assert float(row[3]) == scores.max()
        assert abs(scores.sum() - 1) < 1e-6
    table = pq.read_table(io.BytesIO(export(client, trained, "predictions", "parquet")))
    assert table.column_names == head
    some = lines(export(client, trained, "predictions", "csv", ordinals=[5, 2]))
    assert [row[0] for row in some] == ["name", "c2", "c5"]


def test_columns_have_one_column_each(client: TestClient, trained: Filled) -> None:
    head, *rows = lines(export(client, trained, "columns", "csv"))
    assert head == [
        "name", "path", "charge", "run", *(f"probability_{k}" for k in range(6)), "predicted",
        "map_0", "map_1", "cluster",
    ]  # fmt: skip
    assert rows[0][1:4] == ["c0", "0.1", ""]
    assert rows[1][1:4] == ["c1", "", "a,1"]
    assert rows[2][1:4] == ["c2", "0", "'+b"]
    assert rows[3][10] == ""
    assert rows[0][10] in CLASSES
    array = np.load(io.BytesIO(export(client, trained, "columns", "npy")))
    assert list(array.dtype.names) == head
    assert array["charge"][2] == 0
    assert array["charge"].dtype == np.float32
    assert np.isnan(array["charge"][1])


def test_embedding_and_map_are_plain_arrays_in_npy(
    client: TestClient, database: Database, trained: Filled
) -> None:
    embedding = np.load(io.BytesIO(export(client, trained, "embedding", "npy")))
    places = np.load(io.BytesIO(export(client, trained, "map", "npy")))
    with database.read() as session:
        found = {c.name: c for c in columns.find_columns(session, trained.id)}
        assert np.array_equal(embedding, columns.read_column(session, found["penultimate"]))
        assert np.array_equal(places, columns.read_column(session, found["map"]))
    head, first, *_ = lines(export(client, trained, "map", "csv"))
    assert head == ["name", "path", "x", "y", "cluster"]
    assert np.float32(first[2]) == places[0, 0]
    assert first[4] == "-1"
    assert lines(export(client, trained, "embedding", "csv"))[0][1:3] == ["path", "penultimate_0"]


def test_cutouts_come_with_every_pixel(
    client: TestClient, database: Database, trained: Filled
) -> None:
    archive = zipfile.ZipFile(io.BytesIO(export(client, trained, "cutouts", "npy")))
    assert archive.testzip() is None
    assert archive.namelist()[-2:] == ["folder/a.npy", "cutouts.csv"]
    index = list(csv.DictReader(io.TextIOWrapper(archive.open("cutouts.csv"))))
    assert [restore(row["file"]) for row in index] == archive.namelist()[:-1]
    assert index[11] == {"name": "a", "path": "folder/../a", "file": "folder/a.npy"}
    assert np.array_equal(np.load(io.BytesIO(archive.read("c3.npy"))), np.full((4, 5), 3, np.int32))
    head, *rows = lines(export(client, trained, "cutouts", "csv", ordinals=[3, 10]))
    assert head == ["name", "path", "row", "column", "value", "inside"]
    assert rows[0] == ["c3", "c3", "0", "0", "3", "1"]
    assert rows[19] == ["c3", "c3", "3", "4", "3", "1"]
    odd = f'\'{"="}cmd|"x",y'
    assert rows[20:] == [[odd, odd, "0", str(k), "40", "1"] for k in range(2)]
    table = pq.read_table(io.BytesIO(export(client, trained, "cutouts", "parquet"))).to_pylist()
    assert np.frombuffer(table[3]["pixels"], table[3]["dtype"]).tolist() == [3] * 20
    assert np.frombuffer(table[3]["mask"], bool).tolist() == [True] * 20
    with database.write() as session:
        colour = NewCutout("rgb", np.arange(6, dtype=np.uint8).reshape(1, 2, 3))
        [ordinal] = cutouts.append_cutouts(session, trained.id, [colour])
    head, *rows = lines(export(client, trained, "cutouts", "csv", ordinals=[ordinal]))
    assert head == ["name", "path", "row", "column", "channel", "value", "inside"]
    assert rows[-1] == ["rgb", "rgb", "0", "1", "2", "5", "1"]


def test_what_is_not_there_is_said_before_a_byte(client: TestClient, filled: Filled) -> None:
    url = f"{filled.path}/exports"
    for what, more, status in [
        ("predictions", {}, 409),
        ("embedding", {}, 409),
        ("map", {}, 409),
        ("predictions", {"model_version_id": 9}, 404),
        ("labels", {"annotator": "nobody"}, 404),
        ("labels", {"ordinals": [10]}, 422),
        ("labels", {"ordinals": [True]}, 422),
        ("everything", {}, 422),
        ("columns", {"every_annotator": True}, 422),
        ("labels", {"every_annotator": True, "annotator": "tester"}, 422),
        ("labels", {"every_annotator": True, "format": "folders"}, 422),
        ("map", {"format": "folders"}, 422),
        ("cutouts", {"format": "fits"}, 422),
    ]:
        answer = client.post(url, json={"what": what, "format": "csv", **more})
        assert answer.status_code == status, (what, more)
        assert answer.headers["content-type"] == "application/problem+json"
    for form in ("csv", "parquet", "npy"):
        assert export(client, filled, "labels", form)
        assert export(client, filled, "cutouts", form, ordinals=[])


@given(st.text())
def test_what_is_neutralised_is_restored(text: str) -> None:
    safe = neutralise(text)
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert restore(safe) == text


CUTS: dict[str, list[int] | None] = {
    "charge > 1 & charge <= 5": [4, 5, 6, 7],
    "charge == 0.1": [0],  # in the column's own precision, float32
    "class == X-ray": [1, 10],
    "class != X-ray & charge >= 8": [11],
    "class == unlabelled & charge >= 8": [11],
    "run == '+b'": [2, 5, 8, 11],
    "cluster < 0 & predicted not in [muon, 'readout error']": None,
}


def test_an_export_takes_what_passes_a_cut(client: TestClient, trained: Filled) -> None:
    table = export(client, trained, "columns", "parquet")
    rows = pq.read_table(io.BytesIO(table)).to_pylist()
    for cut, wanted in CUTS.items():
        kept = [rows[k] for k in wanted or []]
        if wanted is None:
            kept = [r for r in rows if r["cluster"] < 0]
            kept = [r for r in kept if r["predicted"] not in ("muon", "readout error")]
        passed = pq.read_table(io.BytesIO(export(client, trained, "columns", "parquet", cut=cut)))
        assert passed.column("name").to_pylist() == [r["name"] for r in kept], cut


def test_a_cut_narrows_the_ordinals_asked_for(client: TestClient, trained: Filled) -> None:
    got = lines(export(client, trained, "map", "csv", cut="charge > 3", ordinals=[3, 6, 7]))
    assert [row[0] for row in got[1:]] == ["c6", "c7"]


def test_a_cut_that_cannot_be_is_named(client: TestClient, trained: Filled) -> None:
    for cut, says in {
        "charge >": "something is missing",
        "colour > 1 & charge > 2": "no column “colour”",
        "class == mion": "no “mion”",
        "charge == big": "is a number",
        "run > 3": "has names",
        "charge > 1 | charge < 0": "joined by",
    }.items():
        body = {"what": "columns", "format": "csv", "cut": cut}
        answer = client.post(f"{trained.path}/exports", json=body)
        assert answer.status_code == 422
        assert says in answer.json()["detail"]
