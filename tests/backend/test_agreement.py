"""Agreement: kappas against scikit-learn and a textbook, disputes, reviews and blind repeats."""

import uuid
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sklearn.metrics import cohen_kappa_score

from cloudchamber.data.database import Database
from cloudchamber.services.agreement import cohens_kappa, fleiss_kappa, fleiss_of, kappa_of
from filled import Filled, number

# Fleiss, J. L. (1971), the worked example as Wikipedia's "Fleiss' kappa" prints it: 14 raters put
# 10 subjects into 5 categories; kappa is 0.210.
FLEISS = np.array(
    [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]
)  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
def test_cohens_kappa_is_that_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.integers(4, size=80), rng.integers(4, size=80)
    b = np.where(rng.random(80) < 0.6, a, b)
    confusion = np.zeros((4, 4), int)
    np.add.at(confusion, (a, b), 1)
    assert cohens_kappa(confusion) == pytest.approx(cohen_kappa_score(a, b))
    told = kappa_of(confusion)
    assert told["n"] == 80
    assert told["interval"][0] < told["kappa"] < told["interval"][1]


def test_fleiss_kappa_of_the_textbook() -> None:
    assert fleiss_kappa(FLEISS) == pytest.approx(0.210, abs=0.0005)
    told = fleiss_of(FLEISS)
    assert told is not None
    assert told["kappa"] == pytest.approx(0.210, abs=0.0005)
    # In any order and with like rows counted together it is the same.
    assert fleiss_kappa(FLEISS[::-1]) == pytest.approx(fleiss_kappa(FLEISS))


def test_raters_may_differ_in_number() -> None:
    ratings = np.array([[2, 0], [0, 3], [1, 1], [3, 0]])
    # P = (1 + 1 + 0 + 1) / 4; shares 6/10 and 4/10
    assert fleiss_kappa(ratings) == pytest.approx((0.75 - 0.52) / (1 - 0.52))


def test_where_chance_agrees_always_there_is_no_kappa() -> None:
    told = kappa_of(np.array([[7, 0], [0, 0]]))
    assert (told["agreed"], told["kappa"], told["interval"]) == (1.0, None, None)
    assert fleiss_of(np.zeros((0, 3), int)) is None


def test_intervals_hold_the_true_kappa_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    truth = np.array([[0.35, 0.05], [0.10, 0.50]])
    inside = 0
    for _ in range(60):
        told = kappa_of(rng.multinomial(100, truth.ravel()).reshape(2, 2))
        inside += told["interval"][0] <= cohens_kappa(truth) <= told["interval"][1]
    assert inside >= 52


class Room:
    """People who label one dataset over HTTP."""

    def __init__(self, client: TestClient, filled: Filled) -> None:
        self.client, self.filled = client, filled

    def give(
        self, name: str, ordinals: list[int], k: int, how: str = "key", **context: Any
    ) -> None:
        body = {
            "key": uuid.uuid4().hex, "ordinals": ordinals, "how": how,
            "class_id": self.filled.classes[k], "context": context,
        }  # fmt: skip
        answer = self.client.post(
            f"{self.filled.path}/labels", json=body, headers={"X-Annotator": name}
        )
        assert answer.status_code == 201, answer.text

    def step(self, name: str, way: str) -> None:
        answer = self.client.post(
            f"{self.filled.path}/labels/{way}", json={"key": uuid.uuid4().hex},
            headers={"X-Annotator": name},
        )  # fmt: skip
        assert answer.status_code == 200, answer.text

    def get(self, path: str, name: str = "tester", **params: Any) -> Any:
        answer = self.client.get(
            f"{self.filled.path}/{path}", params=params, headers={"X-Annotator": name}
        )
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def room(client: TestClient, filled: Filled) -> Room:
    return Room(client, filled)


def test_two_people_and_what_they_dispute(room: Room) -> None:
    # given Ada and Ben, who differ on two of six, and Cleo, who sides with Ben on one of them
    room.give("ada", [0, 1, 2, 3], 0)
    room.give("ada", [4, 5], 1)
    room.give("ben", [0, 1, 2], 0)
    room.give("ben", [3, 4], 1)
    room.give("ben", [5], 2)
    room.give("cleo", [5], 2)
    found = room.get("agreement")
    assert [(one["name"], one["n"]) for one in found["annotators"]] == [
        ("ada", 6), ("ben", 6), ("cleo", 1),
    ]  # fmt: skip
    pair = found["pairs"][0]
    assert (pair["a"], pair["b"], pair["n"]) == ("ada", "ben", 6)
    expected = cohen_kappa_score([0, 0, 0, 0, 1, 1], [0, 0, 0, 1, 1, 2])
    assert pair["kappa"] == pytest.approx(expected)
    index = found["class_ids"].index
    classes = room.filled.classes
    assert pair["confusion"][index(classes[0])][index(classes[1])] == 1
    assert found["fleiss"]["n"] == 6
    assert found["n_disputed"] == 2
    page = room.get("agreement/disputed")
    # then an even split comes before two against one
    assert [item["ordinal"] for item in page["items"]] == [3, 5]
    assert page["items"][1]["votes"] == [
        {"annotator": "ada", "class_id": classes[1]},
        {"annotator": "ben", "class_id": classes[2]},
        {"annotator": "cleo", "class_id": classes[2]},
    ]
    assert (page["total"], page["next"]) == (2, None)


