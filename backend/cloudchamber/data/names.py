"""What a cutout is called: its path, the shortest name that is its own, and who a table means.

A cutout's identity is its whole relative path, archive members included
(``run0.zip/day1/0001.png``, ``stack.tif-0003``, ``run1/exp.fits-AMP1:17``). Its name is the stem
where that is unique in the dataset, and otherwise the shortest suffix of the path that is. Every
part of the program that reads names from a file asks the same `Names`.
"""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np

from cloudchamber.data.spreadsheet import restore

# A suffix goes only where it says "image": `v1.2_roi.5` ends in no suffix.
IMAGES = frozenset(
    ("fits", "fit", "fts", "fz", "png", "apng", "tif", "tiff", "jpg", "jpeg", "jp2", "npy", "bmp",
     "gif", "webp", "pgm", "ppm", "pnm", "pbm", "h5", "hdf5", "csv", "tsv", "txt")
)  # fmt: skip
EXPOSURES = (".fits", ".fit", ".fts")
PACKED = frozenset(("fz", "gz", "bz2", "xz", "z"))


def tidy(path: str) -> str:
    """A path as it is compared: Unicode NFC, ``/`` between folders, no ``./`` before it.

    NFC because macOS writes decomposed names and everybody else composed ones.
    """
    text = path.strip()
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
    text = text.replace("\\", "/")
    while text.startswith("./"):
        text = text[2:]
    while "//" in text:
        text = text.replace("//", "/")
    return text


def _suffix_of(path: str) -> tuple[int, int]:
    """Where the suffix of an image file begins and ends in `path`; equal where it has none.

    Behind it may stand the part of the file: ``-AMP1``, ``-0003``, ``:17``.
    """
    start = path.rfind("/") + 1
    dot = path.rfind(".", start)
    if dot <= start:  # `.png` is a name, no suffix
        return len(path), len(path)
    end = len(path)
    for sign in "-:":
        at = path.find(sign, dot)
        end = at if 0 <= at < end else end
    suffix = path[dot + 1 : end].lower()
    if suffix in PACKED:
        before = path.rfind(".", start, dot)
        if before > start and path[before:dot].lower() in EXPOSURES:
            return before, end
    return (dot, end) if suffix in IMAGES else (len(path), len(path))


def without_suffix(path: str) -> str:
    """`path` without the suffix of an image file; ``exp.fits-AMP1:17`` gives ``exp-AMP1:17``."""
    start, end = _suffix_of(path)
    return path[:start] + path[end:] if end > start else path


def suffixes(path: str) -> Iterator[str]:
    """What `path` may be called, shortest first: stem, file name, folder/stem, folder/file …"""
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        whole = "/".join(parts[-depth:])
        bare = without_suffix(whole)
        yield bare
        if bare != whole:
            yield whole


def stem_of(path: str) -> str:
    """The last part of `path` without any image suffix: paths that may be called alike share it.

    ``day1/61.jpg.png`` and ``day2/61.jpg`` both give ``61``.
    """
    stem = path.rpartition("/")[2]
    while (shorter := without_suffix(stem)) != stem:
        stem = shorter
    return stem


def short_names(paths: Sequence[str]) -> list[str]:
    """The name of every path: the first of its `suffixes` that no other path could be called.

    A path that is itself the end of another keeps its whole length.

    Raises
    ------
    ValueError
        When two paths are equal.
    """
    alike: dict[str, list[int]] = defaultdict(list)
    for place, path in enumerate(paths):
        alike[stem_of(path)].append(place)
    found = list(paths)
    for places in alike.values():
        group = [paths[place] for place in places]
        if len(set(group)) < len(group):
            raise ValueError("two paths are equal")
        meant = Counter(text for path in group for text in suffixes(path))
        for place, path in zip(places, group, strict=True):
            found[place] = next((text for text in suffixes(path) if meant[text] == 1), path)
    return found


def numbered(path: str, number: int) -> str:
    """`path` as another file of the same path is kept: ``x.png`` and 2 give ``x~2.png``."""
    start, _ = _suffix_of(path)
    return f"{path[:start]}~{number}{path[start:]}"


def common_name(paths: Sequence[str]) -> str:
    """What a dataset of these files may be called: the folder that all share, else the one file."""
    if not paths:
        return ""
    shared = paths[0].rpartition("/")[0].split("/")
    for path in paths[1:]:
        folders = path.rpartition("/")[0].split("/")
        same = 0
        while same < min(len(shared), len(folders)) and shared[same] == folders[same]:
            same += 1
        shared = shared[:same]
    if shared and shared[-1]:
        name = shared[-1]
    else:
        name = paths[0].rpartition("/")[2] if len(paths) == 1 else ""
    for suffix in (".zip", ".tar.gz", ".tgz", ".tar"):
        name = name.removesuffix(suffix)
    return without_suffix(name)


How = Literal["path", "name", "file_name", "case"]


@dataclass(frozen=True)
class Match:
    """What a text names: one ordinal, none, or several (then it is refused).

    how : ``path`` (folders agree as far as both have them), ``file_name`` (the folders differ),
        ``case`` (only when upper and lower case are not told apart)
    """

    ordinals: tuple[int, ...] = ()
    how: How = "path"

    @property
    def ordinal(self) -> int | None:
        """The one cutout that is meant, else None."""
        return self.ordinals[0] if len(self.ordinals) == 1 else None


