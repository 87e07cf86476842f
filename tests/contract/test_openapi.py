"""The API describes itself completely: a client can be generated from it and trusted."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

METHODS = ("get", "put", "post", "delete", "patch")
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def document() -> bytes:
    """The OpenAPI document as the command writes it."""
    command = [sys.executable, "-m", "cloudchamber.api.openapi"]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


@pytest.fixture(scope="module")
def api(document: bytes) -> dict[str, Any]:
    """The OpenAPI document."""
    return json.loads(document)


def operations(api: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in api["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method.upper()} {path}", item[method]


def test_every_operation_has_a_name_of_its_own(api: dict[str, Any]) -> None:
    names = [operation["operationId"] for _, operation in operations(api)]
    assert len(names) == len(set(names)) > 20


def test_every_operation_says_what_it_does(api: dict[str, Any]) -> None:
    silent = [
        name
        for name, operation in operations(api)
        if not operation.get("summary") or not operation.get("tags")
    ]
    assert not silent


def test_every_success_says_what_it_contains(api: dict[str, Any]) -> None:
    bare = []
    for name, operation in operations(api):
        successes = {k: v for k, v in operation["responses"].items() if k.startswith("2")}
        for status, response in successes.items():
            contents = response.get("content", {})
            schemas = [content.get("schema") for content in contents.values()]
            if status != "204" and (not schemas or not all(schemas)):
                bare.append(f"{name} {status}")
    assert not bare


def test_every_failure_is_a_problem_document(api: dict[str, Any]) -> None:
    other = []
    for name, operation in operations(api):
        failures = {
            k: v for k, v in operation["responses"].items() if k[0] in "45" or k == "default"
        }
        if not failures:
            other.append(f"{name}: no failure described")
        other += [
            f"{name} {status}"
            for status, response in failures.items()
            if PROBLEM not in response.get("content", {})
        ]
    assert not other


def test_requests_refuse_unknown_fields(api: dict[str, Any]) -> None:
    schemas = api["components"]["schemas"]
    open_bodies = []
    for name, operation in operations(api):
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if body and "$ref" in body["schema"]:
            schema = schemas[body["schema"]["$ref"].rpartition("/")[2]]
            if schema.get("additionalProperties") is not False:
                open_bodies.append(name)
    assert not open_bodies


def test_the_generated_client_is_current(
    repository: Path, tmp_path: Path, npm: list[str], document: bytes
) -> None:
    # given what the API says now
    current = tmp_path / "openapi.json"
    current.write_bytes(document)
    # when the client is generated from it
    client = tmp_path / "schema.gen.ts"
    frontend = repository / "frontend"
    subprocess.run(
        [*npm, "exec", "--", "openapi-typescript", str(current), "-o", str(client)],
        cwd=frontend,
        check=True,
        capture_output=True,
        timeout=120,
    )
    # then it is what the page is built with
    committed = (frontend / "src" / "api" / "schema.gen.ts").read_text()
    assert client.read_text() == committed, "run `make schema`"
