"""Who may ask from where, and what every answer carries."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import DataError, IntegrityError, OperationalError

from cloudchamber.api import frontend
from cloudchamber.api.problems import of_database
from cloudchamber.api.security import HEADERS, MAX_BODY_BYTES
from cloudchamber.app import create_app
from cloudchamber.errors import UnsafeDatabase
from cloudchamber.settings import Settings

API = "/api/v1"


@pytest.fixture
def app(tmp_path: Path) -> Any:
    return create_app(Settings(data_dir=tmp_path))


@pytest.fixture
def local(app: Any) -> Iterator[TestClient]:
    with TestClient(app, base_url="http://127.0.0.1:8000") as client:
        yield client


def test_listening_to_others_needs_a_token(tmp_path: Path) -> None:
    with pytest.raises(UnsafeDatabase, match="without a token"):
        create_app(Settings(data_dir=tmp_path, host="0.0.0.0"))
    for host in ("127.0.0.1", "localhost", "::1", "127.1.2.3"):
        assert create_app(Settings(data_dir=tmp_path, host=host))
    with_token = Settings(data_dir=tmp_path, host="0.0.0.0", token="secret-word")  # pyright: ignore[reportArgumentType]
    assert create_app(with_token)


def test_the_login_exchanges_the_token_for_a_cookie(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, token="secret-word")  # pyright: ignore[reportArgumentType]
    app = create_app(settings)
    with TestClient(app, base_url="http://127.0.0.1", follow_redirects=False) as client:
        for answer in (client.get("/"), client.get("/login?token=wrong")):
            assert answer.status_code == 401
            assert "secret-word" not in answer.text
        assert client.get(f"{API}/datasets").status_code == 401
        wrong = {"Authorization": "Bearer wrong"}
        let_in = client.get("/login?token=secret-word")
        assert (let_in.status_code, let_in.headers["location"]) == (303, "/")
        cookie = let_in.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert client.get(f"{API}/datasets").status_code == 200
        assert client.get(f"{API}/datasets", headers=wrong).status_code == 401
        client.cookies.clear()
        form = client.post("/login", content="token=secret-word")
        assert form.status_code == 303
        client.cookies.clear()
        right = {"Authorization": "Bearer secret-word"}
        assert client.get(f"{API}/datasets", headers=right).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::2]:80"])
def test_other_host_names_are_refused(local: TestClient, host: str) -> None:
    answer = local.get(f"{API}/health/live", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_host")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9", "127.0.0.1:8000", "[::1]:8000"])
def test_names_of_this_machine_are_accepted(local: TestClient, host: str) -> None:
    assert local.get(f"{API}/health/live", headers={"Host": host}).status_code == 200


def test_names_can_be_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLOUDCHAMBER_ALLOWED_HOSTS", "lab.example, daq")
    with TestClient(create_app(Settings(data_dir=tmp_path))) as client:
        for host, status in [("lab.example:80", 200), ("daq", 200), ("other", 400)]:
            answer = client.get(f"{API}/health/live", headers={"Host": host})
            assert answer.status_code == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({}, 201),  # no browser: a script
        ({"Origin": "http://127.0.0.1:8000"}, 201),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:9000"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8000"}, 403),
    ],
)
def test_other_sites_change_nothing(
    local: TestClient, headers: dict[str, str], status: int
) -> None:
    answer = local.post(f"{API}/datasets", json={"name": "x"}, headers=headers)
    assert answer.status_code == status
    assert len(local.get(f"{API}/datasets").json()) == (status == 201)


def test_every_answer_carries_the_headers(
    app: Any, local: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("/secret/path")

    monkeypatch.setattr(app.state.database, "read", broken)
    for answer in (
        local.get(f"{API}/health/live"),
        local.get(f"{API}/datasets"),  # a bug
        local.get(f"{API}/nowhere"),
        local.get("/"),
        local.post(f"{API}/datasets", content=b"{"),
        local.delete("/"),
        local.get("/", headers={"Host": "evil"}),
    ):
        assert HEADERS.items() <= dict(answer.headers).items() or all(
            answer.headers[k] == v for k, v in HEADERS.items()
        )
        assert "secret" not in answer.text
    assert local.get(f"{API}/datasets").status_code == 500
    assert "unsafe-inline" not in HEADERS["Content-Security-Policy"]


def test_a_read_only_server_changes_nothing(tmp_path: Path) -> None:
    with TestClient(
        create_app(Settings(data_dir=tmp_path, read_only=True)), base_url="http://127.0.0.1"
    ) as client:
        assert client.post(f"{API}/datasets", json={"name": "x"}).status_code == 403
        me = client.get(f"{API}/me").json()
        assert me["read_only"]


def test_a_body_too_large_is_refused_unread(local: TestClient) -> None:
    announced = {"Content-Length": str(MAX_BODY_BYTES + 1), "Content-Type": "application/json"}
    answer = local.post(f"{API}/datasets", content=b"{}", headers=announced)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    parts = (b" " * (1 << 20) for _ in range(40))
    unannounced = local.post(
        f"{API}/datasets", content=parts, headers={"Content-Type": "application/json"}
    )
    assert unannounced.status_code == 413


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"\xff", b'{"name": NaN}', b"[" * 100_000,
     b'{"name": "x", "label_set_id": ' + b"9" * 10_000 + b"}", b'{"name": "\\ud800"}'],
)  # fmt: skip
def test_a_body_that_is_no_request_is_a_problem(local: TestClient, body: bytes) -> None:
    answer = local.post(
        f"{API}/datasets", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


class Driver(Exception):
    """What a database driver raises."""

    def __init__(self, words: str, sqlstate: str | None = None) -> None:
        super().__init__(words)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (OperationalError("", {}, Driver("database or disk is full")), 507),
        (OperationalError("", {}, Driver("disk I/O error")), 507),
        (OperationalError("", {}, Driver("could not extend file", "53100")), 507),
        (OperationalError("", {}, Driver("database is locked")), 503),
        (OperationalError("", {}, Driver("connection refused: /run/x")), 503),
        (IntegrityError("", {}, Driver("UNIQUE constraint failed")), 409),
        (DataError("", {}, Driver("integer out of range")), 422),
    ],
)
def test_what_the_database_says_becomes_a_status(error: Any, status: int) -> None:
    told = of_database(error)
    assert told.status == status
    assert str(error.orig) not in told.message


def test_pages_are_served_and_nothing_beside_them(
    local: TestClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    static = tmp_path / "static"
    monkeypatch.setattr(frontend, "STATIC", static)
    missing = local.get("/")
    assert missing.status_code == 503
    assert "make build" in missing.text
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<p>page")
    (static / "assets" / "a-1.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    for path in ("/", "/d/3/label", "/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt"):
        answer = local.get(path)
        assert (answer.status_code, answer.text) == (200, "<p>page")
        assert answer.headers["cache-control"] == "no-cache"
    script = local.get("/assets/a-1.js")
    assert "immutable" in script.headers["cache-control"]
    assert script.headers["content-security-policy"]
    for path in ("/assets/gone.js", "/api", "/api/v1/gone"):
        assert local.get(path).status_code == 404
    assert local.head("/").status_code == 200
    assert local.get(f"{API}/openapi.json").json()["openapi"].startswith("3.")


def test_readiness_needs_a_database_that_takes_writes(
    app: Any, local: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert local.get(f"{API}/health/ready").json() == {"status": "ok"}

    def refuse(*_: object) -> None:
        raise OperationalError("", {}, Driver("attempt to write a readonly database"))

    monkeypatch.setattr(app.state.database, "write", refuse)
    answer = local.get(f"{API}/health/ready")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert local.get(f"{API}/health/live").status_code == 200
