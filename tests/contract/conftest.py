"""Tools that the contract tests share."""

import os
import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def npm(repository: Path) -> list[str]:
    """The command that runs npm, with the packages of the frontend installed."""
    path = f"{repository / '.make' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    command = shutil.which("npm", path=path)
    if command is None or not (repository / "frontend" / "node_modules").is_dir():
        reason = "the frontend's packages are not installed; `make build` does it"
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    os.environ["PATH"] = path
    return [command, "--prefix", str(repository / "frontend")]
