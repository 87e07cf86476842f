"""What a cutout is called: its path, the shortest name that is its own, and who a table means.

A cutout's identity is its whole relative path, archive members included
(``run0.zip/day1/0001.png``, ``stack.tif-0003``, ``run1/exp.fits-AMP1:17``). Its name is the stem
where that is unique in the dataset, and otherwise the shortest suffix of the path that is. Every
part of the program that reads names from a file asks the same `Names`.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from cloudchamber.data.spreadsheet import restore

# A suffix goes only where it says "image": `v1.2_roi.5` ends in no suffix. Longest first.
IMAGE_SUFFIX = re.compile(
    r"\.(?:fits\.fz|fits?\.gz|fts\.gz|fits\.bz2|fits|fit|fts|fz|png|apng|tiff?|jpe?g|jp2|npy|bmp|gif"
    r"|webp|pgm|ppm|pnm|pbm|h5|hdf5|csv|tsv|txt)"
    r"(?P<part>(?:-[^/.]*)?(?::\d+)?)$",
    re.IGNORECASE,
)


def tidy(path: str) -> str:
    """A path as it is compared: Unicode NFC, ``/`` between folders, no ``./`` before it.

    NFC because macOS writes decomposed names and everybody else composed ones.
    """
    text = unicodedata.normalize("NFC", path.strip()).replace("\\", "/")
    while text.startswith("./"):
        text = text[2:]
    return re.sub(r"/{2,}", "/", text)


def without_suffix(path: str) -> str:
    """`path` without the suffix of an image file; ``exp.fits-AMP1:17`` gives ``exp-AMP1:17``."""
    match = IMAGE_SUFFIX.search(path)
    if match is None or match.start() == path.rfind("/") + 1:  # `.png` is a name, no suffix
        return path
    return path[: match.start()] + match["part"]


def suffixes(path: str) -> Iterator[str]:
    """What `path` may be called, shortest first: stem, file name, folder/stem, folder/file …"""
    parts = path.split("/")
    for depth in range(1, len(parts) + 1):
        whole = "/".join(parts[-depth:])
        bare = without_suffix(whole)
        yield bare
        if bare != whole:
            yield whole


def short_names(paths: Sequence[str]) -> list[str]:
    """The name of every path: the first of its `suffixes` that no other path could be called.

    A path that is itself the end of another keeps its whole length.

    Raises
    ------
    ValueError
        When two paths are equal.
    """
    if len(set(paths)) < len(paths):
        raise ValueError("two paths are equal")
    meant = Counter(text for path in paths for text in suffixes(path))
    return [next((text for text in suffixes(p) if meant[text] == 1), p) for p in paths]


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
        self.names = short_names(self.paths)
        self._exact = {path: ordinal for ordinal, path in enumerate(self.paths)}
        self._whole: dict[str, list[int]] = defaultdict(list)
        self._bare: dict[str, list[int]] = defaultdict(list)
        for ordinal, path in enumerate(self.paths):
            parts = path.split("/")
            for depth in range(1, len(parts) + 1):
                text = "/".join(parts[-depth:])
                self._whole[text].append(ordinal)
                self._bare[without_suffix(text)].append(ordinal)
        self._folded: dict[str, list[int]] | None = None

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
        restored = restore(plain)  # our own CSV exports guard names that look like formulas
        for candidate in dict.fromkeys((plain, restored)):
            if candidate in self._exact:
                return Match((self._exact[candidate],))
            match = self._search(candidate, self._whole, self._bare)
            if match.ordinals:
                return match
        if self._folded is None:
            self._folded = defaultdict(list)
            for table in (self._whole, self._bare):
                for key, ordinals in table.items():
                    self._folded[key.casefold()].extend(ordinals)
        match = self._search(plain.casefold(), self._folded, self._folded)
        return Match(tuple(dict.fromkeys(match.ordinals)), "case")

    def _search(self, text: str, whole: dict[str, list[int]], bare: dict[str, list[int]]) -> Match:
        parts = text.split("/")
        for depth in range(len(parts), 0, -1):
            suffix = "/".join(parts[-depth:])
            for table, key in ((whole, suffix), (bare, suffix), (bare, without_suffix(suffix))):
                ordinals = table.get(key)
                if ordinals:
                    how: How = "path"
                    if depth < len(parts) and all(
                        self.paths[o].count("/") >= depth for o in ordinals
                    ):
                        how = "file_name"
                    return Match(tuple(ordinals), how)
        return Match()

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
        sure = {m.ordinal for m in matches if m.how != "file_name"}
        folders: dict[str, set[str]] = defaultdict(set)
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
