"""Whatever is sent, the API answers as it says it does, and never with 500."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings
from schemathesis import checks

EXAMPLES = int(os.environ.get("CLOUDCHAMBER_TEST_EXAMPLES", "5"))


@pytest.fixture(scope="module")
def api_schema(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator:
    """The schema of an application on a database of its own."""
    import shutil

    from cloudchamber.app import create_app
    from cloudchamber.settings import Settings

    folder = tmp_path_factory.mktemp("fuzz")
    shutil.copy(sqlite_template, folder / "cloudchamber.db")
    app = create_app(
        Settings(database_url=f"sqlite:///{folder / 'cloudchamber.db'}", data_dir=folder)
    )
    with TestClient(app, base_url="http://127.0.0.1"):
        yield (
            schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
            # Events never end, by design; their route has tests of its own.
            .exclude(path="/api/v1/events")
        )


schema = schemathesis.pytest.from_fixture("api_schema")


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_the_api_keeps_its_word(case: schemathesis.Case) -> None:
    case.call_and_validate(
        base_url="http://127.0.0.1",
        headers={"Sec-Fetch-Site": "same-origin"},
        checks=[
            checks.not_a_server_error,
            checks.status_code_conformance,
            checks.content_type_conformance,
            checks.response_schema_conformance,
        ],
    )
