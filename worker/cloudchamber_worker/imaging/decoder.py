"""The decoder's own process: reads one upload from standard input, sends what is in it.

`python -m cloudchamber_worker.imaging.decoder FD OPTIONS` is started by `sandbox`, limited in
memory and processor time. Messages on FD: a JSON header, then raw bytes where it has `nbytes`.
No message can carry code.
"""

import io
import json
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any, BinaryIO, TypeVar

import numpy as np
import pyarrow as pa

from cloudchamber_worker.imaging import archives, instruments, kinds, packed, tables
from cloudchamber_worker.imaging.crops import read_crops
from cloudchamber_worker.imaging.dialects.hit_lists import HitList, read_hits
from cloudchamber_worker.imaging.errors import NeedsAnswer, Unreadable
from cloudchamber_worker.imaging.file_images import send_images
from cloudchamber_worker.imaging.frame_uses import ask_for_use
from cloudchamber_worker.imaging.options import Options
from cloudchamber_worker.imaging.pixels import LeftOut
from cloudchamber_worker.imaging.places import Place
from cloudchamber_worker.imaging.run_members import send_runs

CPU_SECONDS = 60  # a file
ADDRESS_SPACE = 4 << 30
TABLES = ("labels", "metadata")  # roles whose files are tables whatever they look like
MAX_DEPTH = 5  # a FITS.gz in a zip in a zip in a zip is fine
Read = TypeVar("Read")


