"""Which files an import sends, and how: large ones alone, many small ones as tar files."""

import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cloudchamber.errors import CloudchamberError
from cloudchamber.instrument_runs import kept_together

SMALL_BYTES = 4 << 20
TAR_BYTES = 64 << 20
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


@dataclass(frozen=True)
class Source:
    """A file on this machine and the name it has in the import (with its folders)."""

    path: Path
    name: str
    size: int


def find_sources(paths: Iterable[Path]) -> list[Source]:
    """Return the files, folders searched through; hidden files are left out.

    A file found in the folder ``crops`` is called ``crops/…``, so that class folders keep their
    names whichever folder was given.
    """
    sources: list[Source] = []
    for path in paths:
        if not path.exists():
            raise CloudchamberError(f"There is no file {path}.")
        if path.is_file():
            sources.append(Source(path, path.name, path.stat().st_size))
            continue
        root = path.resolve().parent
        for found in sorted(path.resolve().rglob("*")):
            inside = found.relative_to(root)
            if found.is_file() and not any(part.startswith(".") for part in inside.parts[1:]):
                sources.append(Source(found, inside.as_posix(), found.stat().st_size))
    if not sources:
        raise CloudchamberError("There are no files to import.")
    return sources


def parcels(sources: list[Source]) -> Iterator[list[Source]]:
    """Group files into uploads: a list of one is sent as it is, a longer one as a tar file.

    What an instrument wrote as one run goes into one tar, whatever its size.
    """
    loose = [s for s in sources if not s.name.lower().endswith(ARCHIVES)]
    run_of = kept_together(source.name for source in loose)
    runs: dict[str, list[Source]] = {}
    for source in loose:
        if source.name in run_of:
            runs.setdefault(run_of[source.name], []).append(source)
    yield from runs.values()
    small = [s for s in loose if s.size <= SMALL_BYTES and s.name not in run_of]
    chosen = {*small, *(source for run in runs.values() for source in run)}
    for source in sources:
        if source not in chosen:
            yield [source]
    group: list[Source] = []
    filled = 0
    for source in small:
        if group and filled + source.size > TAR_BYTES:
            yield group
            group, filled = [], 0
        group.append(source)
        filled += source.size + 1024  # a member's head and padding
    if group:
        yield group


def pack(sources: list[Source], packed: IO[bytes]) -> int:
    """Write a tar file of the sources, and return its size; nothing of this machine but the names
    is in it."""
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for source in sources:
            member = tarfile.TarInfo(source.name)
            with source.path.open("rb") as content:
                member.size = content.seek(0, 2)
                content.seek(0)
                archive.addfile(member, content)
    size = packed.tell()
    packed.seek(0)
    return size
