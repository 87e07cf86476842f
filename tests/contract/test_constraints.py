"""constraints.txt pins everything that is installed, and nothing of one machine."""

import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PIN = re.compile(r"^[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*$")


def pins(repository: Path) -> dict[str, str]:
    lines = (repository / "constraints.txt").read_text().splitlines()
    pairs = (line.split("==") for line in lines if not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pairs}


def closure(repository: Path) -> Iterator[tuple[str, str]]:
    """Name and installed version of everything that the distribution with its extras needs."""
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    todo = [Requirement(line) for line in project["dependencies"]]
    for extra in project["optional-dependencies"].values():
        todo += [Requirement(line) for line in extra]
    seen: set[tuple[str, str]] = set()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        distribution = metadata.distribution(name)
        if (name, "") not in seen:
            yield name, distribution.version
        for extra in ("", *requirement.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            for line in distribution.requires or []:
                needed = Requirement(line)
                if needed.marker is None or needed.marker.evaluate({"extra": extra}):
                    todo.append(needed)


def test_every_line_is_a_plain_pin(repository: Path) -> None:
    lines = (repository / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if not (line.startswith("#") or PIN.match(line))] == []


def test_every_needed_package_is_pinned_as_installed(repository: Path) -> None:
    pinned = pins(repository)
    wrong = {
        name: (version, pinned.get(name))
        for name, version in closure(repository)
        if version.split("+")[0] != pinned.get(name)
    }
    assert not wrong, "installed and pinned differ: run `make constraints`"
