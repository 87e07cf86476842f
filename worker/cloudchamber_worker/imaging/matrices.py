"""Matrices of numbers in text files: images only where the user says so, or a folder shows it."""

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.pixels import EXACT_FLOAT, Image
from cloudchamber_worker.imaging.tables.encoding import decoded

NO_NUMBERS = "is text, neither a matrix of numbers nor a table with a header"
# Names that matrices have; others, such as .adc or .lst, are tables of some instrument.
SUFFIXES = (".csv", ".txt", ".tsv", ".dat", ".asc", ".mat", "")
PACKED_SUFFIXES = (".gz", ".bz2", ".xz")
ENOUGH = 5  # matrices in a folder that show it is one of images
SAME_SIDE = 8  # a side from which matrices that are all of one shape are images
QUESTION = "A matrix of numbers, {height} x {width}: an image, or a table without a header?"


def read_matrix(data: bytes) -> Iterator[Image]:
    """Yield the matrix of a text of numbers separated by comma, semicolon, tab or blanks.

    Whole numbers become uint8 where all lie in 0..255, else int32, else float64.

    Raises
    ------
    Unreadable
        When it is none, or holds whole numbers that float64 does not keep.
    """
    text, encoding, guess = decoded(data)
    lines = [line for line in text.splitlines() if line.strip() and line.strip()[0] != "#"]
    first = lines[0] if lines else ""
    notes = [guess] if guess else [] if encoding == "UTF-8" else [f"its text is {encoding}"]
    separator = next((s for s in (";", "\t", ",") if s in first), None)
    if separator in (";", "\t") and "," in first:
        text = text.replace(",", ".")
        notes.append("its decimal commas are read as points")
    try:
        matrix = np.loadtxt(
            io.StringIO(text), delimiter=separator, ndmin=2, dtype=np.float64, comments="#"
        )
    except ValueError as error:
        if not re.match(r"[-+]?[.,]?\d", first.strip()):
            raise Unreadable(NO_NUMBERS) from error
        raise Unreadable(f"is no matrix of numbers: {str(error).split(';')[0][:120]}") from error
    if not matrix.size:
        raise Unreadable("holds no numbers")
    yield Image(_typed(matrix), notes=notes, from_text=True)


def _typed(matrix: np.ndarray) -> np.ndarray:
    if not np.isfinite(matrix).all() or not np.array_equal(matrix, np.rint(matrix)):
        return matrix
    if matrix.min() >= 0 and matrix.max() <= 255:
        return matrix.astype(np.uint8)
    if np.abs(matrix).max() < 2**31:
        return matrix.astype(np.int32)
    if np.abs(matrix).max() >= EXACT_FLOAT:  # 2^53 may have been 2^53 + 1
        raise Unreadable("holds whole numbers at or beyond 2^53, which no type here keeps exactly")
    return matrix


def refuse_tables(image: Image, name: str) -> None:
    """Raise `Unreadable` when a matrix in a file of this name is plainly no image."""
    path = PurePosixPath(name)
    while path.suffix.lower() in PACKED_SUFFIXES:
        path = path.with_suffix("")
    height, width = image.pixels.shape[:2]
    if path.suffix.lower() not in SUFFIXES:
        raise Unreadable(
            f"is a table of numbers without a header ({height} x {width}), and a file named "
            f"*{path.suffix} is taken for no image unless asked"
        )
    if _is_boxes(image.pixels):
        raise Unreadable(
            "looks like boxes in YOLO's form (class, x, y, width, height): bring labels as a table "
            "with a column of names, or say that it is an image"
        )
    if min(height, width) == 1:
        raise Unreadable(
            f"is one {'row' if height == 1 else 'column'} of numbers, taken for no image unless "
            "asked"
        )


def _is_boxes(matrix: np.ndarray) -> bool:
    """Rows of a class number and at least four fractions of the image's sides."""
    if matrix.shape[1] < 5 or matrix.dtype != np.float64:
        return False
    classes, places = matrix[:, 0], matrix[:, 1:]
    return bool(
        np.array_equal(classes, np.rint(classes)) and places.min() >= 0 and places.max() <= 1
    )


@dataclass
class TextFolders:
    """Which text matrices of an import are images, by what lies beside them.

    A folder is one of images once it holds `ENOUGH` matrices, and they differ in width (tables of
    a kind have the same columns) or are all of one shape with sides from `SAME_SIDE`. Folders are
    those of the whole relative path, whatever the uploads.
    """

    _shapes: dict[str, set[tuple[int, int]]] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)

    def add(self, path: str, shape: tuple[int, ...]) -> None:
        """Count a matrix [height, width] in the file of this path."""
        folder = str(PurePosixPath(path).parent)
        self._counts[folder] = self._counts.get(folder, 0) + 1
        self._shapes.setdefault(folder, set()).add((shape[0], shape[1]))

    def are_images(self, path: str) -> bool:
        """Whether the matrices in the folder of this path are images, by those counted so far."""
        folder = str(PurePosixPath(path).parent)
        shapes = self._shapes.get(folder, set())
        if self._counts.get(folder, 0) < ENOUGH:
            return False
        if len(shapes) == 1:
            return min(next(iter(shapes))) >= SAME_SIDE
        return len({width for _, width in shapes}) > 1
