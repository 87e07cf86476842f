"""A shell for every test of the command line."""

from pathlib import Path

import pytest

from shells import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A shell without anything set."""
    return Shell(tmp_path)
