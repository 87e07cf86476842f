"""Labels over HTTP: answers, replays, bytes, and what a lasso of 50,000 costs."""

import time
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event

from cloudchamber.data.database import Database
from filled import Filled, number


def new_key() -> str:
    return str(uuid.uuid4())


def read(client: TestClient, filled: Filled) -> tuple[np.ndarray, np.ndarray]:
    answer = client.get(f"{filled.path}/labels")
    n, _last = map(int, answer.headers["x-labels"].split(";"))
    assert len(answer.content) == 5 * n
    return np.frombuffer(answer.content, "<i4", n), np.frombuffer(answer.content, "u1", n, 4 * n)


def test_a_label_is_there_when_it_is_answered(client: TestClient, filled: Filled) -> None:
    body = {
        "key": new_key(),
        "ordinals": [3],
        "class_id": filled.classes[1],
        "how": "key",
        "note": "kinked",
        "context": {"suggested": None, "polygon": [[0.5, 1.0]]},
    }
    answer = client.post(f"{filled.path}/labels", json=body)
    assert answer.status_code == 201
    assert answer.json() == {
        "action_id": answer.json()["action_id"], "n": 1, "undoes": None, "labels_revision": 1,
    }  # fmt: skip
    class_ids, flags = read(client, filled)
    assert class_ids.tolist() == [0, 0, 0, filled.classes[1], 0, 0, 0, 0, 0, 0]
    assert flags.tolist() == [0, 0, 0, 2, 0, 0, 0, 0, 0, 0]


def test_the_same_key_has_the_same_answer(client: TestClient, filled: Filled) -> None:
    body = {"key": new_key(), "ordinals": [1, 2], "class_id": filled.classes[0], "how": "lasso"}
    url = f"{filled.path}/labels"
    answers = [client.post(url, json=body) for _ in range(3)]
    assert {a.status_code for a in answers} == {201}
    assert answers[0].json() == answers[1].json() == answers[2].json()
    other = client.post(url, json=body | {"ordinals": [1]})
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    elsewhere = client.post(url, json=body, headers={"X-Annotator": "another"})
    assert elsewhere.status_code == 201
    assert elsewhere.json()["action_id"] != answers[0].json()["action_id"]


def test_left_out_and_null_are_not_the_same(client: TestClient, filled: Filled) -> None:
    url, a = f"{filled.path}/labels", filled.classes[0]
    client.post(url, json={"key": new_key(), "ordinals": [0], "class_id": a, "how": "key"})
    client.post(url, json={"key": new_key(), "ordinals": [0], "dubious": True, "how": "key"})
    assert [v[0] for v in read(client, filled)] == [a, 1]
    client.post(url, json={"key": new_key(), "ordinals": [0], "class_id": None, "how": "key"})
    assert [v[0] for v in read(client, filled)] == [0, 1]
    nothing = client.post(url, json={"key": new_key(), "ordinals": [0], "how": "key"})
    assert nothing.status_code == 422


def test_undo_and_redo_answer_with_what_they_made(client: TestClient, filled: Filled) -> None:
    url, (a, b) = f"{filled.path}/labels", filled.classes[:2]
    client.post(url, json={"key": new_key(), "ordinals": [0, 1], "class_id": a, "how": "key"})
    second = {"key": new_key(), "ordinals": [1, 2], "class_id": b, "how": "lasso"}
    done = client.post(url, json=second | {"dubious": True}).json()
    undone = client.post(f"{url}/undo", json={"key": new_key()}).json()
    assert undone["undone_action_id"] == done["action_id"]
    changed = zip(undone["ordinals"], undone["class_ids"], undone["flags"], strict=True)
    assert set(changed) == {(1, a, 0), (2, 0, 0)}
    redone = client.post(f"{url}/redo", json={"key": new_key()}).json()
    changed = zip(redone["ordinals"], redone["class_ids"], redone["flags"], strict=True)
    assert set(changed) == {(1, b, 1), (2, b, 1)}
    for _ in range(2):
        assert client.post(f"{url}/undo", json={"key": new_key()}).status_code == 200
    empty = client.post(f"{url}/undo", json={"key": new_key()})
    assert (empty.status_code, empty.json()["code"]) == (409, "nothing_to_undo")
    assert read(client, filled)[0].tolist() == [0] * 10
    history = client.get(f"{url}/history", params={"ordinal": 1}).json()
    assert [h["class_id"] for h in history] == [a, b, a, b, a, None]
    assert [h["previous_class_id"] for h in history] == [None, a, b, a, b, a]
    assert {h["annotator"] for h in history} == {"tester"}
    since = client.get(f"{url}/since", params={"action_id": done["action_id"]}).json()
    assert since["last_action_id"] == history[-1]["action_id"]
    assert sorted(since["ordinals"]) == [0, 1, 2]


