"""Archives, read member by member and never unpacked to disk."""

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import BinaryIO

from cloudchamber_worker.imaging.errors import Unreadable

MAX_MEMBERS = 1_000_000
MAX_MEMBER_BYTES = 1 << 30
MAX_TOTAL_BYTES = 64 << 30
MAX_RATIO = 200  # of unpacked to packed bytes, once over RATIO_FROM bytes
RATIO_FROM = 64 << 20
IGNORED_NAMES = (".DS_Store", "Thumbs.db", "desktop.ini")
IGNORED_FOLDERS = ("__MACOSX", ".ipynb_checkpoints", ".git", "__pycache__")


class Ignored(Exception):
    """A member that is no data, such as a folder's settings; the message says why."""


def why_ignored(name: str) -> str | None:
    """Why a file of this name is passed over, None when it is not."""
    parts = PurePosixPath(name).parts
    if any(part in IGNORED_FOLDERS for part in parts[:-1]):
        return "lies in a folder that programs keep for themselves"
    last = parts[-1] if parts else ""
    if last in IGNORED_NAMES or last.startswith("._"):
        return "is a folder's settings, no image"
    if "-checkpoint." in last:
        return "is a notebook's checkpoint copy"
    if last.startswith("."):
        return "is a hidden file"
    return None


def members(stream: BinaryIO, kind: str) -> Iterator[tuple[str, bytes | Exception]]:
    """Yield (name, content) of a 'zip' or 'tar' (plain or .gz) archive.

    A member that cannot be read comes with an `Unreadable`, one that is no data with `Ignored`;
    the others go on. Names are as in the archive with `/`, shown and never used as paths.

    Raises
    ------
    Unreadable
        When the archive itself is damaged; what was yielded before stands.
    """
    yield from _zip(stream) if kind == "zip" else _tar(stream)


def _zip(stream: BinaryIO) -> Iterator[tuple[str, bytes | Exception]]:
    try:
        archive = zipfile.ZipFile(stream)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError) as error:
        raise Unreadable(f"is a damaged zip: {error}") from error
    with archive:
        infos = archive.infolist()
        if len(infos) > MAX_MEMBERS:
            raise Unreadable(f"holds {len(infos)} files; the limit is {MAX_MEMBERS:_}")
        total = 0
        for info in infos:
            name = info.filename.replace("\\", "/")
            if info.is_dir():
                continue
            reason = why_ignored(name)
            if reason:
                yield name, Ignored(reason)
                continue
            if info.flag_bits & 1:
                yield name, Unreadable("is encrypted")
                continue
            try:
                with archive.open(info) as member:
                    data = _read_capped(member, info.compress_size)
            except Unreadable as error:
                yield name, error
                continue
            except (
                zipfile.BadZipFile,
                zlib.error,
                EOFError,
                OSError,
                NotImplementedError,
            ) as error:
                yield name, Unreadable(f"is damaged in the zip: {error}")
                continue
            total += len(data)
            if total > MAX_TOTAL_BYTES:
                raise Unreadable(f"unpacks to more than {MAX_TOTAL_BYTES >> 30} GiB")
            yield name, data


def _tar(stream: BinaryIO) -> Iterator[tuple[str, bytes | Exception]]:
    try:
        archive = tarfile.open(fileobj=stream, mode="r|*")  # noqa: SIM115  closed below
    except tarfile.TarError as error:
        raise Unreadable(f"is a damaged tar: {error}") from error
    with archive:
        count = total = 0
        while True:
            try:
                info = archive.next()
            except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
                raise Unreadable(f"is a damaged tar after {count} files: {error}") from error
            if info is None:
                return
            if info.isdir():
                continue
            count += 1
            if count > MAX_MEMBERS:
                raise Unreadable(f"holds more than {MAX_MEMBERS:_} files")
            name = info.name.removeprefix("./")
            reason = why_ignored(name)
            if reason:
                yield name, Ignored(reason)
                continue
            member = archive.extractfile(info) if info.isfile() else None
            if member is None:
                yield name, Ignored("is a link or device, no file")
                continue
            try:
                data = _read_capped(member, info.size)
            except Unreadable as error:
                yield name, error
                continue
            except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
                raise Unreadable(f"is a damaged tar at {name}: {error}") from error
            total += len(data)
            if total > MAX_TOTAL_BYTES:
                raise Unreadable(f"unpacks to more than {MAX_TOTAL_BYTES >> 30} GiB")
            yield name, data


def _read_capped(member: object, packed: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := member.read(1 << 20):  # type: ignore[attr-defined]
        size += len(part)
        parts.append(part)
        _refuse_bomb(size, packed)
    return b"".join(parts)


def _refuse_bomb(size: int, packed: int) -> None:
    if size > MAX_MEMBER_BYTES:
        raise Unreadable(f"unpacks to more than {MAX_MEMBER_BYTES >> 20} MiB")
    if size > RATIO_FROM and size > MAX_RATIO * max(packed, 1):
        raise Unreadable(
            f"unpacks to more than {MAX_RATIO} times its size: refused as a decompression bomb"
        )


def gunzip(stream: BinaryIO, packed: int) -> tuple[BinaryIO, int]:
    """The unpacked content as a stream, and its size; `packed` is the packed size.

    Raises
    ------
    Unreadable
        When it is damaged or unpacks to more than the limits allow.
    """
    stream.seek(0)
    out = io.BytesIO()
    size = 0
    try:
        with gzip.GzipFile(fileobj=stream) as unpacked:
            while part := unpacked.read(1 << 20):
                size += len(part)
                _refuse_bomb(size, packed)
                out.write(part)
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(f"is a damaged gzip: {error}") from error
    out.seek(0)
    return out, size
