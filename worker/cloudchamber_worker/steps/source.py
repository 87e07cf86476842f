"""The uploads of an import, decoded one by one."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np

from cloudchamber.data import detectors, uploads
from cloudchamber.data.accounts import TakenFor
from cloudchamber.data.job_requests import ImportFiles, UploadRef
from cloudchamber.errors import JobError
from cloudchamber_worker.imaging.calibration import calibration_frame
from cloudchamber_worker.imaging.defects import HotPixelSearch
from cloudchamber_worker.imaging.dialects.settings import DetectorSettings, settings_for
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.masters import CalibrationFrame, MasterSet, make_masters
from cloudchamber_worker.imaging.sandbox import DecodedFile, decode
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.cutting import Masters, count_bright
from cloudchamber_worker.steps.report_lines import Line

TAKEN_FOR: dict[str, TakenFor] = {"bias": "bias", "dark": "dark", "defects": "defect_mask"}
MasterFrames = list[CalibrationFrame]


class Source:
    """Decodes uploads as an import was told to.

    part : how much of all bytes is through, 0 to 1
    """

    def __init__(
        self, job: JobContext, params: ImportFiles, keep_alive: Callable[[], None]
    ) -> None:
        self.job, self.params, self.keep_alive = job, params, keep_alive
        self.part = 0.0
        with job.read() as session:
            self.detectors = detectors.remembered(session)
            self._sizes = {
                ref.id: uploads.get_upload(session, ref.id).size for ref in params.uploads
            }
        self._total = max(sum(self._sizes.values()), 1)
        self._through = 0

    def decode(self, ref: UploadRef) -> Iterator[DecodedFile]:
        """Every file of an upload."""
        assert ref.role != "ignore"
        size, said = self._sizes[ref.id], self.params.detector
        with spooled(self.job, ref.id) as (stream, name):
            files = decode(
                stream, name, ref.role, parcel=ref.parcel, taken_as=self.params.taken_as,
                text_images=self.params.text_images, skipper=self.params.skipper,
                detector=said.model_dump(exclude_none=True) if said else None,
                detectors=self.detectors, keep_alive=self.keep_alive,
            )  # fmt: skip
            for file in files:
                yield file
                self.part = (self._through + file.part * size) / self._total
        self._through += size

    def begin_again(self) -> None:
        """Count the data from the beginning: they are read a second time."""
        self.part, self._through = 0.0, 0

    def settings(self, header: dict[str, Any]) -> DetectorSettings:
        """What is said about the detector of an exposure with this header."""
        said = self.params.detector
        remembered = {name: DetectorSettings.of(one) for name, one in self.detectors.items()}
        this = DetectorSettings.of(said.model_dump() if said else None)
        return settings_for(header, this, remembered)

    def names(self, *roles: str) -> list[str]:
        """File names of the uploads of these roles."""
        with self.job.read() as session:
            return [uploads.get_upload(session, ref.id).name for ref in self.refs(*roles)]

    def refs(self, *roles: str) -> list[UploadRef]:
        """The uploads of these roles."""
        return [ref for ref in self.params.uploads if ref.role in roles]


def read_masters(
    source: Source, take: Callable[[DecodedFile, str, UploadRef], MasterFrames]
) -> Masters:
    """The masters of the uploads with role bias and dark, the mask of those with role defects, and
    what is remembered about detectors; `take` gives a file's frames.

    Raises
    ------
    JobError
        When files were given for a master and none can be made of them.
    """
    made: dict[str, MasterSet | None] = {"bias": None, "dark": None}
    for kind in made:
        if not source.refs(kind):
            continue
        try:
            made[kind] = make_masters(kind, _frames(source, take, kind), made["bias"])
        except Unreadable as error:
            raise JobError(f"No master {kind} can be made: {error}.") from error
    defects: dict[int, np.ndarray] = {}
    for frame in _frames(source, take, "defects"):
        marked = ~np.isfinite(frame.image) | (frame.image != 0)
        there = defects.get(frame.place)
        if there is not None and there.shape != marked.shape:
            raise JobError("The masks of defects differ in size.")
        defects[frame.place] = marked if there is None else there | marked
    remembered = {name: DetectorSettings.of(said) for name, said in source.detectors.items()}
    return Masters(made["bias"], made["dark"], defects, detectors=remembered)


def with_hot_pixels(source: Source, masters: Masters) -> Masters:
    """The masters, and masks of the pixels that are hot in most exposures of their detector: a
    walk through all exposures before they are cut."""
    search = HotPixelSearch()
    for ref in source.refs("data"):
        for file in source.decode(ref):
            for item in file.items:
                if item.kind == "frame" and item.pixels is not None:
                    count_bright(item, source.params, masters, search)
    source.begin_again()
    return replace(masters, hot={readout: hot.mask for readout, hot in search.found().items()})


def _frames(
    source: Source, take: Callable[[DecodedFile, str, UploadRef], MasterFrames], kind: str
) -> MasterFrames:
    return [
        frame for ref in source.refs(kind) for file in source.decode(ref)
        for frame in take(file, kind, ref)
    ]  # fmt: skip


def frames_of_master(
    file: DecodedFile, kind: str, line: Line, settings: Callable[[dict[str, Any]], DetectorSettings]
) -> MasterFrames:
    """The readouts of a file that is part of a master, its account told in `line`."""
    line.account.taken_for = TAKEN_FOR[kind]
    frames: MasterFrames = []
    for item in file.items:
        if item.kind != "frame" or item.pixels is None:
            line.refuse_part(item.name, f"is no exposure; a {TAKEN_FOR[kind]} is one")
            continue
        header = item.about["header"]
        line.account.notes += item.about.get("notes", [])
        place, extension = item.about.get("place", 0), item.about.get("extension", "")
        if kind == "defects":  # of the readout or of the data area, as `calibrate` takes both
            frame = CalibrationFrame(item.pixels.astype(np.float32), header, extension, place)
        else:
            frame = calibration_frame(
                item.pixels, header, mask=item.mask, extension=extension, place=place,
                settings=settings(header),
            )  # fmt: skip
        frames.append(frame)
        line.account.exposures += 1
    return frames


@contextmanager
def spooled(job: JobContext, upload_id: int) -> Iterator[tuple[BinaryIO, str]]:
    """The upload as an unnamed file, which leaves nothing behind however the process ends."""
    with tempfile.TemporaryFile() as spool:
        with job.read() as session:
            name = uploads.get_upload(session, upload_id).name
            for chunk in uploads.read_upload(session, upload_id):
                spool.write(chunk)
        spool.flush()
        yield spool, name
