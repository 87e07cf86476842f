"""What a run of an instrument is: the files that belong together, and what reading them gives."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import numpy as np

from cloudchamber_worker.imaging.tables import ReadTable

Open = Callable[[str], bytes]
"""The content of a member by its name; raises `Unreadable` where it is damaged."""


@dataclass(frozen=True)
class Run:
    """Files of an archive that one instrument wrote together.

    index : the file that lists the particles; `name` is its stem, `folder` where it lies
    files : every file that is read, the index among them
    left_out : files of the run that hold nothing to take in, and why
    """

    instrument: str
    folder: str
    name: str
    index: str
    files: tuple[str, ...]
    left_out: dict[str, str] = field(default_factory=dict)

    def path_of(self, particle: object) -> str:
        """The whole path of a particle's cutout: named as the instrument exports it."""
        return inside(self.folder, f"{self.name}_{particle}.png")


@dataclass(frozen=True)
class Particle:
    """A cutout of a run.

    path : its whole path within the archive
    pixels : [height, width] or [height, width, 3], dtype of the file
    mask : boolean [height, width], True on the particle; None where the instrument keeps none
    um_per_px : side of a pixel in µm, None where the run does not say
    """

    path: str
    pixels: np.ndarray
    mask: np.ndarray | None = None
    um_per_px: float | None = None


@dataclass
class Part:
    """What one file of a run gives; `particles` is to be consumed before the next part.

    instrument : FlowCam, IFCB or EcoTaxa
    table : what the run's index says of every particle that came in, by its path (column `path`)
    um_per_px : pixel sizes of images that are files of their own in the archive, by their names
    """

    instrument: str
    name: str
    particles: Iterable[Particle] = ()
    table: Callable[[], ReadTable] | None = None
    notes: list[str] = field(default_factory=list)
    refused: str | None = None
    ignored: str | None = None
    um_per_px: dict[str, float] = field(default_factory=dict)


def inside(folder: str, name: str) -> str:
    """The path of `name` in `folder`, which is '' at the top."""
    return f"{folder}/{name}" if folder else name


def by_folder(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """File names in lower case, with the whole name each stands for, by folder."""
    folders: dict[str, dict[str, str]] = {}
    for name in names:
        path = PurePosixPath(name)
        folder = str(path.parent)
        folders.setdefault("" if folder == "." else folder, {})[path.name.lower()] = name
    return folders


def text_of(data: bytes) -> str:
    """Text of an instrument's file: UTF-8, or the Windows code page such programs run under."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def lines_of(text: str) -> list[str]:
    """Lines, whatever ends them; the empty ones at the end are dropped."""
    return re.split(r"\r\n|\n|\r", text.rstrip("\r\n")) if text.strip() else []


def left_out(run: Run) -> Iterator[Part]:
    """The parts of a run's files that hold nothing to take in."""
    for name, why in run.left_out.items():
        yield Part(run.instrument, name, ignored=why)


def shown(numbers: list[int]) -> str:
    """The first few of many numbers: "3, 7, 9 and 12 more"."""
    few = ", ".join(map(str, numbers[:5]))
    return few if len(numbers) <= 5 else f"{few} and {len(numbers) - 5} more"
