"""FlowCam runs (Yokogawa Fluid Imaging, VisualSpreadsheet): collages, their masks and a list.

The instrument puts the images of its particles side by side into collages `RUN_000001.tif`, what
it took for the particle into `RUN_000001_bin.tif` (255 on the particle, which is as many pixels as
the field `raw_area` says), and 65 or so fields of each particle into `RUN.lst`.
"""

import io
import re
import warnings
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from PIL import Image

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.instruments.flowcam_list import (
    DESCRIPTIONS,
    PLACE,
    UNITS,
    ParticleList,
    read_list,
)
from cloudchamber_worker.imaging.instruments.runs import (
    Open,
    Part,
    Particle,
    Run,
    by_folder,
    left_out,
    lines_of,
    shown,
    text_of,
)
from cloudchamber_worker.imaging.tables import ReadTable

NAME = "FlowCam"
COLLAGE = re.compile(r"(.+)_\d{4,}\.tiff?")
MASK = re.compile(r"(.+)_\d{4,}_bin\.tiff?")
MAX_PIXELS = 100_000_000
# Files beside the list by what follows the run's name, and why nothing of them is taken in.
BESIDE = {
    ".csv": "repeats the run's list, which is read",
    "_summary.csv": "sums the run up; its particles come from the list",
    "_run_summary.txt": "sums the run up; its particles come from the list",
    ".cla": "holds VisualSpreadsheet's filters; labels come from people or a table",
    ".edg": "holds the particles' outlines; their masks are read",
}
FRAMES = re.compile(r"(cal_image|rawfile)_\d+(_bin)?\.tiff?")
WHY_FRAME = "is a whole frame of the run's camera, no particle"


def recognise(names: list[str]) -> list[Run]:
    """The FlowCam runs among these files: a list with collages beside it."""
    runs: list[Run] = []
    for folder, files in by_folder(names).items():
        lists = [name for name in files if name.endswith(".lst")]
        for index in lists:
            stem = index[: -len(".lst")]
            images = {n for n in files if (COLLAGE.fullmatch(n) or MASK.fullmatch(n))}
            images = {n for n in images if not FRAMES.fullmatch(n)}
            own = {n for n in images if n.startswith(f"{stem}_")}
            if not own and len(lists) == 1:
                own = images  # a list that was saved under another name
            if not any(COLLAGE.fullmatch(n) for n in own):
                continue
            settings = [n for n in (f"{stem}.ctx",) if n in files]
            beside = {files[stem + end]: why for end, why in BESIDE.items() if stem + end in files}
            if index == lists[0]:
                beside |= {files[n]: WHY_FRAME for n in files if FRAMES.fullmatch(n)}
            name = files[index].rsplit("/", 1)[-1][: -len(".lst")]
            members = (*(files[n] for n in sorted(own)), *(files[n] for n in settings))
            runs.append(Run(NAME, folder, name, files[index], (*members, files[index]), beside))
    return runs


def read(run: Run, open_: Open) -> Iterator[Part]:
    """Collage by collage its particles, the masks, and the list as a table at the end."""
    try:
        found = read_list(open_(run.index))
    except Unreadable as error:
        yield Part(NAME, run.index, refused=str(error))
        for name in run.files:
            if name != run.index:
                yield Part(NAME, name, refused=f"belongs to {run.name}.lst, which cannot be read")
        yield from left_out(run)
        return
    yield from _Reading(run, found, open_).parts()
    for part in left_out(run):
        # A table that somebody gave the run's name goes the way of every table.
        if not part.name.lower().endswith(f"{run.name.lower()}.csv") or _exported(part, open_):
            yield part


def _exported(part: Part, open_: Open) -> bool:
    """Whether a CSV is VisualSpreadsheet's own export of the run."""
    try:
        return "Particle ID" in lines_of(text_of(open_(part.name)[:4096]))[0]
    except (Unreadable, IndexError):
        return True


