"""What an import would make of files: each told apart and counted, nothing stored."""

from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

import numpy as np

from cloudchamber.data.accounts import each_kind_once
from cloudchamber.data.calibrations import Calibration
from cloudchamber.data.job_requests import LookAtFiles, UploadRef
from cloudchamber.data.looks import ExposurePreview, LookFile
from cloudchamber.data.names import tidy
from cloudchamber_worker.imaging.calibration import Calibrated
from cloudchamber_worker.imaging.defects import HotPixelSearch, Readout
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.sandbox import DecodedFile, Item
from cloudchamber_worker.steps.arrivals import Arrivals
from cloudchamber_worker.steps.cutting import (
    CutFrame,
    Masters,
    cut_frame,
    footprint_pixels,
)
from cloudchamber_worker.steps.exposure_preview import (
    BrightPixels,
    bright_pixels,
    picture,
    significance,
)
from cloudchamber_worker.steps.held_matrices import Held, HeldMatrices
from cloudchamber_worker.steps.joining import Tables
from cloudchamber_worker.steps.report_lines import Line
from cloudchamber_worker.steps.source import MasterFrames, Source, frames_of_master

CROPS_SHOWN = 60
NOTES = 20  # kinds of notes of files that are told together
CROP_BYTES = 4 << 20  # of all crops that are shown
CUT_PIXELS = 64_000_000  # exposures beyond are counted, not cut: a look is quick


@dataclass
class Seen:
    """One file while it is looked at, and what of it tells it from its neighbours."""

    line: Line
    upload: UploadRef
    crops: int = 0
    exposures: int = 0
    sides: list[tuple[int, int]] = field(default_factory=list)
    dtypes: set[str] = field(default_factory=set)
    why: str = ""


@dataclass
class ShownExposure:
    """The first exposure, ready to be sent."""

    about: ExposurePreview
    picture: np.ndarray
    bright: BrightPixels
    readout: Readout
    hot: np.ndarray
    """Pixels that are hot in most exposures of its detector, y * width + x, uint32 [n]."""


class Survey:
    """Looks at decoded files one by one.

    crops : the first crops [height, width(, 3)] with their masks, for a picture of them
    folders : crops by the folder they lie in, '' for none
    uncut : exposures that were not cut, so that their cutouts are not counted
    """

    def __init__(self, params: LookAtFiles, tables: Tables, arrivals: Arrivals) -> None:
        self.params, self.tables, self.arrivals = params, tables, arrivals
        self.crops: list[tuple[np.ndarray, np.ndarray | None]] = []
        self.folders: Counter[str] = Counter()
        self.shown: ShownExposure | None = None
        self.n_exposures = self.uncut = self.n_files = 0
        self._crop_bytes = self._cut_pixels = 0
        self._hot = HotPixelSearch()
        self._matrices = HeldMatrices()
        self._seen: dict[tuple[str, int], Seen] = {}

    def take(self, file: DecodedFile, upload: UploadRef, masters: Masters) -> None:
        """Look at one file."""
        line = Line(file.name)
        seen = Seen(line, upload)
        matrices: list[Item] = []
        for item in file.items:
            if item.table is not None:
                self.tables.add(line, item, upload.role)
            elif self._matrices.asks(file, item):
                matrices.append(item)
            else:
                self._image(item, seen, masters)
        self.n_files += 1
        self._seen[line.name, id(line)] = seen
        if not matrices:
            line.close(file)
        for held in self._matrices.hold(Held(file, line, matrices)) if matrices else ():
            for item in held.items:
                self._image(item, self._seen[held.line.name, id(held.line)], masters)
            held.line.close(held.file)

    def take_master(
        self, source: Source, file: DecodedFile, kind: str, upload: UploadRef
    ) -> MasterFrames:
        """Look at a file of a master, or of a mask of defects; returns its readouts."""
        line = Line(file.name)
        seen = Seen(line, upload)
        frames = frames_of_master(file, kind, line, source.settings)
        seen.exposures = len(frames)
        seen.sides += [(frame.image.shape[0], frame.image.shape[1]) for frame in frames]
        line.close(file)
        self.n_files += 1
        self._seen[line.name, id(line)] = seen
        return frames

    def finish(self) -> None:
        """Close what remains a question."""
        for held in self._matrices.rest():
            held.line.close(held.file)
        if self.shown is not None and (hot := self._hot.found().get(self.shown.readout)):
            self.shown.hot = np.flatnonzero(hot.mask).astype(np.uint32)
            self.shown.about.n_hot, self.shown.about.hot_in = hot.n, hot.exposures

    def _image(self, item: Item, seen: Seen, masters: Masters) -> None:
        try:
            if item.kind == "frame":
                self._exposure(item, seen, masters)
            else:
                self._crop(item, seen)
        except Unreadable as error:
            seen.line.refuse_part(item.name, str(error))

    def files(self) -> list[LookFile]:
        """A line per file; alike files of one folder are one."""
        groups: dict[tuple[object, ...], list[Seen]] = {}
        for seen in self._seen.values():
            line = seen.line
            folder = line.name.rpartition("/")[0]
            alike = line.state == "in" and line.account.taken_for in ("crop", "exposure")
            key = (
                (folder, line.account.taken_for, seen.upload.role, PurePosixPath(line.name).suffix)
                if alike and folder
                else (line.state, line.reason, folder)
                if line.state in ("ignored", "needs_answer") and folder
                else (id(seen),)
            )
            groups.setdefault(key, []).append(seen)
        return [_look_file(group) for group in groups.values()]

    def _exposure(self, item: Item, seen: Seen, masters: Masters) -> None:
        assert item.pixels is not None
        line = seen.line
        path = tidy(item.name)
        self.n_exposures += 1
        seen.exposures += 1
        line.account.taken_for = item.about.get("taken_for", "exposure")
        line.account.exposures += 1
        seen.sides.append((item.pixels.shape[0], item.pixels.shape[1]))
        seen.dtypes.add(item.pixels.dtype.name)
        seen.why = "an image HDU of a FITS file" if "hdu" in item.about else "asked for"
        self._cut_pixels += item.pixels.size
        if self._cut_pixels > CUT_PIXELS and self.shown is not None:
            self.uncut += 1
            return
        cut = cut_frame(item, path, line.name, self.params, masters)
        line.n_cutouts += len(cut.cuts)
        line.account.notes += cut.notes
        for number, one in enumerate(cut.cuts):
            self.arrivals.add(f"{path}:{number}", one.pixels)
        size = (cut.exposure.height, cut.exposure.width)
        self._hot.add(cut.readout, footprint_pixels(cut), size, cut.exposure.content_hash)
        if self.shown is None:
            self.shown = _shown(cut)

    def _crop(self, item: Item, seen: Seen) -> None:
        assert item.pixels is not None
        line = seen.line
        line.n_cutouts += 1
        if line.account.taken_for == "unknown":
            line.account.taken_for = "crop"
        line.account.notes += item.about.get("notes", [])
        seen.crops += 1
        seen.sides.append((item.pixels.shape[0], item.pixels.shape[1]))
        seen.dtypes.add(f"{item.pixels.dtype.name}{' RGB' if item.pixels.ndim == 3 else ''}")
        seen.why = "an image"
        path = tidy(item.name)
        self.arrivals.add(path, item.pixels)
        folder = item.about.get("folder") or ""
        self.folders[folder] += 1
        self.tables.note_crop(path, folder or None)
        room = len(self.crops) < CROPS_SHOWN and self._crop_bytes < CROP_BYTES
        if room and item.pixels.nbytes < CROP_BYTES:
            self._crop_bytes += item.pixels.nbytes
            self.crops.append((np.array(item.pixels), item.mask))


