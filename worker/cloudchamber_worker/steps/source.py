"""The uploads of an import, decoded one by one."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np

from cloudchamber.data import uploads
from cloudchamber.data.job_requests import ImportFiles, UploadRef
from cloudchamber.errors import JobError
from cloudchamber_worker.imaging import calibration
from cloudchamber_worker.imaging.errors import Unreadable
from cloudchamber_worker.imaging.sandbox import DecodedFile, decode
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.cutting import Masters

MasterFrames = list[tuple[np.ndarray, dict[str, Any]]]


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
            self._sizes = {
                ref.id: uploads.get_upload(session, ref.id).size for ref in params.uploads
            }
        self._total = max(sum(self._sizes.values()), 1)
        self._through = 0

    def decode(self, ref: UploadRef) -> Iterator[DecodedFile]:
        """Every file of an upload."""
        assert ref.role != "ignore"
        size = self._sizes[ref.id]
        with spooled(self.job, ref.id) as (stream, name):
            files = decode(
                stream, name, ref.role, parcel=ref.parcel, taken_as=self.params.taken_as,
                text_images=self.params.text_images, keep_alive=self.keep_alive,
            )  # fmt: skip
            for file in files:
                yield file
                self.part = (self._through + file.part * size) / self._total
        self._through += size

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
    """The medians of the uploads with role bias and dark; `take` gives a file's frames.

    Raises
    ------
    JobError
        When files were given for a master and none can be made of them.
    """
    made: dict[str, np.ndarray | None] = {"bias": None, "dark": None}
    for kind in made:
        refs = source.refs(kind)
        frames = [
            one for ref in refs for file in source.decode(ref) for one in take(file, kind, ref)
        ]
        if not refs:
            continue
        try:
            made[kind] = calibration.master(frames)
        except Unreadable as error:
            raise JobError(f"No master {kind} can be made: {error}.") from error
    return Masters(made["bias"], made["dark"])


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
