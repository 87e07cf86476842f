"""What an import does with decoded files: exposures and crops into the dataset, one report line
per file, in short transactions that a killed worker's successor can go on from."""

import hashlib
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloudchamber.data import cutouts, exposures
from cloudchamber.data.cutouts import Cutout, NewCutout
from cloudchamber.data.exposures import ExposureTile, NewExposure
from cloudchamber.data.job_requests import Cutting
from cloudchamber.data.jobs import ImportFile, add_import_files
from cloudchamber_worker.imaging import calibration, detection
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.frames import stem_of, unit_of
from cloudchamber_worker.imaging.sandbox import DecodedFile, Item
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.import_tables import Tables

BATCH_BYTES = 1 << 20  # a transaction, so that labels stay fast beside an import
BATCH_CUTOUTS = 500
BATCH_SECONDS = 1.0
PAUSE_SECONDS = 0.01
READING = 0.8  # of the job's progress; the rest is measuring and joining tables


@dataclass
class Line:
    """A file on its way into the report; `waiting` cutouts of it are not yet stored."""

    name: str
    state: str = "imported"
    reason: str = ""
    n_cutouts: int = 0
    n_duplicates: int = 0
    detail: dict[str, Any] = field(default_factory=dict)
    known: int = 0


class Intake:
    """Takes files one by one; `flush` stores what is left.

    cutting : how cutouts are made of exposures
    folder_groups : whether the folder of a crop is its source group
    part : how much of all there is to read has been taken in, 0 to 1; the caller keeps it
    """

    def __init__(self, job: JobContext, cutting: Cutting, *, folder_groups: bool = False) -> None:
        self.job, self.cutting, self.folder_groups = job, cutting, folder_groups
        self.part = 0.0
        self.added = 0
        self.counts = {"files": 0, "cutouts": 0, "refused": 0, "duplicates": 0}
        self._waiting: list[tuple[NewCutout, Line]] = []
        self._waiting_bytes = 0
        self._lines: list[Line] = []
        self._flushed_at = time.monotonic()
        self._message = "reading"
        with job.read() as session:
            known = select(Cutout.name, Cutout.content_hash).where(
                Cutout.dataset_id == job.dataset_id
            )
            self._hashes = {name: bytes(digest) for name, digest in session.execute(known)}
            self._reported = set(
                session.scalars(select(ImportFile.name).where(ImportFile.job_id == job.id))
            )

    def still_here(self) -> None:
        """Beat while waiting for the decoder; raises when the job is to stop."""
        self.job.progress(READING * self.part, self._message, **self.counts)

    def take(
        self,
        file: DecodedFile,
        role: str,
        bias: np.ndarray | None,
        dark: np.ndarray | None,
        tables: Tables,
    ) -> None:
        """Store what is in one file; whatever is wrong with it ends up in its report line."""
        self._message = file.name
        if file.name in self._reported:  # an earlier attempt has finished it
            for item in file.items:
                if item.table is not None:
                    tables.add(file.name, item.table, role)
            return
        line = Line(file.name)
        for item in file.items:
            self.still_here()
            if item.table is not None:
                line.detail |= tables.add(file.name, item.table, role)
                continue
            try:
                if item.kind == "frame":
                    self._exposure(item, line, bias, dark)
                else:
                    self._crop(item, line)
            except Unreadable as error:
                line.reason = f"{item.name}: {error}"
                line.detail.setdefault("refused_parts", []).append(line.reason)
        self.report(file, line)

    def report(
        self, file: DecodedFile, line: Line | None = None, detail: dict[str, Any] | None = None
    ) -> None:
        """Close a file's line; it is stored together with its last cutouts."""
        line = line or Line(file.name, detail=detail or {})
        taken = line.n_cutouts + line.known + line.detail.get("exposures", 0)
        came_in = taken or line.detail.get("rows") is not None or detail is not None
        if file.ignored is not None:
            line.state, line.reason = "ignored", file.ignored
        elif file.refused is not None or (file.question is not None and not came_in):
            line.state = "imported" if came_in else "refused"
            line.reason = file.refused or file.question or ""
        elif line.known and not line.n_cutouts:
            line.state, line.reason = "duplicate", "was imported before; nothing was added"
        elif line.reason and not came_in:
            line.state = "refused"
        self.counts["files"] += 1
        self.counts["refused"] += line.state == "refused"
        if line.name not in self._reported:
            self._reported.add(line.name)
            self._lines.append(line)
        self._flush_when_due()

    def result(self) -> dict[str, Any]:
        """Counts for the job's result."""
        return {"added": self.added, **self.counts}

    def _exposure(
        self, item: Item, line: Line, bias: np.ndarray | None, dark: np.ndarray | None
    ) -> None:
        assert item.pixels is not None
        header = item.about["header"]
        cutting, unit = self.cutting, unit_of(header)
        frame = calibration.calibrate(
            item.pixels, header, bias=bias, dark=dark, background=cutting.background
        )
        limit = detection.threshold_of(
            frame.noise,
            cutting.threshold.value,
            cutting.threshold.unit,
            electrons=unit == "electron",
        )
        labels, boxes = detection.find_footprints(detection.above_threshold(frame.image, limit))
        cuts = list(
            detection.cut_out(
                frame.image, labels, boxes, min_pixels=cutting.min_pixels, margin=cutting.margin,
                max_size=cutting.max_size, saturated=frame.saturated,
            )
        )  # fmt: skip
        digest = hashlib.sha256(np.ascontiguousarray(item.pixels).data).digest()
        new = NewExposure(
            name=_stem(item, line),
            file_name=line.name,
            hdu=item.about.get("hdu") or 0,
            plane=item.about.get("plane"),
            header=header,
            height=frame.image.shape[0],
            width=frame.image.shape[1],
            dtype=item.pixels.dtype.name,
            unit=unit,
            n_footprints=len(cuts),
            content_hash=digest,
            calibration={
                "threshold": cutting.threshold.model_dump(),
                "background": frame.background,
                "bias": bias is not None,
                "dark": dark is not None,
                "origin": list(frame.origin),
                "amplifiers": [_amplifier(state) for state in frame.amplifiers],
            },
        )
        exposure_id, name = self._add_exposure(new)
        if cutting.keep_exposures:
            self._add_tiles(exposure_id, frame.image)
        line.detail["exposures"] = line.detail.get("exposures", 0) + 1
        for number, cut in enumerate(cuts):
            self._add(
                NewCutout(
                    f"{name}:{number}", cut.pixels, cut.mask, exposure_id, cut.x0, cut.y0, cut.flags
                ),
                line,
            )

    def _add_exposure(self, new: NewExposure) -> tuple[int, str]:
        """Id and name of the exposure; the one that is there already when its pixels are."""
        with self.job.write() as session:
            known = {
                exposure.name: exposure
                for exposure in exposures.list_exposures(session, self.job.dataset_id)
            }
            name, number = new.name, 1
            while name in known:
                if bytes(known[name].content_hash) == new.content_hash:
                    return known[name].id, name
                number += 1
                name = f"{new.name}~{number}"
            renamed = NewExposure(**{**vars(new), "name": name})
            return exposures.add_exposure(session, self.job.dataset_id, renamed), name

    def _add_tiles(self, exposure_id: int, image: np.ndarray) -> None:
        with self.job.read() as session:
            known = select(ExposureTile.level, ExposureTile.ty, ExposureTile.tx).where(
                ExposureTile.exposure_id == exposure_id
            )
            there = {tuple(row) for row in session.execute(known)}
        batch: list[exposures.Tile] = []
        for tile in exposures.encode_tiles(image):
            if (tile.level, tile.ty, tile.tx) in there:
                continue
            batch.append(tile)
            if sum(len(t.data) for t in batch) >= BATCH_BYTES:
                self._write_tiles(exposure_id, batch)
                batch = []
        self._write_tiles(exposure_id, batch)

    def _write_tiles(self, exposure_id: int, batch: list[exposures.Tile]) -> None:
        self.still_here()
        with self.job.write() as session:
            exposures.write_tiles(session, exposure_id, batch)
        time.sleep(PAUSE_SECONDS)

    def _crop(self, item: Item, line: Line) -> None:
        assert item.pixels is not None
        folder = item.about.get("folder")
        group = folder if self.folder_groups else None
        digest = cutouts.content_hash(item.pixels)
        stem = name = _stem(item, line)
        for name in _possible_names(stem, folder):
            if self._hashes.get(name, digest) == digest:
                break
        self._add(NewCutout(name, item.pixels, item.mask, source_group=group), line)

    def _add(self, new: NewCutout, line: Line) -> None:
        digest = cutouts.content_hash(new.pixels)
        known = self._hashes.get(new.name)
        if known is not None and (new.exposure_id is not None or known == digest):
            line.known += 1
            return
        self._hashes[new.name] = digest
        self._waiting.append((new, line))
        self._waiting_bytes += new.pixels.nbytes
        line.n_cutouts += 1
        if self._waiting_bytes >= BATCH_BYTES or len(self._waiting) >= BATCH_CUTOUTS:
            self.flush()

    def _flush_when_due(self) -> None:
        if time.monotonic() - self._flushed_at > BATCH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Store the waiting cutouts, and the lines of the files that are through, at once."""
        self.still_here()
        if not self._waiting and not self._lines:
            return
        with self.job.write() as session:
            ordinals = cutouts.append_cutouts(
                session, self.job.dataset_id, [new for new, _ in self._waiting]
            )
            for ordinal in _duplicates(session, self.job.dataset_id, ordinals):
                self._waiting[ordinal - ordinals[0]][1].n_duplicates += 1
                self.counts["duplicates"] += 1
            add_import_files(session, [self._row(line) for line in self._lines])
        self.added += len(self._waiting)
        self.counts["cutouts"] += len(self._waiting)
        self._waiting, self._waiting_bytes, self._lines = [], 0, []
        self._flushed_at = time.monotonic()
        time.sleep(PAUSE_SECONDS)

    def _row(self, line: Line) -> ImportFile:
        return ImportFile(
            job_id=self.job.id,
            dataset_id=self.job.dataset_id,
            name=line.name,
            state=line.state,
            reason=line.reason,
            n_cutouts=line.n_cutouts,
            n_duplicates=line.n_duplicates,
            detail=line.detail or None,
        )


def _stem(item: Item, line: Line) -> str:
    """The file's stem, and what tells the item from its neighbours in the file."""
    return stem_of(line.name) + item.name.removeprefix(line.name)


def _possible_names(stem: str, folder: str | None) -> Iterator[str]:
    """A crop's stem; with its folder where another crop has that name; numbered at last."""
    yield stem
    if folder:
        yield f"{folder}/{stem}"
    for number in itertools.count(2):
        yield f"{stem}~{number}"


def _amplifier(state: calibration.AmplifierState) -> dict[str, Any]:
    section = state.section
    return {
        "x0": section.x0,
        "y0": section.y0,
        "w": section.x1 - section.x0,
        "h": section.y1 - section.y0,
        "baseline": state.baseline,
        "noise": state.noise,
        "overscan": state.overscan,
    }


def _duplicates(session: Session, dataset_id: int, ordinals: list[int]) -> list[int]:
    if not ordinals:
        return []
    return list(
        session.scalars(
            select(Cutout.ordinal).where(
                Cutout.dataset_id == dataset_id,
                Cutout.ordinal >= ordinals[0],
                Cutout.ordinal <= ordinals[-1],
                Cutout.duplicate_of.is_not(None),
            )
        )
    )
