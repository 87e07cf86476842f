"""What a dataset shows of cutouts that the current detection does not have: nothing."""

import csv
import io
import json

import numpy as np
import pytest

from cloudchamber.data import cutouts, datasets, detections, exposures, labels, people
from cloudchamber.data.cutouts import NewCutout
from cloudchamber.data.detections import NewDetection
from cloudchamber.data.exposures import NewExposure
from cloudchamber.errors import Conflict


@pytest.fixture
def night(database):
    """A dataset of one exposure with the cutouts e:0 to e:3, all labelled; e:1 is retired."""
    with database.write() as session:
        dataset = datasets.create_dataset(session, "night")
        new = NewExposure("e.fits", "e.fits", 40, 40, "float32", n_footprints=4)
        exposure_id = exposures.add_exposure(session, dataset.id, new)
        cutouts.append_cutouts(session, dataset.id, [cut(exposure_id, k) for k in range(4)])
        who = people.person_named(session, "tester").id
        label_set = datasets.get_dataset(session, dataset.id).label_set_id
        from cloudchamber.data.label_sets import get_label_set

        class_id = get_label_set(session, label_set).classes[0].id
        labels.record(session, dataset.id, who, "k", [0, 1, 2, 3], class_id)
        rows = cutouts.of_exposure(session, exposure_id)
        kept = {row.id: cut(exposure_id, row.ordinal) for row in rows if row.ordinal != 1}
        made, _ = detections.add_detection(
            session, exposure_id, NewDetection(None, {"min_pixels": 2}, "ADU", kept, [])
        )
        return dataset.id, exposure_id, made.before_id


def cut(exposure_id: int, k: int) -> NewCutout:
    pixels = np.full((3, 4), 10 + k, np.float32)
    return NewCutout(f"e.fits:{k}", pixels, pixels > 0, exposure_id, 5 * k, 2)


def test_it_is_in_no_list_and_no_count(client, night):
    dataset_id, exposure_id, _ = night
    page = client.get(f"/api/v1/datasets/{dataset_id}/cutouts").json()
    assert [item["ordinal"] for item in page["items"]] == [0, 2, 3]
    told = client.get(f"/api/v1/datasets/{dataset_id}").json()
    assert (told["n_cutouts"], told["n_retired"], told["n_labelled"]) == (4, 1, 3)
    assert client.get(f"/api/v1/datasets/{dataset_id}/retired").json() == [1]
    pack = client.get(f"/api/v1/exposures/{exposure_id}/footprints").content
    items = json.loads(pack[4 : 4 + int.from_bytes(pack[:4], "little")])["items"]
    assert [item["ordinal"] for item in items] == [0, 2, 3]


def test_its_label_is_not_read(client, night):
    dataset_id, _, _ = night
    answer = client.get(f"/api/v1/datasets/{dataset_id}/labels")
    ids = np.frombuffer(answer.content[:16], "<i4")
    assert (ids > 0).tolist() == [True, False, True, True]


@pytest.mark.parametrize("what", ["labels", "columns", "cutouts"])
def test_it_is_in_no_export(client, night, what):
    dataset_id, _, _ = night
    for body in ({}, {"ordinals": [0, 1]}):
        answer = client.post(
            f"/api/v1/datasets/{dataset_id}/exports", json={"what": what, "format": "csv", **body}
        )
        assert answer.status_code == 200, answer.text
        names = {row["name"] for row in csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff")))}
        assert names == ({"e:0", "e:2", "e:3"} if not body else {"e:0"})


def test_labelling_the_whole_dataset_leaves_it_as_it_is(client, night):
    dataset_id, _, _ = night
    body = {"key": "0123456789abcdef0", "ordinals": None, "class_id": None, "how": "gallery"}
    answer = client.post(f"/api/v1/datasets/{dataset_id}/labels", json=body)
    assert answer.json()["n"] == 3


def test_the_history_of_an_exposure_lists_its_detections(client, night):
    _, exposure_id, before = night
    found = client.get(f"/api/v1/exposures/{exposure_id}/detections").json()
    assert [(d["number"], d["current"], d["n_footprints"]) for d in found] == [
        (1, False, 4), (2, True, 3),
    ]  # fmt: skip
    assert (found[0]["id"], found[1]["before_id"]) == (before, before)


def test_it_comes_back_with_its_detection(database, client, night):
    dataset_id, _, before = night
    with database.write() as session:
        assert detections.activate(session, before)
    told = client.get(f"/api/v1/datasets/{dataset_id}").json()
    assert (told["n_retired"], told["n_labelled"]) == (0, 4)


def test_a_detection_matched_against_another_one_than_the_current_is_refused(database, night):
    _, exposure_id, _ = night
    with database.write() as session, pytest.raises(Conflict):
        detections.add_detection(session, exposure_id, NewDetection(None, {}, "ADU", {}, []))
