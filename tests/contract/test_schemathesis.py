"""Whatever is sent, the API answers as it says it does, and never with 500."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_schema_conformance,
    status_code_conformance,
)

from cloudchamber.app import create_app
from cloudchamber.settings import Settings

EXAMPLES = int(os.environ.get("CLOUDCHAMBER_TEST_EXAMPLES", "20"))
# Events never end, by design; their route has tests of its own.
EXCLUDED = {"/api/v1/events"}
METHODS = ("get", "put", "post", "delete", "patch")


def described(folder: Path) -> FastAPI:
    """An application that answers the name under which Schemathesis calls."""
    return create_app(Settings(data_dir=folder, allowed_hosts=["testserver"]))


def operations() -> list[tuple[str, str]]:
    """Path and method of every operation; nothing is opened for that."""
    paths = described(Path("never-made")).openapi()["paths"]
    return [
        (path, method.upper())
        for path, item in paths.items()
        if path not in EXCLUDED
        for method in METHODS
        if method in item
    ]


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[schemathesis.BaseSchema]:
    """The schema of an application with one dataset."""
    app = described(tmp_path_factory.mktemp("fuzz"))
    with TestClient(app) as client:
        client.post("/api/v1/datasets", json={"name": "fuzzed"}).raise_for_status()
        schema = schemathesis.openapi.from_dict(app.openapi())
        schema.app = app
        yield schema


@pytest.mark.parametrize(("path", "method"), operations())
def test_the_api_keeps_its_word(schema: schemathesis.BaseSchema, path: str, method: str) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[*HealthCheck],  # pyright: ignore[reportArgumentType]
    )
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        case = data.draw(schema[path][method].as_strategy())
        if data.draw(st.booleans(), label="existing"):  # a random id is nobody's
            for name in case.path_parameters or {}:
                if name.endswith("_id"):
                    case.path_parameters[name] = 1
        case.call_and_validate(
            headers={"Sec-Fetch-Site": "same-origin"},
            checks=[
                not_a_server_error,
                status_code_conformance,
                content_type_conformance,
                response_schema_conformance,
            ],
        )

    check()
