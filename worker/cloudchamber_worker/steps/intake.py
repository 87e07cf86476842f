"""What an import does with decoded files: exposures and crops into the dataset, an account of every
file, in short transactions that a killed worker's successor can go on from."""

import time
from functools import cached_property
from typing import Any

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from cloudchamber.data import cutouts, datasets, exposure_planes, exposures, known_cutouts
from cloudchamber.data.accounts import Part, counted
from cloudchamber.data.cutouts import Cutout, NewCutout
from cloudchamber.data.exposures import ExposureTile, NewExposure
from cloudchamber.data.job_requests import Cutting
from cloudchamber.data.jobs import ImportFile, add_import_files
from cloudchamber.data.names import numbered, tidy
from cloudchamber_worker.imaging.calibration import Calibrated
from cloudchamber_worker.imaging.defects import HotPixelSearch
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.sandbox import DecodedFile, Item
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps import brought_again, redetecting
from cloudchamber_worker.steps.cutting import CutFrame, Masters, cut_frame, footprint_pixels
from cloudchamber_worker.steps.held_matrices import Held, HeldMatrices
from cloudchamber_worker.steps.joining import Tables
from cloudchamber_worker.steps.measuring import READING
from cloudchamber_worker.steps.pixel_sizes import append_pixel_sizes
from cloudchamber_worker.steps.report_lines import Line
from cloudchamber_worker.steps.source import MasterFrames, Source, frames_of_master
from cloudchamber_worker.steps.stored_exposures import planes_of

