"""Datasets and label sets over HTTP."""

import uuid
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import event

from cloudchamber.data import exposures
from cloudchamber.data.database import Database
from filled import Filled, fill


def label(client: TestClient, filled: Filled, ordinals: list[int], class_id: int) -> None:
    """Label as the client's annotator."""
    body = {"key": str(uuid.uuid4()), "ordinals": ordinals, "class_id": class_id, "how": "key"}
    assert client.post(f"{filled.path}/labels", json=body).status_code == 201


def test_a_new_dataset_has_the_preset_and_nothing_else(client: TestClient) -> None:
    made = client.post("/api/v1/datasets", json={"name": " Dark run 7 "})
    assert made.status_code == 201
    body = made.json()
    assert body["name"] == "Dark run 7"
    assert body["label_set"]["name"] == "CCD tracks"
    assert [c["key"] for c in body["label_set"]["classes"]] == list("dfjkls")
    assert (body["n_cutouts"], body["n_labelled"], body["active_model_id"]) == (0, 0, None)
    assert body["labels_newer_than_model"] is None
    assert client.get("/api/v1/datasets").json() == [body]
    assert client.get(f"/api/v1/datasets/{body['id']}").json() == body


def test_counts_are_those_of_who_asks(
    client: TestClient, database: Database, filled: Filled
) -> None:
    label(client, filled, [0, 1, 2], filled.classes[0])
    label(client, filled, [2], filled.classes[1])
    mine = client.get(filled.path).json()
    assert mine["label_counts"] == [
        {"class_id": filled.classes[0], "n": 2},
        {"class_id": filled.classes[1], "n": 1},
    ]
    assert mine["n_labelled"] == 3
    other = client.get(filled.path, headers={"X-Annotator": "J%C3%BCrgen"}).json()
    assert (other["n_labelled"], other["label_counts"]) == (0, [])
    me = client.get("/api/v1/me", headers={"X-Annotator": "J%C3%BCrgen"}).json()
    assert me["annotator"]["name"] == "Jürgen"


def test_the_unit_is_that_of_the_exposures(
    client: TestClient, database: Database, filled: Filled
) -> None:
    new = exposures.NewExposure("e", "e.fits", 4, 4, "int16", unit="electron")
    assert client.get(filled.path).json()["exposure_unit"] is None
    with database.write() as session:
        exposures.add_exposure(session, filled.id, new)
    found = client.get(filled.path).json()
    assert (found["exposure_unit"], found["n_exposures"]) == ("electron", 1)


def test_a_deleted_dataset_is_out_of_sight_until_restored(
    client: TestClient, filled: Filled
) -> None:
    label(client, filled, [1], filled.classes[0])
    before = client.get(filled.path).json()
    assert client.delete(filled.path).status_code == 204
    assert client.get(filled.path).status_code == 404
    assert client.get("/api/v1/datasets").json() == []
    assert client.get(f"{filled.path}/labels").status_code == 404
    assert [d["id"] for d in client.get("/api/v1/datasets?deleted=true").json()] == [filled.id]
    back = client.post(f"{filled.path}/restore").json()
    assert back["label_counts"] == before["label_counts"]
    assert client.get(filled.path).status_code == 200


def test_a_name_is_taken_by_live_datasets_only(client: TestClient, filled: Filled) -> None:
    name = client.get(filled.path).json()["name"]
    assert client.post("/api/v1/datasets", json={"name": name}).status_code == 409
    client.delete(filled.path)
    second = client.post("/api/v1/datasets", json={"name": name})
    assert second.status_code == 201
    assert client.post(f"{filled.path}/restore").status_code == 409
    renamed = client.patch(f"/api/v1/datasets/{second.json()['id']}", json={"name": "else"})
    assert renamed.json()["name"] == "else"
    assert client.post(f"{filled.path}/restore").status_code == 200


def test_a_dataset_without_a_proper_name_is_refused(client: TestClient) -> None:
    for body in [
        {}, {"name": ""}, {"name": "  "}, {"name": "a\x00b"}, {"name": "x" * 201}, {"name": 3},
        {"name": "a", "size": 1}, {"name": "a", "label_set_id": True},
    ]:  # fmt: skip
        answer = client.post("/api/v1/datasets", json=body)
        assert answer.status_code == 422, body
        assert answer.headers["content-type"] == "application/problem+json"
    assert client.get("/api/v1/datasets").json() == []


