"""EcoTaxa archives (ZooProcess, UVP, PlanktoScope and others write them): a TSV and its images.

`ecotaxa_*.tsv` has a row for each image, named by `img_file_name`; below the header a row of types,
`[t]` text and `[f]` number. Columns are called object_, sample_, acq_ or process_ and so on.
Labels are `object_annotation_category`; where a status is told, only validated ones are a person's.
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import pyarrow as pa

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.instruments.runs import (
    Open,
    Part,
    Run,
    RunTable,
    by_folder,
    inside,
    text_of,
)

NAME = "EcoTaxa"
INDEX = re.compile(r"ecotaxa.*\.(tsv|txt)")
IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".gif", ".bmp")
LABEL = "object_annotation_category"
STATUS = "object_annotation_status"
PERSON = "object_annotation_person_name"
VALIDATED = ("validated", "v")
MISSING = ("", "na", "nan", "null", "none")
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
        found = _Objects(run, text_of(open_(run.index)), names)
    except Unreadable as error:
        yield Part(NAME, run.index, refused=str(error))
        return
    yield Part(NAME, run.index, table=found.table, um_per_px=found.um_per_px)


class _Objects:
    def __init__(self, run: Run, text: str, names: list[str]) -> None:
        self.run = run
        rows = list(csv.reader(io.StringIO(text), delimiter="\t"))
        if not rows or "img_file_name" not in (header := [cell.strip() for cell in rows[0]]):
            raise Unreadable("is called an EcoTaxa table, but has no column img_file_name")
        self.header = header
        types = [cell.strip().lower() for cell in rows[1]] if len(rows) > 1 else []
        typed = bool(types) and all(cell in ("[t]", "[f]") for cell in types)
        self.numbers = {c for c, t in zip(header, types, strict=False) if typed and t == "[f]"}
        self.refused: list[tuple[int, str]] = []
        self.rows: list[dict[str, str]] = []
        self.row_numbers: list[int] = []
        find = _finder(run.folder, names)
        seen: dict[str, int] = {}
        for number, cells in enumerate(rows[2 if typed else 1 :], 3 if typed else 2):
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                self.refused.append((number, f"has {len(cells)} of {len(header)} cells"))
                continue
            row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
            path = find(row["img_file_name"])
            if path is None:
                self.refused.append((number, f"its image {row['img_file_name']} is not there"))
            elif path in seen:
                self.refused.append((number, f"its image is that of row {seen[path]}"))
            else:
                seen[path] = number
                self.row_numbers.append(number)
                self.rows.append({"path": path} | row)
        self.um_per_px, self.sizes = self._pixel_sizes()

    def _pixel_sizes(self) -> tuple[dict[str, float], list[str]]:
        """µm per pixel by the image's path, and sentences on what they were taken from."""
        found: dict[str, float] = {}
        used: dict[str, int] = {}
        unsure: dict[str, int] = {}
        for row in self.rows:
            size, column = pixel_size(row)
            if size is not None:
                found[row["path"]] = size
                used[column] = used.get(column, 0) + 1
            elif column:
                unsure[column] = unsure.get(column, 0) + 1
        told = [f"Pixel size in µm from {c} ({n} images)." for c, n in used.items()]
        told += [
            f"{column} may be in mm or in µm ({count} images): lengths stay in pixels."
            for column, count in unsure.items()
        ]
        return found, told

    def table(self) -> RunTable:
        """Every column, typed as the type row says; labels apart where only some are validated."""
        columns: dict[str, pa.Array] = {
            "path": pa.array([row["path"] for row in self.rows], pa.string())
        }
        notes = [f"EcoTaxa table {self.run.name}: {len(self.rows)} images.", *self.sizes]
        for name in self.header:
            values, unread = _typed([row[name] for row in self.rows], name in self.numbers)
            columns[name] = values
            if unread:
                notes.append(f"{unread} values of {name} are no numbers: left empty.")
        label = LABEL if LABEL in columns else None
        if label and STATUS in columns:
            told = [row[STATUS].lower() for row in self.rows]
            sure = [not status or status in VALIDATED for status in told]
            other = sum(
                not ok and row[LABEL].lower() not in MISSING
                for ok, row in zip(sure, self.rows, strict=True)
            )
            if other:
                label = "label"
                texts = columns[LABEL].to_pylist()
                columns[label] = pa.array(
                    [t if ok else None for t, ok in zip(texts, sure, strict=True)], pa.string()
                )
                notes.append(
                    f"{other} categories are predicted or dubious, so no labels: they stay in "
                    f"the column {LABEL}."
                )
        return RunTable(
            pa.table(columns), "EcoTaxa table, tab-separated", self.row_numbers, role=None,
            notes=notes,
            refused_rows=self.refused, label_column=label,
            annotator_column=PERSON if label and PERSON in columns else None,
        )  # fmt: skip


def pixel_size(row: dict[str, str]) -> tuple[float | None, str]:
    """µm per pixel of an image, and the column that says so.

    Columns that name their unit are taken at their word. `process_pixel` and `acq_pixel` are in mm
    (UVP, ZooProcess) or in µm (PlanktoScope): by the instrument, where the number leaves a choice.
    None with the column's name where that cannot be told.
    """
    for name, cell in row.items():
        lower = name.lower()
        if "pixel" not in lower or (value := _positive(cell)) is None:
            continue
        if lower.endswith("pixel_size_mm"):
            return value * 1000, name
        if re.search(r"pixel_size_(um|µm|micron|micrometer)", lower):
            return value, name
        if re.search(r"pixels?_per_(um|µm|micron|micrometer)", lower):
            return 1 / value, name
    instrument = " ".join(
        row.get(c, "") for c in ("acq_instrument", "acq_software", "process_software", "acq_id")
    ).lower()
    for name in ("process_pixel", "acq_pixel"):
        value = _positive(row.get(name, ""))
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


def _typed(cells: list[str], number: bool) -> tuple[pa.Array, int]:
    plain = [None if cell.lower() in MISSING else cell for cell in cells]
    if not number:
        return pa.array(plain, pa.string()), 0
    values: list[float | None] = []
    unread = 0
    for cell in plain:
        try:
            values.append(None if cell is None else float(cell.replace(",", ".")))
        except ValueError:
            values.append(None)
            unread += 1
    return pa.array(values, pa.float64()), unread


def _positive(cell: str) -> float | None:
    try:
        value = float(cell.replace(",", "."))
    except ValueError:
        return None
    return value if 0 < value < float("inf") else None