BATCH_BYTES = 1 << 20  # a transaction, so that labels stay fast beside an import
BATCH_CUTOUTS = 500
BATCH_SECONDS = 1.0
PAUSE_SECONDS = 0.01
OTHER_MASK = (
    "was imported before with the same pixels and another mask: the one that is there stays"
)


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
        self._waiting: list[tuple[NewCutout, Line, float | None]] = []
        self._waiting_bytes = 0
        self._lines: list[Line] = []
        self._hot = HotPixelSearch()
        self.detected: list[redetecting.Detected] = []
        self._met: set[str] = set()
        self._matrices = HeldMatrices()
        self._flushed_at = time.monotonic()
        self._message = "reading"
        with job.read() as session:
            self._hashes = known_cutouts.hashes_by_path(session, job.dataset_id)
            there = exposures.list_exposures(session, job.dataset_id)
            self._exposures = {
                exposure.path: (exposure.id, bytes(exposure.content_hash)) for exposure in there
            }
            self._units = {exposure.unit for exposure in there}
            self._reported = set(
                session.scalars(select(ImportFile.name).where(ImportFile.job_id == job.id))
            )
            self._stored = frozenset(self._hashes)
        self._unreported = self._of_earlier_attempts()
        self.added = len(self._unreported)
        self.counts["cutouts"] = self.added
        self.counts["duplicates"] = sum(self._unreported.values())

    def _of_earlier_attempts(self) -> dict[str, bool]:
        """Paths that earlier attempts of this job have stored, and whether each is a duplicate."""
        saved = self.job.load_checkpoint()
        with self.job.read() as session:
            if saved is not None:
                return known_cutouts.paths_from(session, self.job.dataset_id, int(saved))
            before = datasets.get_dataset(session, self.job.dataset_id).n_cutouts
        self.job.save_checkpoint(str(before).encode())
        return {}

    def say(self, message: str) -> None:
        """What the job's progress says until the next file."""
        self._message = message
        self.still_here()

    def still_here(self) -> None:
        """Beat while waiting for the decoder; raises when the job is to stop."""
        self.job.progress(READING * self.part, self._message, **self.counts)

    def take(self, file: DecodedFile, role: str, masters: Masters, tables: Tables) -> None:
        """Store what is in one file; whatever is wrong with it ends up in its line."""
        self._message = file.name
        line = self._line(file.name)
        done = line.name in self._reported  # an earlier attempt has finished it
        matrices: list[Item] = []
        for item in file.items:
            self.still_here()
            if item.table is not None:
                tables.add(line, item, role)
            elif self._matrices.asks(file, item):
                matrices.append(item)
            elif not done:
                self._take_image(item, line, masters, tables)
            elif item.kind == "crop":
                tables.note_crop(tidy(item.name), item.about.get("folder"))
        if not matrices:
            self.report(file, line)
        for held in self._matrices.hold(Held(file, line, matrices)) if matrices else ():
            for item in held.items:
                self._take_image(item, held.line, masters, tables)
            self.report(held.file, held.line)

    def finish(self) -> None:
        """Report what remains a question, and store all that waits."""
        for held in self._matrices.rest():
            self.report(held.file, held.line)
        self.flush()

    def set_aside(self, name: str) -> None:
        """Report a file that the user has said not to use."""
        self.report(DecodedFile(name, iter(()), ignored="set aside by you"), self._line(name))

    def _take_image(self, item: Item, line: Line, masters: Masters, tables: Tables) -> None:
        try:
            if item.kind == "frame":
                self._exposure(item, line, masters)
            else:
                tables.note_crop(self._crop(item, line), item.about.get("folder"))
        except Unreadable as error:
            line.refuse_part(item.name, str(error))

    def take_master(self, source: Source, file: DecodedFile, kind: str) -> MasterFrames:
        """The readouts of a file that is part of a master, or masks defects."""
        line = self._line(file.name)
        frames = frames_of_master(file, kind, line, source.settings)
        self.report(file, line)
        return frames

    def report(self, file: DecodedFile, line: Line) -> None:
        """Close a file's line; it is stored together with its last cutouts."""
        line.close(file)
        self.counts["files"] += 1
        self.counts["refused"] += line.state == "refused"
        if line.name not in self._reported:
            self._reported.add(line.name)
            self._lines.append(line)
        if time.monotonic() - self._flushed_at > BATCH_SECONDS:
            self.flush()

    def result(self) -> dict[str, Any]:
        """What came in, for the job's result. What was refused is the account's: tables are
        refused only when they are joined."""
        counts = {k: n for k, n in self.counts.items() if k != "refused"}
        result = {"added": self.added, **counts, "notes": self._of_hot_pixels()}
        if self.detected:
            result["detections"] = [found.as_json() for found in self.detected]
            result["undo"] = [found.before_id for found in self.detected]
        return result

    def _of_hot_pixels(self) -> list[str]:
        """What the exposures of a detector have in common that no track has."""
        found = self._hot.found()
        return [
            f"{counted(hot.n, 'pixel is', 'pixels are')} above the threshold in most of "
            f"{hot.exposures} exposures{f' of {readout.detector}' if readout.detector else ''}"
            f"{f' ({readout.extension})' if readout.extension else ''}: import with hot pixels "
            "masked (--mask-hot) to leave them out"
            for readout, hot in found.items()
        ]

    def _line(self, name: str) -> Line:
        """A line of its own, also where two uploads have files of one name, or one is called as
        the second of another is."""
        free, number = name, 1
        while free in self._met:
            number += 1
            free = numbered(name, number)
        self._met.add(free)
        return Line(free)

    def _exposure(self, item: Item, line: Line, masters: Masters) -> None:
        path = tidy(item.name)
        cut = cut_frame(item, path, line.name, self.cutting, masters)
        size = (cut.exposure.height, cut.exposure.width)
        self._hot.add(cut.readout, footprint_pixels(cut), size, cut.exposure.content_hash)
        exposure_id, path, there = self._add_exposure(cut.exposure, line)
        cuts = [
            NewCutout(
                f"{path}:{number}", one.pixels, one.mask, exposure_id, one.x0, one.y0, one.flags
            )
            for number, one in enumerate(cut.cuts)
        ]
        line.account.taken_for = item.about.get("taken_for", "exposure")
        if there:
            self.flush()  # what waits may be of the same exposure
        if there and not brought_again.is_as_it_was(self.job, exposure_id, cuts):
            self._detect_again(exposure_id, path, cut, cuts, line)
            return
        if self.cutting.keep_exposures:
            self._add_tiles(exposure_id, cut.frame)
        line.account.exposures += 1
        line.account.parts.append(Part(name=path, state="in"))
        line.account.notes += cut.notes + self._unit_beside_others(cut.exposure.unit)
        if not cuts:
            line.account.notes.append(f"no footprint above the threshold: {path}")
        for new in cuts:
            self._add(new, line)

    def _unit_beside_others(self, unit: str) -> list[str]:
        others = sorted(self._units - {unit})
        self._units.add(unit)
        if not others:
            return []
        return [
            f"is in {unit}, other exposures of the dataset are in {', '.join(others)}: charges are "
            "not converted (see columns pixel_unit and charge_electron)"
        ]

    def _detect_again(
        self, exposure_id: int, path: str, cut: CutFrame, cuts: list[NewCutout], line: Line
    ) -> None:
        """Make what was found in an exposure that is there its new detection."""
        record, unit = cut.exposure.calibration, cut.exposure.unit
        found = redetecting.detect(
            self.job, exposure_id, cut.cuts, record, unit, lambda _: self.still_here()
        )
        if found.detection_id is None:
            line.known += len(cuts)
            return
        self.detected.append(found)
        with self.job.read() as session:
            stored = cutouts.of_exposure(session, exposure_id)
        for row in stored:
            fresh = row.path not in self._hashes
            self.added += fresh
            self.counts["cutouts"] += fresh
            if fresh or row.path in self._unreported:  # an attempt that died has stored it
                self._unreported.pop(row.path, None)
                line.n_cutouts += 1
                line.n_duplicates += row.duplicate_of is not None
            self._hashes[row.path] = bytes(row.content_hash)
        line.detected_again = True
        line.account.exposures += 1
        line.account.parts.append(Part(name=path, state="in"))
        line.account.notes += cut.notes + brought_again.told(path, found.carried)

    def _add_exposure(self, new: NewExposure, line: Line) -> tuple[int, str, bool]:
        """Id and path of the exposure, and whether it is there already with these pixels."""
        path, number = new.path, 1
        while path in self._exposures:
            known_id, digest = self._exposures[path]
            if digest == new.content_hash:
                return known_id, path, True
            number += 1
            path = numbered(new.path, number)
        if number > 1:
            line.account.notes.append(_other_content(new.path, path))
        with self.job.write() as session:
            placed = NewExposure(**{**vars(new), "path": path})
            exposure_id = exposures.add_exposure(session, self.job.dataset_id, placed)
        self._exposures[path] = (exposure_id, new.content_hash)
        return exposure_id, path, False

    def _add_tiles(self, exposure_id: int, frame: Calibrated) -> None:
        with self.job.read() as session:
            known = select(ExposureTile.level, ExposureTile.ty, ExposureTile.tx).where(
                ExposureTile.exposure_id == exposure_id
            )
            there = {tuple(row) for row in session.execute(known)}
            rows_there = exposure_planes.kept_rows(session, exposure_id)
        batch: list[exposures.Tile] = []
        for tile in exposures.encode_tiles(frame.image):
            if (tile.level, tile.ty, tile.tx) in there:
                continue
            batch.append(tile)
            if sum(len(t.data) for t in batch) >= BATCH_BYTES:
                self._write_tiles(exposure_id, batch)
                batch = []
        self._write_tiles(exposure_id, batch)
        for row in planes_of(frame):
            if (row["name"], row["row"]) not in rows_there:
                self.still_here()
                with self.job.write() as session:
                    exposure_planes.write_row(session, exposure_id, row)

    def _write_tiles(self, exposure_id: int, batch: list[exposures.Tile]) -> None:
        self.still_here()
        with self.job.write() as session:
            exposures.write_tiles(session, exposure_id, batch)
        time.sleep(PAUSE_SECONDS)

    def _crop(self, item: Item, line: Line) -> str:
        """Add a crop; the path it is kept under."""
        assert item.pixels is not None
        if line.account.taken_for == "unknown":
            line.account.taken_for = "crop"
        line.account.notes += item.about.get("notes", [])
        digest = cutouts.content_hash(item.pixels)
        given = tidy(item.name)
        path = known_cutouts.kept_as(self._hashes, given, digest)
        if path != given and path not in self._hashes:
            line.account.notes.append(_other_content(given, path))
        group = path.rpartition("/")[0] or None if self.folder_groups else None
        new = NewCutout(path, item.pixels, item.mask, source_group=group)
        if path in self._stored and not self._same_mask(new):
            line.refuse_part(path, OTHER_MASK)
            return path
        self._add(new, line, item.about.get("um_per_px"))
        return path

    @cached_property
    def _masked(self) -> set[str]:
        """Paths of the cutouts that had a mask before this attempt."""
        with self.job.read() as session:
            return known_cutouts.masked_paths(session, self.job.dataset_id)

    def _same_mask(self, new: NewCutout) -> bool:
        if new.mask is None and new.path not in self._masked:
            return True
        with self.job.read() as session:
            mask = known_cutouts.mask_of(session, self.job.dataset_id, new.path)
        if mask is None or new.mask is None:
            return mask is new.mask
        return np.array_equal(mask, new.mask)

    def _add(self, new: NewCutout, line: Line, um_per_px: float | None = None) -> None:
        if new.path in self._hashes:
            if new.path in self._unreported:  # an attempt that died has stored it
                line.n_cutouts += 1
                line.n_duplicates += self._unreported.pop(new.path)
            else:
                line.known += 1
            return
        self._hashes[new.path] = cutouts.content_hash(new.pixels)
        self._waiting.append((new, line, um_per_px))
        self._waiting_bytes += new.pixels.nbytes
        line.n_cutouts += 1
        if self._waiting_bytes >= BATCH_BYTES or len(self._waiting) >= BATCH_CUTOUTS:
            self.flush()

    def flush(self) -> None:
        """Store the waiting cutouts, and the lines of the files that are through, at once."""
        self.still_here()
        if not self._waiting and not self._lines:
            return
        with self.job.write() as session:
            ordinals = cutouts.append_cutouts(
                session, self.job.dataset_id, [new for new, _, _ in self._waiting]
            )
            append_pixel_sizes(
                session, self.job.dataset_id, ordinals, [size for _, _, size in self._waiting]
            )
            for ordinal in _duplicates(session, self.job.dataset_id, ordinals):
                self._waiting[ordinal - ordinals[0]][1].n_duplicates += 1
                self.counts["duplicates"] += 1
            rows = [line.row(self.job.id, self.job.dataset_id) for line in self._lines]
            add_import_files(session, rows)
        self.added += len(self._waiting)
        self.counts["cutouts"] += len(self._waiting)
        self._waiting, self._waiting_bytes, self._lines = [], 0, []
        self._flushed_at = time.monotonic()
        time.sleep(PAUSE_SECONDS)


def _other_content(given: str, kept: str) -> str:
    return f"another file of the path {given} came in before; this one is kept as {kept}"


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
