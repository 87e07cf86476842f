"""IRAF sections: rectangles of an image in its header, `[x1:x2,y1:y2]`, 1-based and end included.

A header outlives the image it was written for: an image that was trimmed or binned afterwards
keeps the sections of the readout. Where IRAF or a program like it did that, LTM and LTV say how:
image = LTM x readout + LTV. A section that does not lie in the image, even so, is not used.
"""

import re
from dataclasses import dataclass
from typing import Any

NUMBER = r"\s*(\d+)\s*"
IRAF = re.compile(rf"\[{NUMBER}:{NUMBER},{NUMBER}:{NUMBER}\]")


@dataclass(frozen=True)
class Section:
    """A rectangle of a readout: rows y0..y1, columns x0..x1 (0-based, end excluded)."""

    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """Indices into an array [height, width]."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    @property
    def width(self) -> int:
        """Columns."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """Rows."""
        return self.y1 - self.y0

    @property
    def pixels(self) -> int:
        """Columns times rows."""
        return self.width * self.height

    def lies_in(self, shape: tuple[int, int]) -> bool:
        """Whether all of it lies in an image [height, width], and is more than nothing."""
        height, width = shape
        inside = self.x0 >= 0 and self.y0 >= 0 and self.x1 <= width and self.y1 <= height
        return inside and self.x1 > self.x0 and self.y1 > self.y0

    def overlaps(self, other: "Section") -> bool:
        """Whether they share a pixel."""
        return (
            self.x0 < other.x1 and other.x0 < self.x1 and self.y0 < other.y1 and other.y0 < self.y1
        )

    def moved(self, x: int, y: int) -> "Section":
        """The same, x columns and y rows on."""
        return Section(self.x0 + x, self.y0 + y, self.x1 + x, self.y1 + y)

    def __str__(self) -> str:
        return f"[{self.x0 + 1}:{self.x1},{self.y0 + 1}:{self.y1}]"


def parse_section(text: object) -> Section | None:
    """The section that a card's value states, as it stands; None when it states none.

    Columns or rows may be given from the higher to the lower: an amplifier that reads them so.
    `[0:0,0:0]` states none.
    """
    match = IRAF.fullmatch(str(text).strip())
    if match is None:
        return None
    xa, xb, ya, yb = map(int, match.groups())
    if not (xa or xb or ya or yb):
        return None
    return Section(min(xa, xb) - 1, min(ya, yb) - 1, max(xa, xb), max(ya, yb))


def in_image(section: Section, header: dict[str, Any]) -> Section | None:
    """Where a section of the readout lies in an image whose header has LTV or LTM; None where
    these say nothing, or leave less than a pixel."""
    if not any(key in header for key in ("LTV1", "LTV2", "LTM1_1", "LTM2_2")):
        return None
    edges: list[int] = []
    for axis, low, high in (("1", section.x0, section.x1), ("2", section.y0, section.y1)):
        shift, scale = header.get(f"LTV{axis}", 0.0), header.get(f"LTM{axis}_{axis}", 1.0)
        if not isinstance(shift, (int, float)) or not isinstance(scale, (int, float)) or scale <= 0:
            return None
        # Pixel k covers k - 0.5 to k + 0.5 in both; 0-based edges are those minus one half.
        edges += [round((edge + 0.5) * scale + shift - 0.5) for edge in (low, high)]
    x0, x1, y0, y1 = edges
    moved = Section(x0, y0, x1, y1)
    return moved if moved.width > 0 and moved.height > 0 else None
