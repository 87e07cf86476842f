"""Uploads: whatever is sent twice, late or damaged, the file is whole or refused."""

import hashlib
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from cloudchamber.app import create_app
from cloudchamber.data import uploads
from cloudchamber.data.base import now
from cloudchamber.data.database import Database
from cloudchamber.errors import Conflict
from cloudchamber.settings import Settings

URL = "/api/v1/uploads"


def start(client: TestClient, size: int) -> str:
    made = client.post(URL, json={"name": "b21.fits", "size": size})
    assert made.status_code == 201
    assert made.json()["received"] == 0
    return f"{URL}/{made.json()['id']}"


def test_chunks_sent_in_order_make_the_file(client: TestClient, database: Database) -> None:
    content = bytes(range(256)) * 40
    digest = hashlib.sha256(content).hexdigest()
    url = start(client, len(content))
    for offset in range(0, len(content), 4000):
        chunk = content[offset : offset + 4000]
        sent = {"X-Chunk-SHA256": hashlib.sha256(chunk).hexdigest()}
        answer = client.put(f"{url}/chunks?offset={offset}", content=chunk, headers=sent)
        assert answer.json()["received"] == offset + len(chunk)
    done = client.post(f"{url}/complete", json={"sha256": digest.upper()})
    assert done.json()["state"] == "complete"
    assert client.post(f"{url}/complete", json={}).json()["sha256"] == digest
    with database.read() as session:
        again = b"".join(uploads.read_upload(session, done.json()["id"]))
    assert again == content
    assert client.delete(url).status_code == 204
    assert client.get(url).status_code == 404


def test_a_chunk_sent_again_changes_nothing(client: TestClient) -> None:
    url = start(client, 6)
    for _ in range(3):
        assert client.put(f"{url}/chunks?offset=0", content=b"abc").json()["received"] == 3
    assert client.put(f"{url}/chunks?offset=0", content=b"abd").status_code == 409
    assert client.put(f"{url}/chunks?offset=1", content=b"bc").status_code == 409
    gap = client.put(f"{url}/chunks?offset=4", content=b"ef")
    assert (gap.status_code, gap.json()["hint"]) == (409, "Go on at 3.")
    assert client.put(f"{url}/chunks?offset=3", content=b"defg").status_code == 413
    assert client.get(url).json()["received"] == 3


def test_damage_is_noticed(client: TestClient, database: Database) -> None:
    url = start(client, 3)
    wrong = {"X-Chunk-SHA256": "0" * 64}
    assert client.put(f"{url}/chunks?offset=0", content=b"abc", headers=wrong).status_code == 422
    assert client.post(f"{url}/complete", json={}).status_code == 409
    with database.read() as session, pytest.raises(Conflict, match="not complete"):
        list(uploads.read_upload(session, 1))
    client.put(f"{url}/chunks?offset=0", content=b"abc")
    assert client.post(f"{url}/complete", json={"sha256": "0" * 64}).status_code == 422
    assert client.get(url).json()["state"] == "receiving"


def test_a_chunk_has_eight_mebibytes_at_most(client: TestClient) -> None:
    url = start(client, 20 << 20)
    largest = bytes(uploads.CHUNK_BYTES)
    assert client.put(f"{url}/chunks?offset=0", content=largest).status_code == 200
    too_large = client.put(f"{url}/chunks?offset={len(largest)}", content=largest + b"x")
    assert too_large.status_code == 413
    unannounced = client.put(f"{url}/chunks?offset={len(largest)}", content=iter([largest, b"x"]))
    assert unannounced.status_code == 413
    assert client.get(url).json()["received"] == len(largest)


def test_an_empty_file_is_a_file(client: TestClient) -> None:
    url = start(client, 0)
    done = client.post(f"{url}/complete", json={}).json()
    assert done["sha256"] == hashlib.sha256(b"").hexdigest()
    assert client.put(f"{url}/chunks?offset=0", content=b"").status_code == 422


def test_an_upload_needs_a_name_and_a_size(client: TestClient) -> None:
    for name, size in [("", 1), ("a", -1), ("a", True), ("a\x00", 1), ("a" * 501, 1)]:
        assert client.post(URL, json={"name": name, "size": size}).status_code == 422


def test_what_nobody_finished_is_swept_away(client: TestClient, database: Database) -> None:
    urls = [start(client, 3), start(client, 3), start(client, 0)]
    client.put(f"{urls[0]}/chunks?offset=0", content=b"abc")
    client.post(f"{urls[2]}/complete", json={})
    with database.write() as session:
        for number, age in ((1, uploads.UNFINISHED), (3, uploads.UNFINISHED)):
            uploads.get_upload(session, number).created_at = now() - 2 * age
        session.flush()
        assert uploads.delete_stale(session) == 1
        assert uploads.get_upload(session, 3).state == "complete"
    assert [client.get(url).status_code for url in urls] == [404, 200, 200]


def test_what_cannot_fit_is_refused_before_a_byte_is_sent(tmp_path: Path) -> None:
    small = Settings(data_dir=tmp_path, max_upload_bytes=1000)
    with TestClient(create_app(small), base_url="http://127.0.0.1") as client:
        assert client.post(URL, json={"name": "a", "size": 1001}).status_code == 413
    full = Settings(data_dir=tmp_path, min_free_bytes=2**62)
    with TestClient(create_app(full), base_url="http://127.0.0.1") as client:
        answer = client.post(URL, json={"name": "a", "size": 1})
        assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
        assert answer.headers["retry-after"]
        made = client.post("/api/v1/datasets", json={"name": "labels are still taken"})
        assert made.status_code == 201
