"""One server per data directory: a lock the kernel releases, and a note that says where it is."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from cloudchamber.errors import Conflict

LOCK = "server.lock"
NOTE = "server.json"


@dataclass(frozen=True)
class RunningServer:
    """Where the server of a data directory answers."""

    pid: int
    url: str
    token: str | None
    runtime_dir: str | None


def find_server(data_dir: Path) -> RunningServer | None:
    """Return the server that runs on `data_dir` now, None where there is none (or not yet)."""
    server = _read_note(data_dir)
    return server if server and _is_locked(data_dir) else None


@contextmanager
def sole_server(data_dir: Path) -> Iterator[RunningServer | None]:
    """Hold the lock of `data_dir`; yields the note of a predecessor that was killed, if any.

    Raises
    ------
    Conflict
        When a server runs there already.
    """
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / LOCK).open("a") as lock:
        if not _take(lock):
            server = find_server(data_dir)
            where = f" at {server.url}" if server else ""
            raise Conflict(
                f"A server already runs on this data directory{where}.",
                hint="Use that one, or name another directory by --data.",
            )
        try:
            yield _read_note(data_dir)
        finally:
            (data_dir / NOTE).unlink(missing_ok=True)


def announce(data_dir: Path, server: RunningServer) -> None:
    """Write where the server answers; readable by its owner alone, for it holds the token."""
    draft = data_dir / f"{NOTE}.{os.getpid()}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(server), file)
    draft.replace(data_dir / NOTE)


def _read_note(data_dir: Path) -> RunningServer | None:
    try:
        return RunningServer(**json.loads((data_dir / NOTE).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def _take(lock: IO[str]) -> bool:
    # Several tries: somebody who only looks whether we run holds the lock for an instant.
    for _ in range(5):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError:
            time.sleep(0.05)
    return False


def _is_locked(data_dir: Path) -> bool:
    try:
        with (data_dir / LOCK).open("r") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
