"""What is answered with 2xx is in the database; what cannot be kept is refused and said."""

import uuid
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, text
from sqlalchemy.exc import OperationalError

from cloudchamber.data import labels
from cloudchamber.data.database import Database
from filled import Filled


def body(filled: Filled, **more: Any) -> dict[str, Any]:
    wanted = {"ordinals": [0], "class_id": filled.classes[0], "how": "key"}
    return {"key": str(uuid.uuid4()), **wanted, **more}


def count(database: Database, filled: Filled) -> int:
    with database.read() as session:
        return int((labels.current(session, filled.id, filled.annotator).class_id > 0).sum())


def test_a_commit_that_fails_is_never_answered_as_done(
    client: TestClient, database: Database, filled: Filled
) -> None:
    app: Any = client.app

    def fail(_connection: object) -> None:
        raise OperationalError("COMMIT", {}, Exception("disk I/O error"))

    event.listen(app.state.database._writer, "commit", fail)
    answer = client.post(f"{filled.path}/labels", json=body(filled))
    event.remove(app.state.database._writer, "commit", fail)
    assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
    assert count(database, filled) == 0
    assert client.post(f"{filled.path}/labels", json=body(filled)).status_code == 201
    assert count(database, filled) == 1


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_a_full_database_refuses_loudly_and_goes_on_when_there_is_room(
    client: TestClient, database: Database, filled: Filled
) -> None:
    app: Any = client.app

    def limit(pages: str) -> None:
        with app.state.database.write() as session:  # the one writing connection keeps it
            session.execute(text(f"PRAGMA max_page_count = {pages}"))

    with database.read() as session:
        used = session.scalar(text("PRAGMA page_count"))
    limit(str(used))
    acknowledged, refused = 0, 0
    for _ in range(60):
        request = body(filled, note="x" * 4000, ordinals=list(range(10)))
        answer = client.post(f"{filled.path}/labels", json=request)
        acknowledged += answer.status_code == 201
        if answer.status_code != 201:
            refused += 1
            assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
            assert answer.headers["retry-after"]
    assert refused > 0
    with database.read() as session:
        kept = session.scalar(text("SELECT count(*) FROM label_event"))
        assert session.scalar(text("PRAGMA integrity_check")) == "ok"
    assert kept == 10 * acknowledged
    limit("1000000")
    assert client.post(f"{filled.path}/labels", json=body(filled)).status_code == 201


@pytest.mark.parametrize("dialect", ["postgres"], indirect=True)
def test_connections_that_postgres_dropped_are_made_anew(
    client: TestClient, database: Database, filled: Filled
) -> None:
    assert client.post(f"{filled.path}/labels", json=body(filled)).status_code == 201
    with database.read() as session:
        session.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    assert client.get(f"{filled.path}/labels").status_code == 200
    answer = client.post(f"{filled.path}/labels", json=body(filled, ordinals=[1]))
    assert answer.status_code == 201
    assert count(database, filled) == 2
