"""Bins of an Imaging FlowCytobot (IFCB): `.roi` images, `.adc` triggers, `.hdr` settings.

A line of the `.adc` is a trigger; its number, from 1, is the number of the target. The image lies
in the `.roi` from START_BYTE on, a byte a pixel, row by row; a trigger of 0 x 0 has none. Two
layouts of the columns exist (WHOI, github.com/joefutrelle/pyifcb, `ifcb/data/adc.py`): the first
instruments (`IFCB5_2012_028_081515`) and all later ones (`D20130526T095207_IFCB013`), which name
their columns in the `.hdr`. Neither says how large a pixel is.
"""

import csv
import io
import itertools
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

import numpy as np
import pyarrow as pa

from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.instruments.runs import (
    Open,
    Part,
    Particle,
    Run,
    by_folder,
    lines_of,
    shown,
    text_of,
)
from cloudchamber_worker.imaging.tables import ReadTable

NAME = "IFCB"
OLD = ("trigger", "processing_end_time", "fluorescence_low", "fluorescence_high", "scattering_low",
       "scattering_high", "comparator_pulse", "trigger_open_time", "frame_grab_time", "roi_x",
       "roi_y", "roi_width", "roi_height", "start_byte", "valve_status")  # fmt: skip
NEW = ("trigger", "adc_time", "pmt_a", "pmt_b", "pmt_c", "pmt_d", "peak_a", "peak_b", "peak_c",
       "peak_d", "time_of_flight", "grab_time_start", "grab_time_end", "roi_x", "roi_y",
       "roi_width", "roi_height", "start_byte", "comparator_out", "start_point", "signal_length",
       "status", "run_time", "inhibit_time")  # fmt: skip
WHOLE = ("trigger", "roi_x", "roi_y", "roi_width", "roi_height", "start_byte", "start_point",
         "signal_length", "status")  # fmt: skip
UNITS = {
    **dict.fromkeys(("roi_x", "roi_y", "roi_width", "roi_height"), "px"),
    **dict.fromkeys(("processing_end_time", "trigger_open_time", "frame_grab_time", "adc_time",
                     "grab_time_start", "grab_time_end", "run_time", "inhibit_time"), "s"),
}  # fmt: skip
OLD_NAME = re.compile(r"IFCB\d+_\d{4}_\d{3}_\d{6}", re.IGNORECASE)
NEW_NAME = re.compile(r"D\d{8}T\d{6}_IFCB\d+", re.IGNORECASE)
ENDS = (".roi", ".adc", ".hdr")


def recognise(names: list[str]) -> list[Run]:
    """The bins among these files: a `.roi` and an `.adc` of one name, a `.hdr` where it is."""
    runs = []
    for folder, files in by_folder(names).items():
        for lower, index in files.items():
            stem = lower[: -len(".adc")]
            if not lower.endswith(".adc") or f"{stem}.roi" not in files:
                continue
            members = tuple(files[stem + end] for end in ENDS if stem + end in files)
            name = PurePosixPath(index).name[: -len(".adc")]
            runs.append(Run(NAME, folder, name, index, members))
    return runs


def read(run: Run, open_: Open) -> Iterator[Part]:
    """The images of the `.roi`, and the columns of the `.adc` for each of them."""
    roi = next(n for n in run.files if n.lower().endswith(".roi"))
    header = next((n for n in run.files if n.lower().endswith(".hdr")), None)
    try:
        settings = text_of(open_(header)) if header is not None else ""
        yield from (
            [] if header is None else [Part(NAME, header, notes=[f"Settings of {run.name}."])]
        )
    except Unreadable as error:
        settings = ""
        yield Part(NAME, header or "", refused=str(error))
    try:
        bin_ = _Bin(run, open_(run.index), settings)
    except Unreadable as error:
        yield Part(NAME, run.index, refused=str(error))
        yield Part(NAME, roi, refused=f"belongs to {run.name}.adc, which cannot be read")
        return
    yield Part(NAME, roi, bin_.cut(roi, open_))
    yield Part(NAME, run.index, table=bin_.table)