def test_labels_are_not_sent_again_while_nothing_changed(
    client: TestClient, filled: Filled
) -> None:
    url = f"{filled.path}/labels"
    tag = client.get(url).headers["etag"]
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 304
    other = client.get(url, headers={"If-None-Match": tag, "X-Annotator": "other"})
    assert other.status_code == 200
    body = {"key": new_key(), "ordinals": [0], "class_id": filled.classes[0], "how": "key"}
    client.post(url, json=body)
    assert client.get(url, headers={"If-None-Match": tag}).status_code == 200


WRONG: list[dict[str, Any]] = [
    {"ordinals": [False]}, {"ordinals": [1.0]}, {"ordinals": ["1"]}, {"ordinals": []},
    {"ordinals": [-1]}, {"ordinals": [10]}, {"ordinals": [1, 1]}, {"ordinals": [2**40]},
    {"class_id": True}, {"class_id": 0}, {"class_id": 999}, {"class_id": "1"},
    {"key": "short"}, {"key": None}, {"how": "guess"}, {"more": 1}, {"dubious": "perhaps"},
    {"note": "a\x00b"}, {"note": "x" * 4001}, {"context": {"a": "\x00"}},
]  # fmt: skip


def test_a_wrong_body_is_a_problem_and_changes_nothing(
    client: TestClient, filled: Filled, dialect: str
) -> None:
    for change in WRONG:
        if "context" in change and dialect == "sqlite":
            continue  # which can keep a zero byte inside a JSON text
        body = {"key": new_key(), "ordinals": [0], "class_id": filled.classes[0], "how": "key"}
        answer = client.post(f"{filled.path}/labels", json=body | change)
        assert answer.status_code == 422, change
        assert set(answer.json()) == {"type", "title", "status", "detail", "hint", "code"}
    assert read(client, filled)[0].tolist() == [0] * 10


def half_of_100000(client: TestClient, database: Database) -> Iterator[tuple[str, float, float]]:
    """Assign and undo half of a labelled set, three times: what, wall and processor seconds."""
    filled = number(database, 100_000)
    chosen = np.random.default_rng(0).permutation(100_000)[:50_000].tolist()
    url, (a, b) = f"{filled.path}/labels", filled.classes[:2]
    client.post(url, json={"key": new_key(), "ordinals": None, "class_id": a, "how": "cluster"})
    yield "prepared", 0.0, 0.0
    for _ in range(3):
        for what, path, body in [
            ("assigned", "", {"ordinals": chosen, "class_id": b, "how": "lasso"}),
            ("undone", "/undo", {}),
        ]:
            wall, processor = time.perf_counter(), time.process_time()
            answer = client.post(url + path, json={"key": new_key(), **body})
            yield what, time.perf_counter() - wall, time.process_time() - processor
            assert answer.status_code in (200, 201)
            expected = b if what == "assigned" else a
            assert (read(client, filled)[0][chosen] == expected).all()


def test_a_lasso_of_half_of_100000_costs_few_statements_and_little_time(
    client: TestClient, database: Database
) -> None:
    app: Any = client.app
    statements: list[str] = []
    event.listen(
        app.state.database._writer, "before_cursor_execute", lambda *a: statements.append(a[2])
    )
    for what, _wall, processor in half_of_100000(client, database):
        # Processor time, because other programs may use the machine meanwhile.
        assert processor <= 2.0, what
        assert what == "prepared" or len(statements) <= 20, statements
        statements.clear()


@pytest.mark.bench
def test_a_lasso_of_half_of_100000_is_assigned_and_undone_in_two_seconds_each(
    client: TestClient, database: Database, dialect: str
) -> None:
    best: dict[str, float] = {"prepared": 0.0}
    for what, wall, _processor in half_of_100000(client, database):
        best[what] = min(wall, best.get(what, wall))
    print(  # noqa: T201 - a benchmark reports on standard output
        f"\nhalf of 100,000 on {dialect}:", {k: f"{v:.2f} s" for k, v in best.items()}
    )
    assert max(best.values()) <= 2.0
