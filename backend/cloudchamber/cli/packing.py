"""Which files an import sends, and how: large ones alone, many small ones as tar files."""

import io
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cloudchamber.errors import CloudchamberError

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
    """Group files into uploads: a list of one is sent as it is, a longer one as a tar file."""
    small = [s for s in sources if s.size <= SMALL_BYTES and not s.name.lower().endswith(ARCHIVES)]
    chosen = set(small)
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


def pack(sources: list[Source]) -> bytes:
    """Return a tar file of the sources; nothing of this machine but the names is in it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for source in sources:
            member = tarfile.TarInfo(source.name)
            content = source.path.read_bytes()
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return packed.getvalue()
