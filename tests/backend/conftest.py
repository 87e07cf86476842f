"""A dataset with cutouts, for every test that labels or looks."""

import pytest

from cloudchamber.data.database import Database
from filled import Filled, fill


@pytest.fixture
def filled(database: Database) -> Filled:
    """A dataset of ten cutouts."""
    return fill(database, 10)