class Decoder:
    """Sends `begin` and `end` around every file, and its content in between.

    skip : how many files an earlier run has sent
    spoiled : why an earlier run died, by the number of the reading it died in
    """

    def __init__(
        self, pipe: Connection, options: Options, skip: int, spoiled: dict[int, str]
    ) -> None:
        self.pipe, self.options, self.skip, self.spoiled = pipe, options, skip, spoiled
        self.role = options.role
        self.count = self.readings = 0
        self.budget = packed.Budget()
        self.outermost: tuple[BinaryIO, int] | None = None  # archive and its size
        self.um_per_px: dict[str, float] = {}  # of images that a run's table lists, by whole path
        self.begun = False

    def tell(self, kind: str, data: bytes | memoryview | None = None, **header: Any) -> None:
        """Send one message."""
        if data is not None:
            header["nbytes"] = len(data)
        self.pipe.send_bytes(json.dumps({"kind": kind, **header}).encode())
        if data is not None:
            self.pipe.send_bytes(data)

    def file(self, place: Place, stream: BinaryIO, size: int) -> None:
        """Decode one file, or every member of an archive."""
        stream.seek(0)
        head = stream.read(kinds.HEAD)
        alone = instruments.advice(place.name, head) if self.role == "data" else None
        try:
            if alone is not None:
                raise Unreadable(alone)
            kind = tables.table_kind(head) or kinds.kind_of(head)
        except Unreadable as error:
            self.one(place, lambda error=error: _raise(error))
            return
        if kind in kinds.ARCHIVES + kinds.PACKED and place.depth >= MAX_DEPTH:
            deep = Unreadable(f"lies in {place.depth} archives, one within the other: unpack some")
            self.one(place, lambda: _raise(deep))
        elif kind in kinds.PACKED:
            self.packed(place, stream, size, kind)
        elif kind in kinds.ARCHIVES:
            self.archive(place, stream, size, kind)
        else:
            self.one(place, lambda: self.content(place, stream, size, kind))

    def packed(self, place: Place, stream: BinaryIO, size: int, kind: str) -> None:
        """A .fits.gz, a .tar.xz, or another single file, packed: it keeps its name."""
        try:
            data = self.reading(place.name, lambda: packed.unpack_file(stream, kind, size))
        except Unreadable as error:
            self.one(place, lambda error=error: _raise(error))
            return
        inner = replace(place, depth=place.depth + 1)
        self.file(inner, io.BytesIO(data), len(data))

    def archive(self, place: Place, stream: BinaryIO, size: int, kind: str) -> None:
        """Every member as a file of its own."""
        self.outermost = self.outermost or (stream, size)
        prefix = not (self.options.parcel and place.depth == 0)
        found: dict[str, archives.Member] = {}
        try:
            try:
                for member in archives.members(stream, kind):
                    found[member.name] = member
            finally:  # what stands before the damage comes in
                taken = send_runs(self, place, found, prefix=prefix)
                for name, member in found.items():
                    if name not in taken:
                        self.member(place.member(member, prefix=prefix), member)
        except Unreadable as error:
            self.one(place, lambda error=error: _raise(error))

    def member(self, place: Place, member: archives.Member) -> None:
        """One file of an archive."""
        try:
            read = member.read
            data = self.reading(place.name, read) if member.slow else read()
        except MemoryError:
            memory = Unreadable("does not fit in the decoder's memory")
            self.one(place, lambda: _raise(memory))
            return
        except (Unreadable, archives.Ignored) as error:
            self.one(place, lambda error=error: _raise(error))
            return
        self.budget.spend(len(data))
        self.file(place, io.BytesIO(data), len(data))

    def reading(self, name: str, read: Callable[[], Read]) -> Read:
        """What `read` returns; when it kills this process, the next one refuses it instead."""
        self.readings += 1
        if self.readings in self.spoiled:
            raise Unreadable(self.spoiled[self.readings])
        self.tell("reading", name=name, number=self.readings)
        _limit_time()
        return read()

    def one(self, place: Place, work: Callable[[], None]) -> None:
        """Run `work` for one file, and report what it refused."""
        if not self.begin(place):
            return
        self.begun = True
        try:
            work()
        except Unreadable as error:
            if self.role == "data" and archives.is_document(place.name):
                self.tell("ignored", reason="is a text for people, no data")
            else:
                self.tell("refused", reason=str(error), taken_for=error.taken_for)
        except archives.Ignored as error:
            self.tell("ignored", reason=str(error))
        except NeedsAnswer as error:
            self.tell("question", reason=str(error), asks=error.asks, taken_for=error.taken_for)
        except MemoryError:
            self.tell("refused", reason="does not fit in the decoder's memory")
        self.begun = False
        self.tell("end")

    def begin(self, place: Place) -> bool:
        """Announce a file; False when an earlier run has done it."""
        self.count += 1
        if self.count <= self.skip:
            return False
        _limit_time()
        self.tell("begin", name=place.name, part=self.part(), notes=place.notes)
        return True

    def part(self) -> float:
        """How much of the upload is read: a member is read as a whole before it begins."""
        if self.outermost is None:
            return 1.0
        archive, size = self.outermost
        return min(archive.tell() / max(size, 1), 1.0)

    def content(self, place: Place, stream: BinaryIO, size: int, kind: str) -> None:
        """Send the frames, crops or table of one file."""
        as_table = self.role in TABLES or kind in tables.TABLES_ONLY
        if kind == "fits" and not as_table:
            self.frames(place, stream, size)
            return
        if size > packed.MAX_MEMBER_BYTES:
            raise Unreadable(f"is larger than {packed.MAX_MEMBER_BYTES >> 20} MiB")
        stream.seek(0)
        data = stream.read()
        if kind == "text" and self.role == "data" and self.options.text_images != "yes":
            hits = read_hits(data)
            if hits is not None:
                self.hits(place, hits)
                return
        structured = kind == "npy" and tables.is_structured(data)
        if as_table or structured or (kind == "text" and tables.looks_like_table(data)):
            self.tables(place, data, kind)
            return
        if self.role == "defects":
            self.defects(place, data, kind)
            return
        if self.role in ("bias", "dark") and self.options.taken_as != "exposures":
            raise Unreadable(f"is {kind.upper()}; a {self.role} is a FITS exposure")
        send_images(self, place, data, kind)

    def frames(self, place: Place, stream: BinaryIO, size: int) -> None:
        """Send the exposures of a FITS file, or its tables where it holds no image."""
        from cloudchamber_worker.imaging.frame import Frame
        from cloudchamber_worker.imaging.frames import read_frames  # astropy: half a second
        from cloudchamber_worker.imaging.tables.astronomy import tables_beside

        sent = 0
        as_they_are = self.options.taken_as == "exposures" or self.role == "defects"
        try:
            for frame in read_frames(
                stream, place.name, size, self.options.settings, skipper=self.options.skipper,
                as_they_are=as_they_are,
            ):  # fmt: skip
                if not isinstance(frame, Frame):
                    kind = "part_refused" if frame.refused else "part_ignored"
                    self.tell(kind, part=frame.part, reason=frame.reason)
                    continue
                if self.role == "data" and self.options.taken_as == "auto" and not sent:
                    ask_for_use(frame.header, frame.data, place.name.rpartition("/")[2])
                self.array(
                    "frame", frame.data, frame.mask, name=place.name + frame.suffix,
                    hdu=frame.hdu, plane=frame.plane, header=frame.header,
                    extension=frame.extension, place=frame.place, step=frame.step,
                    flags=frame.flags, used_flags=frame.used_flags, notes=frame.notes,
                    colour=frame.colour,
                )  # fmt: skip
                sent += 1
            for part, reason in tables_beside(stream):
                self.tell("part_ignored", part=part, reason=reason)
        except Unreadable as error:
            if sent or size > packed.MAX_MEMBER_BYTES:
                raise
            stream.seek(0)
            try:
                self.tables(place, stream.read(), "fits")
            except Unreadable as table_error:
                raise Unreadable(f"{error}; as a table it {table_error}") from None

    def hits(self, place: Place, hits: HitList) -> None:
        """Send the frames of a hit list."""
        self.tell("note", note=hits.note)
        for frame in hits.images():
            alone = len(hits.frames) == 1
            self.array(
                "frame", frame.pixels, name=place.name + ("" if alone else f"-p{frame.number:03d}"),
                hdu=0, plane=None if alone else frame.number, header={"BUNIT": "count"},
                taken_for="hit_list",
            )  # fmt: skip

    def defects(self, place: Place, data: bytes, kind: str) -> None:
        """Send the mask of defects that a picture or an array is."""
        for image in read_crops(data, kind):
            if isinstance(image, LeftOut):
                self.tell("part_refused", part=image.part, reason=image.reason)
                continue
            pixels = image.pixels if image.pixels.ndim == 2 else image.pixels.max(axis=2)
            self.array("frame", pixels, name=place.name + image.part, header={})

    def tables(self, place: Place, data: bytes, kind: str) -> None:
        """Send every table of a file."""
        for table in tables.read_tables(data, kind, place.name):
            if self.role in TABLES:
                table.role = self.role
            self.arrow(table.table, **table.about())

    def arrow(self, table: pa.Table, **about: Any) -> None:
        """Send columns, and what is to be said about them."""
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        self.tell("table", sink.getvalue(), **about)

    def array(
        self, kind: str, pixels: np.ndarray, mask: np.ndarray | None = None, **header: Any
    ) -> None:
        """Send an array, little-endian, and its mask, one bit a pixel."""
        plain = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<"))
        self.tell(
            kind, plain.data.cast("B"), dtype=plain.dtype.name, shape=plain.shape,
            masked=mask is not None, **header,
        )  # fmt: skip
        if mask is not None:
            self.pipe.send_bytes(np.packbits(mask).tobytes())


def _raise(error: Exception) -> None:
    raise error


def _limit_time() -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(used.ru_utime + used.ru_stime)
    resource.setrlimit(
        resource.RLIMIT_CPU, (spent + CPU_SECONDS, resource.getrlimit(resource.RLIMIT_CPU)[1])
    )


def main(arguments: list[str]) -> None:
    """Decode standard input, a seekable file."""
    fd, asked = arguments[0], json.loads(arguments[1])
    options = Options(**asked["options"])
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    os.nice(10)
    pipe = Connection(int(fd), readable=False)
    spoiled = {int(number): reason for number, reason in asked["spoiled"].items()}
    decoder = Decoder(pipe, options, asked["skip"], spoiled)
    with os.fdopen(0, "rb", closefd=False) as stream:
        size = stream.seek(0, os.SEEK_END)
        decoder.file(Place(options.name, options.name.rpartition("/")[0]), stream, size)
    decoder.tell("done")
    pipe.close()


if __name__ == "__main__":
    main(sys.argv[1:])
