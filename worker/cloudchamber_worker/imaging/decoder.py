"""The decoder's own process: reads one upload from standard input, sends what is in it.

`python -m cloudchamber_worker.imaging.decoder FD NAME ROLE SKIP` is started by `sandbox`, limited
in memory and processor time. Messages on FD: a JSON header, then raw bytes where it has `nbytes`.
No message can carry code.
"""

import io
import json
import os
import resource
import signal
import sys
from multiprocessing.connection import Connection
from pathlib import PurePosixPath
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

from cloudchamber_worker.imaging import archives, crops, tables
from cloudchamber_worker.imaging.errors import Unreadable

CPU_SECONDS = 60  # a file
ADDRESS_SPACE = 4 << 30
NESTED = 2  # a FITS.gz in a zip is fine, a zip in a zip in a zip is not


class Decoder:
    """Sends `begin` and `end` around every file, and its content in between."""

    def __init__(self, pipe: Connection, role: str, skip: int) -> None:
        self.pipe, self.role, self.skip = pipe, role, skip
        self.count = 0
        self.outermost: tuple[BinaryIO, int] | None = None  # archive and its size

    def tell(self, kind: str, data: bytes | memoryview | None = None, **header: Any) -> None:
        """Send one message."""
        if data is not None:
            header["nbytes"] = len(data)
        self.pipe.send_bytes(json.dumps({"kind": kind, **header}).encode())
        if data is not None:
            self.pipe.send_bytes(data)

    def file(self, name: str, stream: BinaryIO, size: int, depth: int = 0) -> None:
        """Decode one file, or every member of an archive."""
        stream.seek(0)
        head = stream.read(512)
        try:
            kind = crops.kind_of(head)
        except Unreadable as error:
            self.one(name, lambda error=error: _raise(error))
            return
        if kind == "gzip":
            self.gzip(name, stream, size, depth)
        elif kind in ("zip", "tar"):
            self.archive(name, stream, size, kind, depth)
        else:
            self.one(name, lambda: self.content(name, stream, size, kind))

    def gzip(self, name: str, stream: BinaryIO, size: int, depth: int) -> None:
        """A .fits.gz, a .tar.gz, or another single file, packed."""
        if depth >= NESTED:
            self.one(name, lambda: _raise(Unreadable("is packed too many times")))
            return
        begun = self.begin(name) if not name.lower().endswith((".tar.gz", ".tgz")) else False
        try:
            unpacked, unpacked_size = archives.gunzip(stream, size)
        except Unreadable as error:
            if begun or self.begin(name):
                self.tell("refused", reason=str(error))
                self.tell("end")
            return
        with unpacked:
            inner = name[:-3] if name.lower().endswith(".gz") else name
            kind = ""
            if not begun:
                self.file(inner, unpacked, unpacked_size, depth + 1)
                return
            try:
                kind = crops.kind_of(unpacked.read(512))
                if kind in ("zip", "tar", "gzip"):
                    raise Unreadable(f"is a packed {kind}: name it .tar.gz")
                self.content(inner, unpacked, unpacked_size, kind)
            except Unreadable as error:
                self.tell("refused", reason=str(error))
            self.tell("end")

    def archive(self, name: str, stream: BinaryIO, size: int, kind: str, depth: int) -> None:
        """Every member as a file of its own."""
        if depth >= NESTED:
            self.one(name, lambda: _raise(Unreadable("is an archive within archives")))
            return
        stream.seek(0)
        self.outermost = self.outermost or (stream, size)
        try:
            for member, data in archives.members(stream, kind):
                if isinstance(data, bytes):
                    self.file(member, io.BytesIO(data), len(data), depth + 1)
                    continue
                error = data
                self.one(member, lambda error=error: _raise(error))
        except Unreadable as error:
            self.one(name, lambda error=error: _raise(error))

    def one(self, name: str, work: Any) -> None:
        """Run `work` for one file, and report what it refused."""
        if not self.begin(name):
            return
        try:
            work()
        except Unreadable as error:
            self.tell("refused", reason=str(error))
        except archives.Ignored as error:
            self.tell("ignored", reason=str(error))
        except MemoryError:
            self.tell("refused", reason="does not fit in the decoder's memory")
        self.tell("end")

    def begin(self, name: str) -> bool:
        """Announce a file; False when an earlier run has done it."""
        self.count += 1
        if self.count <= self.skip:
            return False
        used = resource.getrusage(resource.RUSAGE_SELF)
        spent = int(used.ru_utime + used.ru_stime)
        resource.setrlimit(
            resource.RLIMIT_CPU, (spent + CPU_SECONDS, resource.getrlimit(resource.RLIMIT_CPU)[1])
        )
        self.tell("begin", name=name, part=self.part())
        return True

    def part(self) -> float:
        """How much of the upload is read: a member is read as a whole before it begins."""
        if self.outermost is None:
            return 1.0
        archive, size = self.outermost
        return min(archive.tell() / max(size, 1), 1.0)

    def content(self, name: str, stream: BinaryIO, size: int, kind: str) -> None:
        """Send the frames, crops or table of one file."""
        if kind == "fits":
            self.frames(name, stream, size)
            return
        if size > archives.MAX_MEMBER_BYTES:
            raise Unreadable(f"is larger than {archives.MAX_MEMBER_BYTES >> 20} MiB")
        stream.seek(0)
        data = stream.read()
        if self.role in ("labels", "metadata") or kind == "parquet":
            self.table(data, kind)
            return
        if kind == "text" and tables.looks_like_table(data):
            self.table(data, kind)
            return
        if self.role in ("bias", "dark"):
            raise Unreadable(f"is {kind.upper()}; a {self.role} is a FITS exposure")
        stem = PurePosixPath(name).stem
        for suffix, pixels in crops.read_crops(data, kind):
            self.array("crop", pixels, name=stem + suffix, **_folder(name))

    def frames(self, name: str, stream: BinaryIO, size: int) -> None:
        """Send the exposures of a FITS file."""
        from cloudchamber_worker.imaging.frames import read_frames  # astropy: half a second

        for frame in read_frames(stream, name, size):
            self.array(
                "frame", frame.data, name=frame.name, hdu=frame.hdu, plane=frame.plane,
                header=frame.header,
            )  # fmt: skip

    def table(self, data: bytes, kind: str) -> None:
        """Send a table as an Arrow stream."""
        table = tables.read_table(data, kind)
        sink = io.BytesIO()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        self.tell("table", sink.getvalue())

    def array(self, kind: str, pixels: np.ndarray, **header: Any) -> None:
        """Send an array, little-endian."""
        plain = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<"))
        self.tell(kind, plain.data.cast("B"), dtype=plain.dtype.name, shape=plain.shape, **header)


def _raise(error: Exception) -> None:
    raise error


def _folder(name: str) -> dict[str, str | None]:
    parent = PurePosixPath(name).parent.name
    return {"folder": parent or None}


def main(arguments: list[str]) -> None:
    """Decode standard input, a seekable file."""
    fd, name, role, skip = arguments
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    os.nice(10)
    pipe = Connection(int(fd), readable=False)
    decoder = Decoder(pipe, role, int(skip))
    with os.fdopen(0, "rb", closefd=False) as stream:
        size = stream.seek(0, os.SEEK_END)
        decoder.file(name, stream, size)
    decoder.tell("done")
    pipe.close()


if __name__ == "__main__":
    main(sys.argv[1:])
