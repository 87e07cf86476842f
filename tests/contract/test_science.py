"""docs/science.md states every measurement with its unit, and none that is not made."""

import re
from pathlib import Path

import pytest

from cloudchamber_worker.imaging.measurements import MEASUREMENTS
from cloudchamber_worker.steps.classifier_columns import RANKINGS


@pytest.fixture(scope="module")
def science(repository: Path) -> dict[str, str]:
    """The sections of the page by their headings."""
    text = (repository / "docs" / "science.md").read_text()
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(section: str) -> list[list[str]]:
    """The cells of a section's table whose first cell is a name in code."""
    lines = re.findall(r"^\| `.*\|$", section, re.MULTILINE)
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


def test_the_table_has_every_measurement_in_order_with_its_unit(science: dict[str, str]) -> None:
    told = [(row[0].strip("`"), row[1]) for row in rows(science["Measurements"])]
    assert told == [(m.name, m.unit or "1") for m in MEASUREMENTS]


def test_every_row_says_what_it_is_and_when_it_is_undefined(science: dict[str, str]) -> None:
    assert all(len(row) == 5 and row[2] and row[3] for row in rows(science["Measurements"]))


def test_every_ranking_is_defined(science: dict[str, str]) -> None:
    told = {row[0].strip("`") for row in rows(science["Rankings"])}
    assert told == {*RANKINGS, "loss", "loss_normalised", "map_outlier", "self_supervised_knn"}
