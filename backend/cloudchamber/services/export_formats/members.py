"""Names of files inside an archive: safe wherever it is unpacked, and no two alike."""

from collections.abc import Iterable

from cloudchamber.data.escapes import RESERVED, UNSAFE
from cloudchamber.data.names import without_suffix

LENGTH = 120  # characters of a file's or folder's name; file systems take 255 bytes


def member_names(paths: Iterable[str]) -> list[str]:
    """A file of its own for every path, in its folders, without an image's suffix."""
    free = Free()
    return [free(_safe(without_suffix(path)), _safe(path)) for path in paths]


def flat_names(places: Iterable[tuple[str, str, str]]) -> list[str]:
    """For every (folder, name, path) a file in the folder itself, called after the name, or after
    the whole path where that is taken already."""
    free = Free()
    return [
        free(f"{folder}/{_flat(name)}", f"{folder}/{_flat(without_suffix(path))}")
        for folder, name, path in places
    ]


class Free:
    """Gives each of several wishes away once; case counts for nothing, as on Windows and macOS."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def __call__(self, *wishes: str) -> str:
        """The first wish that is free, the last one with a number where none is."""
        number, name = 2, next((w for w in wishes if w.casefold() not in self._taken), wishes[-1])
        while name.casefold() in self._taken:
            name, number = f"{wishes[-1]}-{number}", number + 1
        self._taken.add(name.casefold())
        return name


def _safe(path: str) -> str:
    parts = [part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    return "/".join(map(_part, parts)) or "cutout"


def _flat(path: str) -> str:
    return _safe(path).replace("/", "_")


def _part(part: str) -> str:
    """One name of a path; what is lost here stands in the archive's table."""
    plain = UNSAFE.sub("_", part).rstrip(". ")
    if RESERVED.fullmatch(plain) or plain.startswith((".", "__MACOSX")) or not plain:
        plain = f"_{plain}"
    return plain if len(plain) <= LENGTH else plain[:LENGTH].rstrip(". ")