def test_disputes_come_in_pages_and_by_cell(room: Room) -> None:
    room.give("ada", list(range(10)), 0)
    room.give("ben", list(range(7)), 1)
    room.give("ben", [7, 8, 9], 0)
    first = room.get("agreement/disputed", limit=4)
    second = room.get("agreement/disputed", limit=4, cursor=first["next"])
    assert [i["ordinal"] for p in (first, second) for i in p["items"]] == list(range(7))
    assert (first["total"], second["next"]) == (7, None)
    muon, electron = room.filled.classes[:2]
    same = room.get("agreement/disputed", a="ada", b="ben", class_a=muon, class_b=muon)
    assert [item["ordinal"] for item in same["items"]] == [7, 8, 9]
    none = room.get("agreement/disputed", a="ada", b="ben", class_a=electron, class_b=muon)
    assert none["items"] == []
    assert room.get("agreement/disputed", a="ada", b="nobody")["total"] == 0


def test_blind_repeats_are_compared_with_the_judgement_before(room: Room) -> None:
    room.give("ada", [0, 1, 2, 3], 0)
    room.give("ada", [4], 1)
    for ordinal, k in ((0, 0), (1, 0), (2, 1), (4, 1)):
        room.give("ada", [ordinal], k, "repeat", blind_repeat=True)
    room.give("ada", [3], 2, "repeat", blind_repeat=True)
    room.step("ada", "undo")
    found = room.get("agreement")
    assert found["pairs"] == []
    (own,) = found["repeats"]
    assert (own["name"], own["n"], own["agreed"]) == ("ada", 4, 0.75)
    assert own["kappa"] == pytest.approx(cohen_kappa_score([0, 0, 0, 1], [0, 0, 1, 1]))
    room.step("ada", "redo")
    assert room.get("agreement")["repeats"][0]["n"] == 5
    # and the newest counts as the label, with both in the history
    history = room.get("labels/history", ordinal=2)
    assert [event["class_id"] for event in history] == room.filled.classes[:2]


def test_reviews_are_remembered_until_they_are_undone(room: Room) -> None:
    room.give("ada", [0, 1, 2], 0)
    room.give("ada", [0], 0, "review", doubt=1.4)
    room.give("ada", [1], 2, "review", doubt=1.2)
    room.give("ada", [2], 1, "review", doubt=1.1)
    room.step("ada", "undo")
    assert room.get("labels/reviews", "ada") == {"ordinals": [0, 1], "changed": [False, True]}
    assert room.get("labels/reviews", "nobody yet") == {"ordinals": [], "changed": []}


def test_only_what_was_judged_some_time_ago_comes_again(room: Room) -> None:
    room.give("ada", [9], 0, "import")
    for ordinal in range(8):
        room.give("ada", [ordinal], 0)
    room.give("ada", [0], 1)
    found = room.get("labels/repeatable", "ada", gap=3)
    assert sorted(found["ordinals"]) == [1, 2, 3, 4, 5]
    assert found["total"] == 5
    assert len(room.get("labels/repeatable", "ada", gap=0, limit=2)["ordinals"]) == 2
    assert room.get("labels/repeatable", "ben")["ordinals"] == []


def test_agreement_on_many_labels_is_quick(database: Database, client: TestClient) -> None:
    many = number(database, 100_000)
    room = Room(client, many)
    rng = np.random.default_rng(0)
    order = rng.permutation(many.n).tolist()
    room.give("ada", order, 0, "lasso")
    room.give("ben", order[:60_000], 0, "lasso")
    room.give("ben", order[60_000:], 1, "lasso")
    found = room.get("agreement")
    assert found["n_disputed"] == 40_000
    assert len(room.get("agreement/disputed", limit=50)["items"]) == 50


def test_agreement_in_few_cutouts_is_not_stated_as_certain() -> None:
    """Given two people who agree on all of 4, 40 or 400 cutouts of two classes, when the kappa is
    told, then it is 1 and its interval reaches down as far as so few cutouts allow."""
    lows = []
    for n in (4, 40, 400):
        told = kappa_of(np.diag([n // 2, n // 2]))
        assert told["kappa"] == 1
        low, high = told["interval"]
        assert high == 1
        lows.append(low)
    assert lows[0] < 0.3
    assert lows[0] < lows[1] < 0.9
    assert 0.95 < lows[2] < 1
    ratings = np.array([[2, 0], [0, 2], [2, 0], [0, 2]])
    told = fleiss_of(ratings)
    assert told is not None
    assert told["interval"][0] < 0.3
