"""Model versions over HTTP, and which columns follow them."""

import json

import numpy as np
import pytest
from fastapi.testclient import TestClient

from cloudchamber.data import columns, datasets, jobs, labels, models
from cloudchamber.data.columns import ColumnSpec
from cloudchamber.data.database import Database
from cloudchamber.data.people import Person
from cloudchamber.errors import NotFound
from filled import Filled


def add(database: Database, filled: Filled, kind: str = "train_classifier") -> int:
    """A model version with a column and, for classifiers, a map."""
    with database.write() as session:
        job = jobs.add_job(
            session,
            kind=kind,
            queue="cpu",
            params={},
            dataset_id=filled.id,
            created_by=filled.annotator,
            key=f"{kind}{np.random.default_rng().integers(1 << 40)}",
        )
        model = models.add_model_version(
            session,
            filled.id,
            kind=kind,
            architecture="fused",
            config={"epochs": 3},
            classes=[{"id": c, "name": str(c)} for c in filled.classes],
            metrics={"accuracy": np.float32(0.5), "none": float("nan"), "shap": {"base": [0.5]}},
            curves=[{"epoch": 1, "loss": 0.25}],
            label_ordinals=np.array([2, 5]),
            label_class_ids=np.array(filled.classes[:2]),
            label_action_id=labels.last_action_id(session, filled.id),
            seed=7,
            versions={"torch": "2.13.0"},
            job_id=job.id,
            weights=b"safetensors",
        )
        name = "probability" if kind == "train_classifier" else "loss"
        group = "model" if kind == "train_classifier" else "ranking"
        spec = ColumnSpec(name, name, "", group, "float32", model_version_id=model.id)
        columns.write_column(session, filled.id, spec, np.zeros(10))
        if kind == "train_classifier":
            place = ColumnSpec(
                "map",
                "Map",
                "",
                "map",
                "float32",
                2,
                model_version_id=model.id,
                producer_job_id=job.id,
            )
            columns.write_column(session, filled.id, place, np.zeros((10, 2)))
        return model.id


def test_a_model_version_is_kept_whole(
    client: TestClient, database: Database, filled: Filled
) -> None:
    model_id = add(database, filled)
    found = client.get(f"/api/v1/models/{model_id}").json()
    assert (found["number"], found["name"], found["seed"]) == (1, "fused 1", 7)
    assert found["metrics"] == {"accuracy": 0.5, "none": None, "shap": {"base": [0.5]}}
    with database.read() as session:
        assert found["created_by"] == session.get_one(Person, filled.annotator).name
    assert found["curves"] == [{"epoch": 1, "loss": 0.25}]
    assert len(found["label_snapshot_hash"]) == 64
    with database.read() as session:
        model = models.get_model(session, model_id)
        ordinals, class_ids = models.read_label_snapshot(session, model)
        assert (ordinals.tolist(), class_ids.tolist()) == ([2, 5], filled.classes[:2])
        assert models.read_weights(session, model_id) == b"safetensors"
        with pytest.raises(NotFound):
            models.read_weights(session, 999)
    summary = client.get(f"{filled.path}/models").json()
    assert "curves" not in summary[0]
    assert summary[0]["metrics"] == {"accuracy": 0.5, "none": None}
    assert summary[0]["label_snapshot_hash"] == found["label_snapshot_hash"]
    assert "weights" not in json.dumps(summary)


def test_activating_a_model_brings_its_columns_and_map(
    client: TestClient, database: Database, filled: Filled
) -> None:
    first, second, vae = (
        add(database, filled),
        add(database, filled),
        add(database, filled, "train_vae"),
    )
    assert [m["number"] for m in client.get(f"{filled.path}/models").json()] == [3, 2, 1]
    assert not client.get(f"/api/v1/models/{first}").json()["active"]
    for model_id in (first, second):
        assert client.post(f"/api/v1/models/{model_id}/activate").json()["active"]
        shown = client.get(f"{filled.path}/columns").json()
        assert {(c["name"], c["model_version_id"]) for c in shown} == {
            ("probability", model_id),
            ("map", model_id),
            ("loss", vae),
        }
        dataset = client.get(filled.path).json()
        assert dataset["active_model_id"] == model_id
        assert dataset["active_map_job_id"] is not None
    assert len(client.get(f"{filled.path}/columns?all=true").json()) == 5


def test_labels_given_since_the_model_are_counted(
    client: TestClient, database: Database, filled: Filled
) -> None:
    with database.write() as session:
        labels.record(session, filled.id, filled.annotator, "key-0001", [0], filled.classes[0])
    model_id = add(database, filled)
    with database.write() as session:
        datasets.activate(session, filled.id, model_version_id=model_id)
    assert client.get(filled.path).json()["labels_newer_than_model"] == 0
    with database.write() as session:
        for k in range(2):
            labels.record(
                session, filled.id, filled.annotator, f"key-1{k:03}", [0, 1], filled.classes[k]
            )
    assert client.get(filled.path).json()["labels_newer_than_model"] == 2


def test_labels_that_were_taken_back_are_not_newer_than_the_model(
    client: TestClient, database: Database, filled: Filled
) -> None:
    """Given a model of two labels, when all cutouts are labelled at once and that is undone, then
    none is newer; when one is labelled as the model knows it, none; otherwise, one."""
    a, b = filled.classes[:2]
    with database.write() as session:
        for k, class_id in ((2, a), (5, b)):
            labels.record(session, filled.id, filled.annotator, f"key-2{k:03}", [k], class_id)
    model_id = add(database, filled)
    with database.write() as session:
        datasets.activate(session, filled.id, model_version_id=model_id)
        labels.record(session, filled.id, filled.annotator, "key-3000", None, b)
    assert client.get(filled.path).json()["labels_newer_than_model"] == filled.n - 1
    with database.write() as session:
        labels.undo(session, filled.id, filled.annotator, "key-3001")
    assert client.get(filled.path).json()["labels_newer_than_model"] == 0
    with database.write() as session:
        labels.record(session, filled.id, filled.annotator, "key-3002", [2], a)
    assert client.get(filled.path).json()["labels_newer_than_model"] == 0
    with database.write() as session:
        labels.record(session, filled.id, filled.annotator, "key-3003", [2], None)
    assert client.get(filled.path).json()["labels_newer_than_model"] == 1


def test_only_the_name_of_a_model_changes(
    client: TestClient, database: Database, filled: Filled
) -> None:
    url = f"/api/v1/models/{add(database, filled)}"
    assert client.patch(url, json={"name": " best "}).json()["name"] == "best"
    assert client.patch(url, json={"name": "  "}).status_code == 422
    assert client.patch(url, json={"name": "x", "seed": 1}).status_code == 422
    client.delete(filled.path)
    assert client.get(url).status_code == 404
