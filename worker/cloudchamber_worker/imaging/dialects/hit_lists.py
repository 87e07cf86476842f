"""Timepix hit lists: x, y and counts (or time over threshold) of every pixel that was hit.

As Pixelman and Pixet write them, sparse: three whole numbers a line, frames parted by a line that
begins with '#', and sometimes a line of names first.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

LEAST_HITS = 4  # rows from which three columns may be hits
SIDES = (256, 512, 1024, 2048, 4096)  # of one chip, and of mosaics
NAMES = {"x": 0, "col": 0, "column": 0, "y": 1, "row": 1,
         "c": 2, "tot": 2, "count": 2, "counts": 2, "value": 2, "energy": 2}  # fmt: skip
NUMBERS = re.compile(r"\d+(?:[\s,;]+\d+)+\s*")
HEAD = 1 << 16  # bytes that tell whether a text may be one


@dataclass(frozen=True)
class HitFrame:
    """One frame: pixels uint16 or uint32 [side, side], how many were hit, its number from 0."""

    pixels: np.ndarray
    hits: int
    number: int


@dataclass(frozen=True)
class HitList:
    """The hits of a file by frame: int64 [n, 3] each, of x, y and counts."""

    frames: list[np.ndarray]
    side: int
    empty: int

    def images(self) -> Iterator[HitFrame]:
        """Every frame as an image."""
        for number, hits in enumerate(self.frames):
            dtype = np.uint16 if hits[:, 2].max() < 2**16 else np.uint32
            pixels = np.zeros((self.side, self.side), dtype)
            pixels[hits[:, 1], hits[:, 0]] = hits[:, 2]
            yield HitFrame(pixels, len(hits), number)

    @property
    def note(self) -> str:
        """What it was taken for, in a sentence."""
        n = sum(len(hits) for hits in self.frames)
        frames = "1 frame" if len(self.frames) == 1 else f"{len(self.frames)} frames"
        left = f"; {self.empty} frames without a hit left out" if self.empty else ""
        return (
            f"a Timepix hit list (x, y, counts): {n} hits in {frames} of {self.side} x {self.side} "
            f"px{left}"
        )


def read_hits(data: bytes) -> HitList | None:
    """The hits of a text file; None when it is no hit list.

    It is one where every line is three whole numbers (more where a first line names x, y and
    counts), places lie within `SIDES`, no place comes twice in a frame, and all counts are above 0.
    """
    if b"\0" in data[:HEAD]:
        return None
    try:
        lines = data.decode("ascii").splitlines()
    except UnicodeDecodeError:
        return None
    columns, width = _columns(lines)
    parts: list[list[list[int]]] = [[]]
    empty = 0
    for line in lines:
        text = line.strip()
        if not text:
            continue
        if text.startswith("#"):
            empty += not parts[-1] and len(parts) > 1
            if parts[-1]:
                parts.append([])
            continue
        if not NUMBERS.fullmatch(text):
            if any(parts) or _named(text) is None:
                return None
            continue
        numbers = [int(part) for part in re.split(r"[\s,;]+", text)]
        if len(numbers) != width:
            return None
        parts[-1].append([numbers[column] for column in columns])
    frames = [np.array(part, np.int64) for part in parts if part]
    return _checked(frames, empty)


def _checked(frames: list[np.ndarray], empty: int) -> HitList | None:
    if sum(map(len, frames)) < LEAST_HITS:
        return None
    largest = max(int(hits[:, :2].max()) for hits in frames)
    counts = np.concatenate([hits[:, 2] for hits in frames])
    once = all(len(np.unique(hits[:, :2], axis=0)) == len(hits) for hits in frames)
    if largest >= SIDES[-1] or counts.min() < 1 or counts.max() >= 2**32 or not once:
        return None
    return HitList(frames, next(side for side in SIDES if side > largest), empty)


def _columns(lines: list[str]) -> tuple[list[int], int]:
    """Places of x, y and counts in a line, and how many numbers it has."""
    for line in lines:
        text = line.strip().lstrip("#").strip()
        if text and (named := _named(text)) is not None:
            return named
        if text and text[0].isdigit():
            break
    return [0, 1, 2], 3


def _named(text: str) -> tuple[list[int], int] | None:
    words = [word for word in re.split(r"[\s,;]+", text.lower()) if word]
    places = {NAMES[word]: at for at, word in reversed(list(enumerate(words))) if word in NAMES}
    return ([places[0], places[1], places[2]], len(words)) if len(places) == 3 else None
