"""Archives, read member by member and never unpacked to disk."""

import io
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from cloudchamber_worker.imaging import packed
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.member_names import MemberNames
from cloudchamber_worker.imaging.zips import SIZES_BEHIND, zip_members

IGNORED_NAMES = (".DS_Store", "Thumbs.db", "desktop.ini")
IGNORED_FOLDERS = ("__MACOSX", ".ipynb_checkpoints", ".git", "__pycache__")
DOCUMENTS = ("readme", "license", "licence", "changelog", "citation", "authors", "notice")
DOCUMENT_SUFFIXES = (".md", ".rst", ".html", ".htm", ".pdf", ".docx")
ZIP_ENCODINGS = ("cp437", "cp1252")  # the standard's, and what some programs write instead
TAR_ENCODINGS = ("cp1252", "cp437")


class Ignored(Exception):
    """A member that is no data, such as a folder's settings; the message says why."""


@dataclass(frozen=True)
class Member:
    """One file in an archive.

    name : relative path within the archive, unique there, with `/`
    read : its content; raises `Unreadable` or `Ignored`; may be called when all have been met
    notes : what is to be said about its name
    slow : whether reading it may take long
    """

    name: str
    read: Callable[[], bytes]
    notes: tuple[str, ...] = ()
    slow: bool = False


def why_ignored(name: str) -> str | None:
    """Why a file of this name is passed over, None when it is not."""
    *folders, last = name.split("/")
    if any(folder in IGNORED_FOLDERS for folder in folders):
        return "lies in a folder that programs keep for themselves"
    if last in IGNORED_NAMES or last.startswith("._"):
        return "is a folder's settings, no image"
    if "-checkpoint." in last:
        return "is a notebook's checkpoint copy"
    if last.startswith("."):
        return "is a hidden file"
    return None


def is_document(name: str) -> bool:
    """Whether a file that holds no data is one for people, by its name: a README, a manual."""
    last = name.rpartition("/")[2].lower()
    stem, _, suffix = last.partition(".")
    plain = suffix in ("", "txt", "source") or f".{suffix}" in DOCUMENT_SUFFIXES
    return last.endswith(DOCUMENT_SUFFIXES) or (plain and stem in DOCUMENTS)


def members(stream: BinaryIO, kind: str) -> Iterator[Member]:
    """Yield the files of a 'zip' or 'tar' archive.

    Raises
    ------
    Unreadable
        When the archive itself is damaged or holds nothing; what was yielded before stands.
    """
    count = 0
    for member in _zip(stream) if kind == "zip" else _tar(stream):
        count += 1
        yield member
    if not count:
        raise Unreadable(f"is a {kind} without a file in it")


def _zip(stream: BinaryIO) -> Iterator[Member]:
    found, damage = zip_members(stream)
    names = MemberNames(ZIP_ENCODINGS)
    for entry in found:
        name, notes = names.name(entry.raw_name)
        if damage is not None:
            notes.append(damage)
        reason = why_ignored(name)
        if reason:
            yield Member(name, lambda reason=reason: _ignore(reason), tuple(notes))
            continue
        yield Member(name, lambda entry=entry: entry.read(stream), tuple(notes), entry.slow)
    if damage is not None and found[-1].flags & SIZES_BEHIND:
        raise Unreadable(f"is cut off after {len(found)} files: {damage}")


def _tar(stream: BinaryIO) -> Iterator[Member]:
    stream.seek(0)
    names = MemberNames(TAR_ENCODINGS)
    count = 0
    try:
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            while (info := archive.next()) is not None:
                archive.members.clear()  # type: ignore[attr-defined]  it keeps all it has met
                if info.isdir():
                    continue
                count += 1
                name, notes = names.name(info.name.encode("utf-8", "surrogateescape"))
                reason = why_ignored(name)
                if not reason and not info.isfile():
                    reason = "is a link or device, no file"
                if reason:
                    yield Member(name, lambda reason=reason: _ignore(reason), tuple(notes))
                    continue
                yield Member(name, _reader(stream, info), tuple(notes))
            end = archive.offset
    except (tarfile.TarError, *packed.DAMAGE) as error:
        raise Unreadable(f"is a damaged tar after {count} files: {error}") from error
    # tarfile ends without a word at a head that it cannot read
    stream.seek(end)
    if stream.read(tarfile.BLOCKSIZE).strip(b"\0"):
        raise Unreadable(f"is a damaged tar after {count} files: what follows has no readable head")


def _reader(stream: BinaryIO, info: tarfile.TarInfo) -> Callable[[], bytes]:
    """Reads a member, also when the archive has been gone through."""
    if info.issparse():
        return lambda: _extract(stream, info)
    start, size = info.offset_data, info.size  # what an archive of a million files can keep
    return lambda: _contiguous(stream, start, size)


def _contiguous(stream: BinaryIO, start: int, size: int) -> bytes:
    packed.refuse_bomb(size, size)
    try:
        stream.seek(start)
        data = stream.read(size)
    except packed.DAMAGE as error:
        raise Unreadable(f"is damaged in the tar: {error}") from error
    return _whole(data, size)


def _extract(stream: BinaryIO, info: tarfile.TarInfo) -> bytes:
    packed.refuse_bomb(info.size, info.size)
    try:
        stream.seek(0)
        with tarfile.open(fileobj=stream, mode="r:") as archive:
            member = archive.extractfile(info)
            data = packed.read_capped(member or io.BytesIO(), info.size)  # type: ignore[arg-type]
    except (tarfile.TarError, *packed.DAMAGE) as error:
        raise Unreadable(f"is damaged in the tar: {error}") from error
    return _whole(data, info.size)


def _whole(data: bytes, size: int) -> bytes:
    if len(data) < size:
        raise Unreadable(f"is cut off in the tar after {len(data)} of {size} bytes")
    return data


def _ignore(reason: str) -> bytes:
    raise Ignored(reason)