@dataclass
class Resolved:
    """A column of names against the dataset.

    ordinals : int64 [n], -1 where none or several are meant
    unknown, ambiguous : row numbers (0-based) that name no cutout, or several (with how many)
    contradicted : rows whose folder differs from the cutout's while another row means that cutout
    by_file_name, by_case : rows joined though the folder, or the case, differs
    """

    ordinals: np.ndarray
    unknown: list[int] = field(default_factory=list)
    ambiguous: dict[int, int] = field(default_factory=dict)
    contradicted: list[int] = field(default_factory=list)
    by_file_name: list[int] = field(default_factory=list)
    by_case: list[int] = field(default_factory=list)

    @property
    def n(self) -> int:
        """How many rows name one cutout."""
        return int((self.ordinals >= 0).sum())


class Names:
    """Finds cutouts by what a file calls them: longest suffix of the path first.

    paths : the path of every cutout in ordinal order, as `tidy` leaves it
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self.paths = list(paths)
        self._exact = {path: ordinal for ordinal, path in enumerate(self.paths)}
        # By depth and by what remains without an image's suffix; deeper ones only when asked for,
        # since nearly every name is its own at the first: a million paths fit.
        self._bare: dict[tuple[int, bool], dict[str, list[int]]] = {}

    @cached_property
    def names(self) -> list[str]:
        """The name of every cutout; see `short_names`."""
        return short_names(self.paths)

    def __len__(self) -> int:
        return len(self.paths)

    def __call__(self, text: object) -> int | None:
        """Ordinal of the one cutout that `text` means, else None."""
        return self.find(text).ordinal

    def find(self, text: object) -> Match:
        """The cutouts that `text` may mean.

        The longest suffix of `text` that any path ends with decides: with its ending, then as a
        name without one, then with an image's ending removed. Case counts unless nothing is found.
        """
        if text is None:
            return Match()
        plain = tidy(str(text))
        if not plain:
            return Match()
        if (only := self._only_one(plain)) is not None:
            return only
        restored = restore(plain)  # our own CSV exports guard names that look like formulas
        for candidate in dict.fromkeys((plain, restored)):
            if candidate in self._exact:
                return Match((self._exact[candidate],))
            match = self._search(candidate)
            if match.ordinals:
                return match
        return self._search(plain, folded=True)

    def _only_one(self, text: str) -> Match | None:
        """The cutout of a bare file name or stem that is one's own: nearly every row of a table."""
        if "/" in text or text in self._exact:
            return None
        index = self._bare.get((1, False)) or self._index(1, False)
        stem = without_suffix(text)
        alike = index.get(stem, ())
        if len(alike) != 1 or (stem != text and text in index):
            return None
        return Match((alike[0],))

    def _search(self, text: str, *, folded: bool = False) -> Match:
        """The longest suffix of `text` that a path ends with."""
        text = text.casefold() if folded else text
        parts = text.split("/")
        if not any(self._ending(parts[-1], folded)):  # then no longer one is there either
            return Match()
        for depth in range(len(parts), 0, -1):
            suffix = "/".join(parts[-depth:])
            for ordinals in self._ending(suffix, folded):
                if ordinals:
                    how: How = "case" if folded else "path"
                    further = depth < len(parts)
                    if further and all(self.paths[o].count("/") >= depth for o in ordinals):
                        how = "file_name"
                    return Match(tuple(ordinals), how)
        return Match()

    def _ending(self, suffix: str, folded: bool) -> Iterator[list[int]]:
        """Who ends with `suffix`: to the letter; but for its ending; but for an image's ending."""
        depth = suffix.count("/") + 1
        bare = self._index(depth, folded)
        alike = bare.get(without_suffix(suffix), [])
        yield [o for o in alike if _end(self.paths[o], depth, folded) == suffix]
        yield bare.get(suffix, [])
        yield alike

    def _index(self, depth: int, folded: bool) -> dict[str, list[int]]:
        if (depth, folded) not in self._bare:
            index: dict[str, list[int]] = defaultdict(list)
            for ordinal, path in enumerate(self.paths):
                if path.count("/") >= depth - 1:
                    index[without_suffix(_end(path, depth, folded))].append(ordinal)
            self._bare[depth, folded] = index
        return self._bare[depth, folded]

    def resolve(self, texts: Sequence[object]) -> Resolved:
        """Every text of a table's key column at once; see `Resolved`.

        A row whose folder contradicts the cutout's is joined only where the file name occurs in
        one folder of the table: ``day2/1.png`` never takes the place of ``day1/1.png``.
        """
        seen: dict[object, Match] = {}
        matches = []
        for text in texts:
            if text not in seen:
                seen[text] = self.find(text)
            matches.append(seen[text])
        resolved = Resolved(np.full(len(matches), -1, np.int64))
        sure: set[int | None] = set()
        folders: dict[str, set[str]] = defaultdict(set)
        if any(match.how == "file_name" for match in seen.values()):
            sure = {m.ordinal for m in matches if m.how != "file_name"}
            for text in seen:
                path = tidy(str(text))
                folders[path.rpartition("/")[2]].add(path.rpartition("/")[0])
        for row, (text, match) in enumerate(zip(texts, matches, strict=True)):
            ordinal = match.ordinal
            if ordinal is None:
                if match.ordinals:
                    resolved.ambiguous[row] = len(match.ordinals)
                elif text is not None and str(text).strip():
                    resolved.unknown.append(row)
                continue
            if match.how == "file_name":
                file_name = tidy(str(text)).rpartition("/")[2]
                if ordinal in sure or len(folders[file_name]) > 1:
                    resolved.contradicted.append(row)
                    continue
                resolved.by_file_name.append(row)
            elif match.how == "case":
                resolved.by_case.append(row)
            resolved.ordinals[row] = ordinal
        return resolved


def _end(path: str, depth: int, folded: bool) -> str:
    """The last `depth` parts of a path."""
    end = path.rpartition("/")[2] if depth == 1 else "/".join(path.rsplit("/", depth)[-depth:])
    return end.casefold() if folded else end
