"""Decoding where a hostile or broken file can do no harm: in a child that may be killed.

The child has its own memory, processor-time and file limits; the parent adds a wall clock. When
the child dies in a file, that file is refused and a new child goes on with the next one.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, BinaryIO
from unicodedata import normalize

import numpy as np
import pyarrow as pa

from cloudchamber_worker.imaging.options import Options, Role, Skipper, TakenAs, TextImages

log = logging.getLogger(__name__)

WALL_SECONDS = 60.0  # without a message
MAX_RESTARTS = 100
# What a message says about itself; the rest is about the item.
ENVELOPE = ("kind", "name", "nbytes", "dtype", "shape", "masked")
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass
class DecodedFile:
    """One file or archive member; consume `items` before asking for the next.

    name : whole relative path, archives included: `run0.zip/sub/1.png`
    part : of the upload, 0 to 1, that has been read when this file is through
    notes : sentences about the file as a whole, such as how its name was read

    Known once `items` has ended:

    refused, ignored : why nothing, or nothing more, came in; None when all is well
    question : what must be answered first; None when nothing is asked
    asks : the kind of answer, as `NeedsAnswer` names it
    taken_for : what it was recognised as though none of it came in; None where that is unknown
    instrument : which instrument's run it belongs to; None for a file of its own
    parts_refused, parts_ignored : (part, why) of the pages, frames, HDUs that did not come in
    """

    name: str
    items: Iterator["Item"]
    refused: str | None = None
    ignored: str | None = None
    question: str | None = None
    asks: str = ""
    taken_for: str | None = None
    instrument: str | None = None
    part: float = 1.0
    notes: list[str] = field(default_factory=list)
    parts_refused: list[tuple[str, str]] = field(default_factory=list)
    parts_ignored: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Item:
    """A 'frame', a 'crop' or a 'table' of a file.

    name : the file's name, with '-0003' or '-AMP1' where the file holds several
    pixels : frame [height, width]; crop [height, width] or [height, width, 3]; file's own dtype
    mask : bool [height, width], what of a crop is inside (alpha > 0); None when all of it is. Of a
        frame, what is no data
    about : frame: all of `Frame` but its pixels; crop: folder, notes, um_per_px where it is
        known, and text_matrix (True) for a matrix in a text file, which `TextFolders` may decide
        about;
        table: all of `ReadTable` but its columns
    """

    kind: str
    name: str
    pixels: np.ndarray | None = None
    table: pa.Table | None = None
    about: dict[str, Any] = field(default_factory=dict)
    mask: np.ndarray | None = None


class _Died(Exception):
    """The child is gone; the message says why."""


def decode(
    stream: BinaryIO,
    name: str,
    role: Role = "data",
    *,
    parcel: bool = False,
    taken_as: TakenAs = "auto",
    text_images: TextImages = "ask",
    skipper: Skipper = "ask",
    detector: dict[str, Any] | None = None,
    detectors: dict[str, dict[str, Any]] | None = None,
    keep_alive: Callable[[], None] | None = None,
) -> Iterator[DecodedFile]:
    """Decode an upload: yields every file in it, one for a plain file, more for an archive.

    Parameters
    ----------
    stream : a real file (with a descriptor); the child reads it
    name, role, parcel, taken_as, text_images, skipper, detector, detectors : as in `Options`
    keep_alive : called about once a second while waiting; may raise to stop
    """
    options = Options(
        normalize("NFC", name), role, parcel, taken_as, text_images, skipper, detector or {},
        detectors or {},
    )  # fmt: skip
    run = _Run(stream, options, keep_alive)
    while True:
        try:
            if (yield from run.files()):
                return
        finally:
            run.stop()
        if run.starts > MAX_RESTARTS:
            run.failure = "crashed the decoder too often; given up"
        if run.failure is not None:
            yield DecodedFile(options.name, iter(()), refused=run.failure)
            return


class _Run:
    """Children that decode one upload, one after the other died.

    skip : how many files have been begun: a child is not given these again
    spoiled : why a child died, by the number of the reading it died in
    failure : why no further child is started
    """

    def __init__(
        self, stream: BinaryIO, options: Options, keep_alive: Callable[[], None] | None
    ) -> None:
        self.stream, self.options, self.keep_alive = stream, options, keep_alive
        self.skip = self.starts = 0
        self.spoiled: dict[int, str] = {}
        self.failure: str | None = None
        self.child: subprocess.Popen[bytes] | None = None

    def files(self) -> Generator[DecodedFile, None, bool]:
        """Yield files until the child ends; returns whether it has done all."""
        child, pipe = self.child, self.pipe = _start(
            self.stream, self.options, self.skip, self.spoiled
        )
        self.starts += 1
        begun = self.skip
        reading: int | None = None
        try:
            while True:
                message = _receive(pipe, child, self.keep_alive)
                if message["kind"] == "done":
                    return True
                if message["kind"] == "reading":
                    reading = message["number"]
                    continue
                reading = None
                self.skip += 1
                file = DecodedFile(
                    message["name"], iter(()), part=message["part"], notes=message["notes"]
                )
                file.items = _items(file, pipe, child, self.keep_alive)
                yield file
                for _ in file.items:
                    pass
                if child.poll() not in (None, 0):
                    return False
        except _Died as died:
            if reading is not None:
                self.spoiled[reading] = str(died)
            elif self.skip == begun:  # the next one would do no better
                self.failure = str(died)
            return False

    def stop(self) -> None:
        """End the child."""
        if self.child is not None:
            _stop(self.child, self.pipe)


def _items(
    file: DecodedFile,
    pipe: Connection,
    child: subprocess.Popen[bytes],
    keep_alive: Callable[[], None] | None,
) -> Iterator[Item]:
    try:
        while True:
            message = _receive(pipe, child, keep_alive)
            kind = message["kind"]
            if kind == "end":
                return
            if kind in ("refused", "ignored", "question", "instrument"):
                setattr(file, kind, message["reason"])
                file.taken_for = message.get("taken_for") or file.taken_for
                file.asks = message.get("asks", file.asks)
            elif kind == "note":
                file.notes.append(message["note"])
            elif kind in ("part_refused", "part_ignored"):
                parts = file.parts_refused if kind == "part_refused" else file.parts_ignored
                parts.append((message["part"], message["reason"]))
            else:
                yield _item(message, pipe, child)
    except _Died as died:
        file.refused = str(died)
        _kill(child)


def _item(message: dict[str, Any], pipe: Connection, child: subprocess.Popen[bytes]) -> Item:
    data = _bytes(pipe, child)
    about = {key: value for key, value in message.items() if key not in ENVELOPE}
    kind, name = message["kind"], message.get("name", "")
    if kind == "table":
        with pa.ipc.open_stream(data) as reader:
            return Item(kind, name, table=reader.read_all(), about=about)
    shape = message["shape"]
    pixels = np.frombuffer(data, np.dtype(message["dtype"])).reshape(shape)
    mask = None
    if message["masked"]:
        bits = np.unpackbits(np.frombuffer(_bytes(pipe, child), np.uint8))
        mask = bits[: shape[0] * shape[1]].astype(bool).reshape(shape[:2])
    return Item(kind, name, pixels, None, about, mask)


def _start(
    stream: BinaryIO, options: Options, skip: int, spoiled: dict[int, str]
) -> tuple[subprocess.Popen[bytes], Connection]:
    here, there = Pipe(duplex=False)
    asked = {"options": asdict(options), "skip": skip, "spoiled": spoiled}
    child = subprocess.Popen(
        [sys.executable, "-m", "cloudchamber_worker.imaging.decoder",
         str(there.fileno()), json.dumps(asked)],
        stdin=stream,
        stderr=subprocess.DEVNULL,
        pass_fds=(there.fileno(),),
        env={**os.environ, **dict.fromkeys(THREADS, "1")},
    )  # fmt: skip
    there.close()
    return child, here


def _receive(
    pipe: Connection, child: subprocess.Popen[bytes], keep_alive: Callable[[], None] | None
) -> dict[str, Any]:
    waited = 0.0
    while not pipe.poll(1.0):
        if keep_alive is not None:
            keep_alive()
        waited += 1.0
        if waited >= WALL_SECONDS:
            _kill(child)
            raise _Died(f"took longer than {WALL_SECONDS:.0f} s to decode")
    return json.loads(_bytes(pipe, child))


def _bytes(pipe: Connection, child: subprocess.Popen[bytes]) -> bytes:
    try:
        return pipe.recv_bytes()
    except (EOFError, OSError):
        raise _Died(_why(child)) from None


def _why(child: subprocess.Popen[bytes]) -> str:
    try:
        code = child.wait(5)
    except subprocess.TimeoutExpired:
        return "stopped the decoder"
    reasons = {
        -9: "needs more memory than a file may",
        -24: "takes longer to decode than a file may",
        -11: "crashed the decoder (segmentation fault)",
        -6: "crashed the decoder (abort)",
    }
    return reasons.get(code, f"crashed the decoder (exit {code})")


def _kill(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.kill()
        child.wait()


def _stop(child: subprocess.Popen[bytes], pipe: Connection) -> None:
    pipe.close()
    try:
        child.wait(1 if child.poll() is None else 0)
    except subprocess.TimeoutExpired:
        _kill(child)
