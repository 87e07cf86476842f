"""Weights and training states as bytes: safetensors with a JSON note. Nothing is ever unpickled.

A ``Journal`` keeps the finished stages of a training (folds, final fit) and the state of the
running one, so that a killed job goes on where it stopped and ends with the same weights.
"""

import json
import struct
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from cloudchamber_worker.learning.errors import BrokenCheckpoint

Arrays = dict[str, NDArray[Any]]
_NOTE = "cloudchamber"


def to_bytes(arrays: Arrays, note: dict[str, Any] | None = None) -> bytes:
    """Arrays by name and a JSON-able note as one safetensors file."""
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    return save(contiguous, metadata={_NOTE: json.dumps(note or {}, sort_keys=True)})


def from_bytes(raw: bytes) -> tuple[Arrays, dict[str, Any]]:
    """The inverse of ``to_bytes``; BrokenCheckpoint for anything else."""
    try:
        arrays = load(raw)
        (length,) = struct.unpack("<Q", raw[:8])
        header = json.loads(raw[8 : 8 + length])
        return arrays, json.loads(header.get("__metadata__", {}).get(_NOTE, "{}"))
    except (SafetensorError, struct.error, ValueError, KeyError, AttributeError) as error:
        raise BrokenCheckpoint("These bytes are not a checkpoint of this program.") from error


def under(arrays: Arrays, prefix: str) -> Arrays:
    """The arrays whose name starts with ``prefix/``, without it."""
    start = prefix + "/"
    return {name[len(start) :]: a for name, a in arrays.items() if name.startswith(start)}


def prefixed(arrays: Arrays, prefix: str) -> Arrays:
    """The arrays with ``prefix/`` before each name."""
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


class Journal:
    """Finished stages and the running one of a training.

    saved   bytes of an earlier journal, or None to begin
    store   called with the new bytes; at most every ``every`` seconds while a stage runs, and at
            the end of each stage. Without it the journal only remembers.
    """

    def __init__(
        self,
        saved: bytes | None = None,
        store: Callable[[bytes], None] | None = None,
        every: float = 5.0,
    ):
        self._done: Arrays = {}
        self._running: Arrays = {}
        self._curve: list[dict[str, Any]] = []
        if saved is not None:
            arrays, note = from_bytes(saved)
            self._done, self._running = under(arrays, "done"), under(arrays, "running")
            self._curve = list(note.get("curve", []))
        self._store, self._every, self._stored_at = store, every, time.monotonic()

    @property
    def curve(self) -> list[dict[str, Any]]:
        """The rows of all epochs so far, oldest first."""
        return self._curve

    def result(self, stage: str) -> Arrays | None:
        """What ``finish`` was given for this stage, or None while it is not finished."""
        found = under(self._done, stage)
        return found or None

    def finish(self, stage: str, arrays: Arrays) -> None:
        """Keep a stage's (non-empty) result and forget its running state."""
        self._done.update(prefixed(arrays, stage))
        self._running = {}
        self._write()

    def running(self, stage: str) -> Arrays | None:
        """The last state noted for this stage, or None."""
        found = under(self._running, stage)
        return found or None

    def note(self, stage: str, row: dict[str, Any], state: Callable[[], Arrays]) -> None:
        """One epoch has passed: keep its row; store the state when the time has come."""
        self._curve.append({"stage": stage, **row})
        if self._store is None or time.monotonic() - self._stored_at < self._every:
            return
        self._running = prefixed(state(), stage)
        self._write()

    def trim(self, stage: str, epochs: int) -> None:
        """Forget rows of this stage from ``epochs`` on: they will be run again."""
        self._curve = [r for r in self._curve if r["stage"] != stage or r["epoch"] < epochs]

    def _write(self) -> None:
        if self._store is None:
            return
        arrays = {**prefixed(self._done, "done"), **prefixed(self._running, "running")}
        started = time.monotonic()
        self._store(to_bytes(arrays, {"curve": self._curve}))
        self._stored_at = time.monotonic()
        # A large network must not spend its time saving: at most a twentieth of it.
        self._every = max(self._every, 20 * (self._stored_at - started))
