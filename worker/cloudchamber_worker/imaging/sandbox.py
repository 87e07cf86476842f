"""Decoding where a hostile or broken file can do no harm: in a child that may be killed.

The child has its own memory, processor-time and file limits; the parent adds a wall clock. When
the child dies in a file, that file is refused and a new child goes on with the next one.
"""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa

log = logging.getLogger(__name__)

WALL_SECONDS = 60.0  # without a message
MAX_RESTARTS = 100
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass
class DecodedFile:
    """One file or archive member; consume `items` before asking for the next.

    `part` of the upload, 0 to 1, has been read when this file is through.
    `refused` and `ignored` are the reasons, known once `items` has ended.
    """

    name: str
    items: Iterator["Item"]
    refused: str | None = None
    ignored: str | None = None
    part: float = 1.0


@dataclass(frozen=True)
class Item:
    """A 'frame', a 'crop' or a 'table' of a file.

    pixels : frame [height, width]; crop [height, width] or [height, width, 3]; file's own dtype
    about : frame: hdu, plane, header; crop: folder
    """

    kind: str
    name: str
    pixels: np.ndarray | None = None
    table: pa.Table | None = None
    about: dict[str, Any] = field(default_factory=dict)


class _Died(Exception):
    """The child is gone; the message says why."""


def decode(
    stream: BinaryIO, name: str, role: str = "data", *, keep_alive: Callable[[], None] | None = None
) -> Iterator[DecodedFile]:
    """Decode an upload: yields every file in it, one for a plain file, more for an archive.

    Parameters
    ----------
    stream : a real file (with a descriptor); the child reads it
    name : its file name
    role : 'data', 'bias', 'dark', 'labels' or 'metadata'
    keep_alive : called about once a second while waiting; may raise to stop
    """
    skip = restarts = 0
    while True:
        child, pipe = _start(stream, name, role, skip)
        try:
            while True:
                message = _receive(pipe, child, keep_alive)
                if message["kind"] == "done":
                    return
                skip += 1  # a child that dies from here on is not given this file again
                file = DecodedFile(message["name"], iter(()), part=message["part"])
                file.items = _items(file, pipe, child, keep_alive)
                yield file
                for _ in file.items:
                    pass
                if child.poll() not in (None, 0):
                    break
        except _Died as died:
            failed = DecodedFile(name, iter(()), refused=str(died))
            if skip == 0:  # died before any file: the upload itself
                yield failed
                return
        finally:
            _stop(child, pipe)
        restarts += 1
        if restarts > MAX_RESTARTS:
            yield DecodedFile(name, iter(()), refused="crashed the decoder too often; given up")
            return


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
            if kind == "refused":
                file.refused = message["reason"]
            elif kind == "ignored":
                file.ignored = message["reason"]
            else:
                yield _item(message, _bytes(pipe, child))
    except _Died as died:
        file.refused = str(died)
        _kill(child)


def _item(message: dict[str, Any], data: bytes) -> Item:
    if message["kind"] == "table":
        with pa.ipc.open_stream(data) as reader:
            return Item("table", "", table=reader.read_all())
    pixels = np.frombuffer(data, np.dtype(message["dtype"])).reshape(message["shape"])
    about = {k: message.get(k) for k in ("hdu", "plane", "header", "folder") if k in message}
    return Item(message["kind"], message["name"], pixels, None, about)


def _start(
    stream: BinaryIO, name: str, role: str, skip: int
) -> tuple[subprocess.Popen[bytes], Connection]:
    here, there = Pipe(duplex=False)
    child = subprocess.Popen(
        [sys.executable, "-m", "cloudchamber_worker.imaging.decoder",
         str(there.fileno()), name, role, str(skip)],
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
