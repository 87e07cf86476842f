"""Which files an import sends, and how: large ones alone, many small ones as tar files."""

import os
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import IO

from cloudchamber.data.names import numbered
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


def find_sources(
    paths: Iterable[Path], apart: Iterable[Path] = ()
) -> tuple[list[Source], list[str]]:
    """Return the files, folders searched through, and the names of those that are left out: hidden
    ones, links that lead nowhere, and what is no file.

    A file keeps its whole relative path: as it was given, or, of paths that are absolute or go up,
    from the folder that all of them share. ``day1/crops day2/crops`` are told apart so, and class
    folders keep their names whichever folder was given.

    apart : files that have a use of their own, such as a label table, and are no data

    Raises
    ------
    CloudchamberError
        When a path is not there, a folder cannot be read, or there is nothing to import.
    """
    given = list(paths)
    for path in given:
        if not path.exists():
            raise CloudchamberError(f"There is no file {path}.")
    taken = {path.resolve() for path in apart}
    shared = _shared_folder([path for path in given if not _plain(path)])
    sources: dict[str, Source] = {}
    hidden: list[str] = []
    for path in given:
        top = PurePath(path) if _plain(path) else path.resolve().relative_to(shared)
        for one in _files_in(path) if path.is_dir() else [path]:
            if one.resolve() in taken:
                continue
            inside = one.relative_to(path)
            name = (top / inside).as_posix()
            if not one.is_file() or any(part.startswith(".") for part in inside.parts):
                hidden.append(name)
            else:
                _add(sources, one.resolve(), name)
    if not sources:
        raise CloudchamberError("There are no files to import.")
    return list(sources.values()), hidden


def _files_in(folder: Path) -> list[Path]:
    """All that is no folder, however deep; links to folders are followed, each folder once."""

    def fail(error: OSError) -> None:
        raise CloudchamberError(f"The folder {error.filename} cannot be read.") from error

    found: list[Path] = []
    met: set[Path] = set()
    for top, folders, files in os.walk(folder, onerror=fail, followlinks=True):
        met.add(Path(top).resolve())
        folders[:] = [name for name in folders if (Path(top) / name).resolve() not in met]
        found += [Path(top) / name for name in files]
    return sorted(found)


def _add(sources: dict[str, Source], path: Path, name: str) -> None:
    """Add a file once; another one of the same name gets a number."""
    free, number = name, 1
    while free in sources and sources[free].path != path:
        number += 1
        free = numbered(name, number)
    sources[free] = Source(path, free, path.stat().st_size)


def _plain(path: Path) -> bool:
    """Whether a path says by itself where its files lie."""
    return not path.is_absolute() and path.parts != () and ".." not in path.parts


def _shared_folder(paths: list[Path]) -> Path:
    """The folder that holds all of the given files and folders."""
    if not paths:
        return Path("/")
    return Path(os.path.commonpath([path.resolve().parent for path in paths]))


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
