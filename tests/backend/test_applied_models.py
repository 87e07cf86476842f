"""A model version shown on a dataset that it was not trained on."""

import numpy as np
import pytest
from fastapi.testclient import TestClient

from cloudchamber.data import columns, cutouts, datasets, models
from cloudchamber.data.columns import ColumnSpec
from cloudchamber.data.database import Database
from filled import Filled


@pytest.fixture
def model_id(database: Database, filled: Filled) -> int:
    """A classifier of the filled dataset."""
    with database.write() as session:
        return models.add_model_version(
            session,
            filled.id,
            kind="train_classifier",
            architecture="default",
            config={},
            classes=[{"id": 1, "name": "muon"}, {"id": 2, "name": "worm"}],
            metrics={},
        ).id


@pytest.fixture
def other_id(database: Database) -> int:
    """A dataset of three cutouts."""
    with database.write() as session:
        dataset = datasets.create_dataset(session, "other")
        new = [cutouts.NewCutout(f"o{k}", np.full((2, 2), k, np.uint8)) for k in range(3)]
        cutouts.append_cutouts(session, dataset.id, new)
        return dataset.id


def apply(database: Database, model_id: int, dataset_id: int) -> None:
    """Write what the job writes."""
    with database.write() as session:
        spec = ColumnSpec("probability", "p", "", "model", "float32", 2, model_version_id=model_id)
        values = np.array([[0.9, 0.1], [0.3, 0.7], [0.2, 0.8]])
        columns.write_column(session, dataset_id, spec, values)


def test_a_model_is_shown_on_another_dataset_once_it_has_been_applied(
    client: TestClient, database: Database, filled: Filled, model_id: int, other_id: int
) -> None:
    url = f"/api/v1/models/{model_id}/activate?dataset_id={other_id}"
    refused = client.post(url)
    assert refused.status_code == 409
    assert "not been applied" in refused.json()["detail"]
    apply(database, model_id, other_id)
    assert client.post(url).json()["active"] is True
    other = client.get(f"/api/v1/datasets/{other_id}").json()
    assert other["active_model_id"] == model_id
    shown = client.get(f"/api/v1/datasets/{other_id}/columns").json()
    assert [c["name"] for c in shown if c["model_version_id"] == model_id] == ["probability"]
    assert client.get(filled.path).json()["active_model_id"] is None
    assert client.post(f"/api/v1/models/{model_id}/activate?dataset_id=999").status_code == 404


def test_its_predictions_are_exported_from_there(
    client: TestClient, database: Database, model_id: int, other_id: int
) -> None:
    url = f"/api/v1/datasets/{other_id}/exports"
    body = {"what": "predictions", "format": "csv", "model_version_id": model_id}
    assert client.post(url, json=body).status_code == 404
    apply(database, model_id, other_id)
    lines = client.post(url, json=body | {"ordinals": [1, 2]}).text.split()
    assert lines[0] == "name,path,label,probability,muon,worm"
    assert [line.split(",")[0:3:2] for line in lines[1:]] == [["o1", "worm"], ["o2", "worm"]]
