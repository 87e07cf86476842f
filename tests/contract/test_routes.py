"""Every route that exists, walked: who may call it, and what each answer carries."""

import re
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient
from pydantic import SecretStr

from cloudchamber.app import create_app
from cloudchamber.settings import Settings

TOKEN = "0123456789abcdef0123456789abcdef"
# What anybody may ask: whether the server is alive.
OPEN = {"/api/v1/health/live", "/api/v1/health/ready"}
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
POLICY = (
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
    "require-trusted-types-for 'script'",
)


def calls(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Method and path of every API route, with a number for each parameter."""
    for route in iter_route_contexts(app.routes):
        if route.path and route.path.startswith("/api/"):
            path = re.sub(r"\{[^}]+\}", "1", route.path)
            for method in route.methods or ():
                yield method, path


@pytest.fixture
def dialect() -> str:
    """Who may call does not depend on the database."""
    return "sqlite"


@pytest.fixture
def guarded(migrated_url: str, tmp_path: Path) -> Iterator[TestClient]:
    """A server for a lab: reachable from elsewhere, so with a token."""
    settings = Settings(
        database_url=migrated_url,
        data_dir=tmp_path / "data",
        host="0.0.0.0",
        token=SecretStr(TOKEN),
        allowed_hosts=["lab.example"],
    )
    with TestClient(create_app(settings), base_url="http://lab.example") as client:
        yield client


def app_of(client: TestClient) -> FastAPI:
    assert isinstance(client.app, FastAPI)
    return client.app


def test_there_are_routes_to_walk(client: TestClient) -> None:
    assert len(list(calls(app_of(client)))) > 40


def test_no_route_answers_without_the_token(guarded: TestClient) -> None:
    answered = {
        (method, path): status
        for method, path in calls(app_of(guarded))
        if path not in OPEN
        and (
            status := guarded.request(
                method, path, headers={"Sec-Fetch-Site": "same-origin"}
            ).status_code
        )
        != 401
    }
    assert not answered


def test_the_token_opens_the_door(guarded: TestClient) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert guarded.get("/api/v1/datasets", headers=headers).status_code == 200
    assert (
        guarded.get("/api/v1/datasets", headers={"Authorization": "Bearer no"}).status_code == 401
    )


def test_no_route_answers_under_a_foreign_name(client: TestClient) -> None:
    for method, path in [*calls(app_of(client)), ("GET", "/"), ("GET", "/d/1/label")]:
        response = client.request(method, path, headers={"Host": "evil.example"})
        assert response.status_code == 400, (method, path)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "", "Origin": "http://evil.example"},
        {"Sec-Fetch-Site": "", "Origin": "null"},
    ],
)
def test_no_other_site_changes_anything(client: TestClient, headers: dict[str, str]) -> None:
    for method, path in calls(app_of(client)):
        if method in UNSAFE:
            response = client.request(method, path, headers=headers)
            assert response.status_code == 403, (method, path)


@pytest.mark.parametrize(
    "path", ["/", "/d/1/label", "/api/v1/datasets", "/api/v1/datasets/999", "/api/v1/nothing"]
)
def test_every_answer_carries_the_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    policy = headers["content-security-policy"]
    assert [part for part in POLICY if part not in policy] == []
    assert "unsafe" not in policy


def test_every_failure_is_a_problem_document(client: TestClient) -> None:
    failures = [
        client.get("/api/v1/datasets/999"),
        client.get("/api/v1/nothing"),
        client.put("/api/v1/datasets"),
        client.post("/api/v1/datasets", json={"name": 3, "other": 1}),
        client.post("/api/v1/datasets", content=b"{", headers={"Content-Type": "application/json"}),
        client.get("/api/v1/datasets", headers={"Host": "evil.example"}),
    ]
    for response in failures:
        assert response.headers["content-type"] == "application/problem+json", response.text
        body = response.json()
        assert body["status"] == response.status_code
        assert body["title"]
        assert "Traceback" not in response.text


@pytest.mark.parametrize("wrong", [True, "1", 1.5, None])
def test_an_id_is_a_whole_number(client: TestClient, wrong: object) -> None:
    body = {"kind": "fit_map", "dataset_id": wrong, "params": {}, "key": str(uuid.uuid4())}
    assert client.post("/api/v1/jobs", json=body).status_code == 422
