"""What people set once for a dataset: kept, checked, told to every page."""

from typing import Any

from fastapi.testclient import TestClient

from filled import Filled

CALIBRATION = {"gain": 1.27, "ev_per_electron": 3.749, "source": "fit to Mn Kα"}
CUT = {"name": "long", "cut": 'length > 40 & class != "other"'}


REFUSED: list[dict[str, Any]] = [
    {"energy_calibration": {"gain": 0}},
    {"energy_calibration": {"gain": -1}},
    {"energy_calibration": {"gain": 1e12}},
    {"energy_calibration": {"gain": "much"}},
    {"energy_calibration": {"ev_per_electron": 3.77}},
    {"energy_calibration": {"gain": 1, "ev_per_electron": 0}},
    {"energy_calibration": {"gain": 1, "unit": "keV"}},
    {"energy_calibration": {"gain": 1, "source": "a\u0000b"}},
    {"cuts": [{"name": "", "cut": "charge > 1"}]},
    {"cuts": [{"name": "all", "cut": ""}]},
    {"cuts": [{"name": "n", "cut": "c" * 2001}]},
    {"cuts": [CUT] * 201},
    {"hyperparameters": {"default": {"epochs": [1, 2]}}},
    {"hyperparameters": {"no such name!": {}}},
    {"colour": "red"},
]


def revision(client: TestClient, filled: Filled) -> int:
    return client.get(filled.path).json()["revisions"]["dataset"]


def change(client: TestClient, filled: Filled, **parts: Any) -> Any:
    return client.patch(f"{filled.path}/settings", json=parts)


def test_a_dataset_has_no_settings_at_first(client: TestClient, filled: Filled) -> None:
    settings = client.get(f"{filled.path}/settings").json()
    assert settings["energy_calibration"] is None
    assert (settings["cuts"], settings["hyperparameters"]) == ([], {})


def test_parts_are_kept_and_replaced_one_by_one(client: TestClient, filled: Filled) -> None:
    before = revision(client, filled)
    assert change(client, filled, energy_calibration=CALIBRATION).status_code == 200
    assert revision(client, filled) > before, "pages are told by the dataset's revision"
    change(client, filled, cuts=[CUT])
    answer = change(client, filled, hyperparameters={"default": {"epochs": 12, "rate": 0.5}})
    kept = client.get(f"{filled.path}/settings").json()
    assert answer.json() == kept
    assert kept["energy_calibration"] == CALIBRATION
    assert kept["cuts"] == [CUT]
    assert kept["hyperparameters"] == {"default": {"epochs": 12, "rate": 0.5}}
    change(client, filled, energy_calibration=None, cuts=None)
    kept = client.get(f"{filled.path}/settings").json()
    assert (kept["energy_calibration"], kept["cuts"]) == (None, [])
    assert kept["hyperparameters"]


def test_silicon_is_taken_where_the_energy_per_electron_is_left_out(
    client: TestClient, filled: Filled
) -> None:
    answer = change(client, filled, energy_calibration={"gain": 2})
    assert answer.json()["energy_calibration"] == {
        "gain": 2, "ev_per_electron": 3.77, "source": "",
    }  # fmt: skip


def test_what_cannot_be_is_refused_and_changes_nothing(client: TestClient, filled: Filled) -> None:
    change(client, filled, energy_calibration=CALIBRATION, cuts=[CUT])
    before, at = client.get(f"{filled.path}/settings").json(), revision(client, filled)
    for parts in REFUSED:
        assert change(client, filled, **parts).status_code == 422, parts
    assert client.get(f"{filled.path}/settings").json() == before
    assert revision(client, filled) == at


def test_settings_of_a_dataset_that_is_not_there(client: TestClient) -> None:
    assert client.get("/api/v1/datasets/999/settings").status_code == 404
    answer = client.patch("/api/v1/datasets/999/settings", json={"cuts": []})
    assert answer.status_code == 404