def test_the_label_set_changes_only_before_the_first_label(
    client: TestClient, filled: Filled
) -> None:
    own = client.post("/api/v1/label-sets", json={"name": "own", "classes": [{"name": "x"}]}).json()
    preset = client.get(filled.path).json()["label_set"]["id"]
    assert client.patch(filled.path, json={"label_set_id": own["id"]}).status_code == 200
    assert client.patch(filled.path, json={"label_set_id": preset}).status_code == 200
    label(client, filled, [0], filled.classes[0])
    assert client.patch(filled.path, json={"label_set_id": own["id"]}).status_code == 409
    assert client.patch(filled.path, json={"label_set_id": 999}).status_code == 404


def test_classes_are_given_free_keys_and_colours(client: TestClient) -> None:
    body = {"name": "ice", "classes": [{"name": "dust", "key": "f"}, {"name": "ash"}]}
    made = client.post("/api/v1/label-sets", json=body).json()
    assert [(c["name"], c["key"], c["ordinal"]) for c in made["classes"]] == [
        ("dust", "f", 0),
        ("ash", "d", 1),
    ]
    assert len({c["colour"] for c in made["classes"]}) == 2
    assert client.post("/api/v1/label-sets", json=body).status_code == 409


def test_the_whole_list_of_classes_is_replaced(client: TestClient, filled: Filled) -> None:
    label(client, filled, [0], filled.classes[1])
    before = client.get("/api/v1/label-sets").json()[0]
    muon, electron, xray = before["classes"][:3]
    body = {
        "classes": [
            {"id": xray["id"], "name": "muon", "key": "m", "colour": "#123456", "number": 9},
            {"id": muon["id"], "name": "X-ray", "key": "x"},
            {"name": "alpha", "caption": "thick"},
        ]
    }
    after = client.patch(f"/api/v1/label-sets/{before['id']}", json=body).json()
    assert [(c["id"], c["name"], c["key"]) for c in after["classes"][:2]] == [
        (xray["id"], "muon", "m"),
        (muon["id"], "X-ray", "x"),
    ]
    assert after["classes"][0]["number"] == 9
    assert after["classes"][2]["caption"] == "thick"
    assert client.get(filled.path).json()["n_labelled"] == 1  # of the class that is gone
    again = {"classes": [*body["classes"], {"name": "Electron"}]}
    again["classes"][2] = {"id": after["classes"][2]["id"], "name": "alpha"}
    revived = client.patch(f"/api/v1/label-sets/{before['id']}", json=again).json()
    assert revived["classes"][3]["id"] == electron["id"]


def test_classes_that_clash_are_refused(client: TestClient) -> None:
    clashing: list[list[dict[str, Any]]] = [
        [{"name": "a"}, {"name": "A "}],
        [{"name": "x-ray"}, {"name": "X Ray"}],
        [{"name": "a", "key": "d"}, {"name": "b", "key": "d"}],
        [{"name": " "}],
        [{"name": "a", "id": 999}],
        [{"name": "a", "colour": "red"}],
        [{"name": "a", "key": "ab"}],
    ]
    for classes in clashing:
        answer = client.patch("/api/v1/label-sets/1", json={"classes": classes})
        assert answer.status_code == 422, classes
    assert len(client.get("/api/v1/label-sets/1").json()["classes"]) == 6


def test_a_page_of_many_datasets_takes_few_statements(
    client: TestClient, database: Database
) -> None:
    app: Any = client.app
    counted: list[str] = []
    event.listen(
        app.state.database._reader, "before_cursor_execute", lambda *a: counted.append(a[2])
    )
    fill(database, 1)
    client.get("/api/v1/datasets")
    one = len(counted)
    for _ in range(5):
        fill(database, 1)
    counted.clear()
    assert len(client.get("/api/v1/datasets").json()) == 6
    assert len(counted) == one
    assert not any("pixels" in statement for statement in counted)