class _Reading:
    def __init__(self, run: Run, found: ParticleList, open_: Open) -> None:
        self.run, self.list, self.open = run, found, open_
        self.refused = list(found.refused)
        self.other_area: list[int] = []  # ids whose mask is not as large as the list says
        self.damaged: dict[str, str] = {}  # masks that cannot be read, and why
        files = {name.rsplit("/", 1)[-1].lower(): name for name in run.files}
        self.masks = {n: files[n] for n in files if MASK.fullmatch(n)}
        self.collages = {n: files[n] for n in files if COLLAGE.fullmatch(n) and n not in self.masks}
        self.settings = next((n for n in run.files if n.lower().endswith(".ctx")), None)
        self.calibration: float | None = None
        guids = [row.get("image_id") for _, row in found.rows]
        # VisualSpreadsheet names an exported image after its image_id, older versions its id.
        self.key = "image_id" if None not in guids and len(set(guids)) == len(guids) else "id"

    def parts(self) -> Iterator[Part]:
        if self.settings is not None:
            yield self._settings(self.settings)
        by_collage: dict[str, list[tuple[int, dict]]] = {}
        for number, row in self.list.rows:
            collage = str(row["collage_file"]).replace("\\", "/").rsplit("/", 1)[-1]
            by_collage.setdefault(collage.lower(), []).append((number, row))
        for collage in by_collage.keys() - self.collages.keys():
            for number, row in by_collage[collage]:
                self._refuse(number, row, f"its collage {row['collage_file']} is not there")
        for collage, name in self.collages.items():
            rows = by_collage.get(collage, [])
            if rows:
                yield Part(NAME, name, self._cut(collage, rows))
            else:
                yield Part(NAME, name, ignored="holds no particle of the run's list")
        for mask, name in self.masks.items():
            notes = [f"Masks of the run {self.run.name}"]
            why = self.damaged.get(mask)
            yield Part(NAME, name, notes=[] if why else notes, refused=why)
        yield Part(NAME, self.run.index, table=self._table)

    def _settings(self, name: str) -> Part:
        match = None
        try:
            text = text_of(self.open(name))
            match = re.search(r"(?m)^CalibrationConstant\s*=\s*([\d.,]+)", text)
        except Unreadable as error:
            return Part(NAME, name, refused=str(error))
        if match is None:
            return Part(
                NAME, name, ignored="holds settings of the run; the list has what is needed"
            )
        self.calibration = float(match[1].replace(",", "."))
        return Part(NAME, name, notes=[f"Settings of the run: {self.calibration:g} µm per pixel"])

    def _cut(self, collage: str, rows: list[tuple[int, dict]]) -> Iterator[Particle]:
        try:
            image = _image(self.open(self.collages[collage]))
        except Unreadable as error:
            for number, row in rows:
                self._refuse(number, row, f"its collage {collage} {error}")
            raise
        mask, without = self._mask(collage, image.shape[:2])
        for number, row in rows:
            x, y, width, height = (int(row[name]) for name in PLACE)
            if min(x, y) < 0 or min(width, height) < 1 or (
                y + height > image.shape[0] or x + width > image.shape[1]
            ):  # fmt: skip
                place = f"{width} x {height} at {x}, {y}"
                self._refuse(number, row, f"lies outside its collage ({place})")
                continue
            if without:
                self._refuse(number, row, without)
                continue
            box = np.s_[y : y + height, x : x + width]
            inner = None if mask is None else mask[box]
            if inner is not None and row.get("raw_area") not in (None, float(inner.sum())):
                self.other_area.append(row["id"])
            size = row.get("cal_const") or self.calibration
            yield Particle(
                self.run.path_of(row[self.key]), image[box], inner, size if size else None
            )

    def _mask(self, collage: str, shape: tuple[int, ...]) -> tuple[np.ndarray | None, str]:
        """Where particles are in a collage, and why its particles cannot come in without that."""
        stem, _, end = collage.rpartition(".")
        name = f"{stem}_bin.{end}"
        if name not in self.masks:
            return None, f"its mask {name} is not there" if self.masks else ""
        try:
            mask: np.ndarray = _image(self.open(self.masks[name])) > 0
            mask = mask if mask.ndim == 2 else np.any(mask, axis=2)
            if mask.shape != shape:
                raise Unreadable(f"is {mask.shape}, its collage {shape}")
        except Unreadable as error:
            self.damaged[name] = str(error)
            return None, f"its mask {name} {error}"
        return mask, ""

    def _refuse(self, number: int, row: dict, why: str) -> None:
        self.refused.append((number, f"particle {row['id']}: {why}"))

    def _table(self) -> ReadTable:
        gone = {number for number, _ in self.refused}
        kept = [(number, row) for number, row in self.list.rows if number not in gone]
        rows = [row for _, row in kept]
        columns: dict[str, pa.Array] = {
            "path": pa.array([self.run.path_of(row[self.key]) for row in rows], pa.string())
        }
        for name, kind in self.list.types.items():
            columns[name] = pa.array([row[name] for row in rows], kind)
        total = len(self.list.rows) + len(self.list.refused)
        notes = [f"{len(rows)} of {total} particles of the FlowCam run {self.run.name}"]
        if not self.masks:
            notes.append("The run was saved without masks: footprints are found in the images.")
        if self.other_area:
            ids = shown(self.other_area)
            notes.append(f"The mask is not as large as raw_area says for the particles {ids}.")
        for name, count in self.list.unread.items():
            notes.append(f"{count} values of {name} are no {self.list.types[name]}: left empty.")
        return ReadTable(
            pa.table(columns), self.run.name, f"FlowCam list, {len(self.list.types)} fields",
            np.array([number for number, _ in kept], np.int64), notes, sorted(self.refused),
            units=UNITS, descriptions=DESCRIPTIONS, role="metadata", key="path",
        )  # fmt: skip


def _image(data: bytes) -> np.ndarray:
    """A collage or its masks: grey or colour, as the file has them."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of tags that Pillow does not know
            with Image.open(io.BytesIO(data)) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise Unreadable(f"claims {image.width} x {image.height} pixels")
                plain = image if image.mode in ("L", "RGB", "I;16") else image.convert("RGB")
                return np.asarray(plain.convert("L") if image.mode == "1" else plain)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise Unreadable(f"is a damaged image: {str(error)[:120]}") from error


def advice(name: str, head: bytes) -> str | None:
    """What to do about a file of a run that came without the others; None when it is none."""
    lower = name.lower()
    bring = "bring the run's whole folder at once (list, collages and masks)"
    start = lines_of(text_of(head[:200]))
    if lower.endswith(".lst") and any(line.startswith("num-fields|") for line in start):
        return f"is the list of a FlowCam run without its collages; {bring}"
    if lower.endswith(".ctx") and b"VisualSpreadsheet" in head:
        return f"holds the settings of a FlowCam run; {bring}"
    if lower.endswith((".edg", ".cla")):
        return f"is a part of a FlowCam run; {bring}"
    return None