class _Bin:
    def __init__(self, run: Run, data: bytes, settings: str) -> None:
        self.run = run
        lines = lines_of(text_of(data))
        if not lines:
            raise Unreadable("is empty")
        rows = list(csv.reader(io.StringIO("\n".join(lines))))
        rows = [row[:-1] if row and not row[-1].strip() else row for row in rows]
        self.columns = _columns(run.name, settings, max(map(len, rows)))
        self.refused: list[tuple[int, str]] = []
        self.ignored: list[tuple[int, str]] = []
        self.rows: list[tuple[int, dict[str, float]]] = []
        least = self.columns.index("start_byte") + 1
        for number, row in enumerate(rows, 1):
            if len(row) < least:
                self._refuse(number, f"has {len(row)} of {least} columns at least")
                continue
            try:
                named = {c: _number(c, cell) for c, cell in zip(self.columns, row, strict=False)}
            except ValueError as error:
                self._refuse(number, f"is no line of numbers: {str(error)[:80]}")
                continue
            if named["roi_width"] == 0 or named["roi_height"] == 0:
                self.ignored.append((number, "a trigger without an image"))
            else:
                self.rows.append((number, named))

    def cut(self, roi: str, open_: Open) -> Iterator[Particle]:
        """The images; refuses those that the file does not hold whole."""
        try:
            data = open_(roi)
        except Unreadable as error:
            for number, _ in self.rows:
                self._refuse(number, f"its image is in {PurePosixPath(roi).name}, which {error}")
            raise
        for number, row in self.rows:
            width, height, start = (int(row[c]) for c in ("roi_width", "roi_height", "start_byte"))
            if min(width, height) < 1 or start < 0 or start + width * height > len(data):
                self._refuse(
                    number,
                    f"its image ({width} x {height} from byte {start}) is not in the {len(data)} "
                    "bytes of the .roi",
                )
                continue
            pixels = np.frombuffer(data, np.uint8, width * height, start).reshape(height, width)
            yield Particle(self._path(number), pixels)

    def table(self) -> ReadTable:
        """The columns of every trigger whose image came in."""
        gone = {number for number, _ in self.refused}
        rows = [(number, row) for number, row in self.rows if number not in gone]
        columns: dict[str, pa.Array] = {
            "path": pa.array([self._path(number) for number, _ in rows], pa.string()),
            "roi_number": pa.array([number for number, _ in rows], pa.int64()),
        }
        for name in self.columns:
            kind = pa.int64() if name in WHOLE else pa.float64()
            columns[name] = pa.array([row.get(name) for _, row in rows], kind)
        total = len(self.rows) + len([n for n, _ in self.refused if n not in dict(self.rows)])
        notes = [
            f"{len(rows)} of {total} images of the IFCB bin {self.run.name}.",
            "An IFCB says nowhere how large a pixel is: lengths stay in pixels.",
        ]
        twice = _twice([row["trigger"] for _, row in rows]) if "fluorescence_low" in columns else []
        if twice:
            notes.append(f"Not stitched: the triggers {shown(twice)} have two images each.")
        return ReadTable(
            pa.table(columns), self.run.name, f"IFCB triggers, {len(self.columns)} columns",
            np.array([number for number, _ in rows], np.int64), notes, sorted(self.refused),
            self.ignored, units=UNITS, role="metadata", key="path",
        )  # fmt: skip

    def _path(self, number: int) -> str:
        return self.run.path_of(f"{number:05d}")

    def _refuse(self, number: int, why: str) -> None:
        self.refused.append((number, f"target {number}: {why}"))


def _columns(name: str, settings: str, count: int) -> tuple[str, ...]:
    """Names of the columns: as the `.hdr` has them, else by the bin's name or their number."""
    match = re.search(r"(?m)^ADCFileFormat:\s*(.+?)\s*$", settings)
    if match:
        told = tuple(_snake(column) for column in match[1].split(","))
        if {"roi_width", "roi_height", "start_byte"} <= set(told):
            return told
    if NEW_NAME.fullmatch(name):
        known = NEW
    elif OLD_NAME.fullmatch(name):
        known = OLD
    else:
        known = NEW if count >= 18 else OLD
    return (*known, *(f"column_{k}" for k in range(len(known) + 1, count + 1)))


def _snake(column: str) -> str:
    """ "PMTA" is pmt_a, "RoiWidth" roi_width, "trigger#" trigger, as in `NEW`."""
    plain = re.sub(r"\W", "", column)
    plain = re.sub(r"^PMT([A-D])$", r"Pmt_\1", plain).replace("ADCtime", "AdcTime")
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", plain).lower()


def _number(column: str, cell: str) -> float:
    value = float(cell)
    return int(value) if column in WHOLE else value


def _twice(triggers: list[float]) -> list[int]:
    return sorted({int(a) for a, b in itertools.pairwise(triggers) if a == b})


def advice(name: str, head: bytes) -> str | None:
    """What to do about one of the three files that came without the others; None for others."""
    path = PurePosixPath(name.lower())
    bring = "bring the .roi, .adc and .hdr of the bin at once, in one folder"
    named = NEW_NAME.fullmatch(path.stem) or OLD_NAME.fullmatch(path.stem)
    if path.suffix == ".roi" and not head.startswith(b"Iout"):  # ImageJ's selections
        return f"holds the images of an IFCB bin without their list; {bring}"
    if path.suffix == ".adc":
        return f"lists the triggers of an IFCB bin without their images; {bring}"
    if path.suffix == ".hdr" and named:
        return f"holds the settings of an IFCB bin; {bring}"
    return None
