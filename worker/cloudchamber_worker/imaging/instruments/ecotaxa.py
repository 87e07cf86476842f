"""EcoTaxa archives (ZooProcess, UVP, PlanktoScope and others write them): a TSV and its images.

`ecotaxa_*.tsv` has a row for each image, named by `img_file_name`; below the header a row of types,
`[t]` text and `[f]` number. Columns are called object_, sample_, acq_ or process_ and so on.
Labels are `object_annotation_category`; where a status is told, only validated ones are a person's.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

import pyarrow as pa

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.instruments.runs import (
    Open,
    Part,
    Run,
    by_folder,
    inside,
)
from cloudchamber_worker.imaging.tables import ReadTable, read_tables

NAME = "EcoTaxa"
INDEX = re.compile(r"ecotaxa.*\.(tsv|txt)")
IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".bmp")
IMAGE = "img_file_name"
INSTRUMENT = ("acq_instrument", "acq_software", "process_software", "acq_id")
SAYS_SIZE = re.compile(r"(?i)pixel|um_per_px$|^(" + "|".join(INSTRUMENT) + r")$")
MM_INSTRUMENTS = ("uvp", "zooscan", "zooprocess")
UM_INSTRUMENTS = ("planktoscope", "planktonscope")


def recognise(names: list[str]) -> list[Run]:
    """EcoTaxa's tables among these files that have images beside or below them."""
    runs = []
    images: dict[str, list[str]] = {}
    for folder, files in by_folder(names).items():
        images[folder] = [whole for n, whole in files.items() if n.endswith(IMAGES)]
        for lower, index in files.items():
            if INDEX.fullmatch(lower):
                stem = PurePosixPath(index).stem
                runs.append(Run(NAME, folder, stem, index, (index,)))
    return [
        run
        for run in runs
        if any(files and _below(folder, run.folder) for folder, files in images.items())
    ]


def _below(folder: str, top: str) -> bool:
    return not top or folder == top or folder.startswith(f"{top}/")


def read(run: Run, open_: Open, names: list[str]) -> Iterator[Part]:
    """The table; the images come as the files of the archive they are, with their pixel size."""
    try:
        found = _Objects(run, open_(run.index), names)
    except Unreadable as error:
        yield Part(NAME, run.index, refused=str(error))
        return
    yield Part(NAME, run.index, table=found.table, um_per_px=found.um_per_px)


class _Objects:
    def __init__(self, run: Run, data: bytes, names: list[str]) -> None:
        (self.read,) = read_tables(data, "text", run.index)
        table = self.read.table
        if IMAGE not in table.column_names:
            raise Unreadable(f"is called an EcoTaxa table, but has no column {IMAGE}")
        find = _finder(run.folder, names)
        told = [str(cell or "") for cell in table[IMAGE].to_pylist()]
        paths = [find(cell) for cell in told]
        first: dict[str, int] = {}
        kept = []
        for k, (path, number) in enumerate(zip(paths, self.read.rows.tolist(), strict=True)):
            if path is None:
                self.read.refused_rows.append((number, f"its image {told[k]} is not there"))
            elif path in first:
                self.read.refused_rows.append((number, f"its image is that of row {first[path]}"))
            else:
                first[path] = number
                kept.append(k)
        self.read.refused_rows.sort()
        self.read.rows = self.read.rows[kept]
        chosen = [str(paths[k]) for k in kept]
        self.read.table = table.take(kept).add_column(0, "path", pa.array(chosen, pa.string()))
        self.read.key = "path"
        self.um_per_px, sizes = self._pixel_sizes()
        self.read.notes[:0] = [f"EcoTaxa table {run.name}: {len(kept)} images.", *sizes]

    def table(self) -> ReadTable:
        """Every column, with the path of the image; the label column where there is one."""
        return self.read

    def _pixel_sizes(self) -> tuple[dict[str, float], list[str]]:
        """µm per pixel by the image's path, and sentences on what they were taken from."""
        found: dict[str, float] = {}
        used: Counter[str] = Counter()
        unsure: Counter[str] = Counter()
        wanted = [c for c in self.read.table.column_names if c == "path" or SAYS_SIZE.search(c)]
        for row in self.read.table.select(wanted).to_pylist():
            size, column = pixel_size(row)
            if size is not None:
                found[row["path"]] = size
                used[column] += 1
            elif column:
                unsure[column] += 1
        told = [f"Pixel size in µm from {c} ({n} images)." for c, n in used.items()]
        told += [
            f"{column} may be in mm or in µm ({count} images): lengths stay in pixels."
            for column, count in unsure.items()
        ]
        return found, told


def pixel_size(row: dict[str, object]) -> tuple[float | None, str]:
    """µm per pixel of an image, and the column that says so.

    Columns that name their unit are taken at their word. `process_pixel` and `acq_pixel` are in mm
    (UVP, ZooProcess) or in µm (PlanktoScope): by the instrument, where the number leaves a choice.
    None with the column's name where that cannot be told.
    """
    for name, cell in row.items():
        lower = name.lower()
        if not SAYS_SIZE.search(lower) or (value := _positive(cell)) is None:
            continue
        if lower.endswith("um_per_px"):  # our own exports
            return value, name
        if lower.endswith("pixel_size_mm"):
            return value * 1000, name
        if re.search(r"pixel_size_(um|µm|micron|micrometer)", lower):
            return value, name
        if re.search(r"pixels?_per_(um|µm|micron|micrometer)", lower):
            return 1 / value, name
    instrument = " ".join(str(row.get(c) or "") for c in INSTRUMENT).lower()
    for name in ("process_pixel", "acq_pixel"):
        value = _positive(row.get(name))
        if value is None:
            continue
        if value >= 1:  # a pixel of a millimetre sees no plankton
            return value, name
        if value <= 0.02 or any(word in instrument for word in MM_INSTRUMENTS):
            return value * 1000, name  # nor does light resolve 20 nm
        if any(word in instrument for word in UM_INSTRUMENTS):
            return value, name
        return None, name
    return None, ""


def _finder(folder: str, names: list[str]):
    """Finds the file of an img_file_name: beside the table, else the only one so called."""
    whole = {name.lower(): name for name in names}
    alone: dict[str, str | None] = {}
    for name in names:
        if _below(str(PurePosixPath(name).parent).removeprefix("."), folder):
            last = PurePosixPath(name).name.lower()
            alone[last] = None if last in alone else name

    def find(told: str) -> str | None:
        path = told.replace("\\", "/").removeprefix("./")
        if not path:
            return None
        exact = whole.get(inside(folder, path).lower())
        return exact or alone.get(PurePosixPath(path).name.lower())

    return find


def _positive(cell: object) -> float | None:
    try:
        value = float(str(cell).replace(",", "."))
    except ValueError:
        return None
    return value if 0 < value < float("inf") else None
