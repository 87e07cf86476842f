"""What the README and docs/ say is there, is there: commands, options, targets, settings, links."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from fastapi.testclient import TestClient

from cloudchamber.cli import app
from cloudchamber.data.job_requests import KINDS
from cloudchamber.settings import Settings
from cloudchamber_worker.learning.architectures import ARCHITECTURES
from cloudchamber_worker.settings import WorkerSettings

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
# Set in docker-compose.yml alone.
COMPOSE_ONLY = {"CLOUDCHAMBER_PUBLISH", "CLOUDCHAMBER_CPU_QUEUES", "CLOUDCHAMBER_TEST_POSTGRES_URL"}


@pytest.fixture
def dialect() -> str:
    """The preset is the same on both databases."""
    return "sqlite"


def commands() -> dict[str, Any]:
    """Typer's command of every name."""
    group: Any = typer.main.get_command(app)
    return group.commands


def blocks(page: Path) -> Iterator[str]:
    """The lines of the fenced blocks, continued lines joined."""
    for block in re.findall(r"^```\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
        yield from block.replace("\\\n", " ").splitlines()


def calls(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Command and words of every `cloudchamber ...` in a page's blocks and inline code."""
    inline = re.findall(r"`((?:\.venv/bin/)?cloudchamber [^`]+)`", page.read_text())
    for line in [*blocks(page), *inline]:
        line = line.strip().removeprefix(".venv/bin/")
        if line.startswith("cloudchamber ") and not line.startswith("cloudchamber --"):
            words = shlex.split(re.split(r"\s{2,}|\s#", line)[0])
            yield words[1], words[2:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_exists_with_its_options(page: Path) -> None:
    known = commands()
    wrong = []
    for name, words in calls(page):
        if name not in known:
            wrong.append(f"cloudchamber {name}")
            continue
        options = {o for p in known[name].params for o in (*p.opts, *p.secondary_opts)}
        used = {word.split("=")[0] for word in words if word.startswith("-") and word != "-"}
        wrong += [f"cloudchamber {name} {word}" for word in used - options - {"--help"}]
    assert not wrong


def test_the_readme_has_every_command() -> None:
    told = {name for name, _ in calls(ROOT / "README.md")}
    assert told >= set(commands())


def test_every_command_and_option_explains_itself() -> None:
    silent = []
    for name, command in commands().items():
        if not command.help:
            silent.append(name)
        silent += [
            f"{name} {parameter.name}"
            for parameter in command.params
            if parameter.param_type_name == "option" and not parameter.help
        ]
    assert not silent


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_of_a_page_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", page.read_text(), re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)", page.read_text())
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


def test_every_setting_of_the_docs_exists() -> None:
    fields = {*Settings.model_fields, *WorkerSettings.model_fields}
    known = {f"CLOUDCHAMBER_{name.upper()}" for name in fields} | COMPOSE_ONLY
    text = "".join(page.read_text() for page in PAGES)
    assert set(re.findall(r"CLOUDCHAMBER_[A-Z_]+[A-Z]", text)) <= known


def test_the_pages_of_the_readme_are_all_there_are() -> None:
    listed = set(re.findall(r"\(docs/(\w+\.md)\)", (ROOT / "README.md").read_text()))
    assert listed == {page.name for page in (ROOT / "docs").glob("*.md")}


def test_the_keys_of_the_preset_are_as_told(client: TestClient) -> None:
    (preset,) = [s for s in client.get("/api/v1/label-sets").json() if s["name"] == "CCD tracks"]
    table = re.findall(
        r"^\| `(\w)` \| ([\w -]+) \|$", (ROOT / "docs" / "label.md").read_text(), re.M
    )
    assert table[: len(preset["classes"])] == [(c["key"], c["name"]) for c in preset["classes"]]


def test_the_job_kinds_and_architectures_are_as_told() -> None:
    text = (ROOT / "docs" / "train.md").read_text()
    told = set(re.findall(r"`(\w+)`", text))
    assert {kind for kind in KINDS if kind.startswith(("train", "fit"))} <= told
    assert set(ARCHITECTURES) <= told