def _shown(cut: CutFrame) -> ShownExposure:
    record = Calibration.model_validate(cut.exposure.calibration)
    shown = show_frame(cut.frame, cut.exposure.path, cut.exposure.unit, record)
    return replace(shown, readout=cut.readout)


def show_frame(frame: Calibrated, path: str, unit: str, record: Calibration) -> ShownExposure:
    """A calibrated exposure ready to be sent; what is hot in others of its detector is not known
    here."""
    sigma = significance(frame, electrons=unit == "electron")
    bright = bright_pixels(sigma, frame.image)
    small, scale = picture(sigma)
    height, width = frame.image.shape
    noise = record.amplifiers[0].noise if record.amplifiers else None
    about = ExposurePreview(
        name=path,
        height=height,
        width=width,
        scale=scale,
        unit=unit,
        noise=noise or 0.0,
        floor_sigma=bright.floor,
        n_bright=len(bright.index),
        rows_up=bool(record.rows_up),
        calibration=record,
    )
    readout = Readout(record.detector, record.extension, 0, (height, width))
    return ShownExposure(about, small, bright, readout, np.empty(0, np.uint32))


def _look_file(group: list[Seen]) -> LookFile:
    first = group[0]
    line = first.line
    folder = line.name.rpartition("/")[0]
    return LookFile(
        name=line.name if len(group) == 1 else f"{folder}/",
        n=len(group),
        upload_ids=list(dict.fromkeys(seen.upload.id for seen in group)),
        role=first.upload.role,
        taken_for=line.account.taken_for,
        why=line.account.why or first.why,
        state=line.state,
        reason=line.reason,
        question=line.account.question,
        n_crops=sum(seen.crops for seen in group),
        n_exposures=sum(seen.exposures for seen in group),
        shape=_shape([side for seen in group for side in seen.sides]),
        dtype=", ".join(sorted({dtype for seen in group for dtype in seen.dtypes})),
        folder=folder or None,
        notes=each_kind_once((seen.line.account.notes for seen in group), NOTES),
    )


def _shape(sides: list[tuple[int, int]]) -> str:
    if not sides:
        return ""
    return " x ".join(_range([side[axis] for side in sides]) for axis in (1, 0))


def _range(values: list[int]) -> str:
    low, high = min(values), max(values)
    return str(low) if low == high else f"{low}-{high}"
