"""The command line as a person runs it: a process, its output, its exit code."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cloudchamber.running import RunningServer, find_server


@dataclass
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Shell:
    """Runs ``cloudchamber …`` with an environment of the test's own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        keep = {name: value for name, value in os.environ.items() if "CLOUDCHAMBER" not in name}
        self.environment = keep | {
            "XDG_DATA_HOME": str(folder / "xdg"),
            "COLUMNS": "200",
            # Compiled once for all tests, and not held back for people who are not there.
            "NUMBA_CACHE_DIR": str(Path(tempfile.gettempdir()) / "cloudchamber-tests-numba"),
            "CLOUDCHAMBER_NICE": "0",
            **environment,
        }

    def start(self, *words: object) -> subprocess.Popen[str]:
        """Start a command and return its process."""
        return subprocess.Popen(
            [sys.executable, "-m", "cloudchamber.cli", *map(str, words)],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *words: object, seconds: float = 240.0) -> Ran:
        """Run a command to its end."""
        process = self.start(*words)
        try:
            out, err = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            pytest.fail(f"cloudchamber {words} did not end in {seconds} s:\n{out}\n{err}")
        return Ran(process.returncode, out, err)

    @contextlib.contextmanager
    def serving(self, data: Path, *words: object) -> Iterator[RunningServer]:
        """A server on `data` for as long as the block lasts."""
        process = self.start("serve", "--data", data, "--port", "0", "--no-browser", *words)
        try:
            yield wait_for_server(data, process)
        finally:
            process.terminate()
            _, err = process.communicate(timeout=20)
        assert process.returncode == 0, err


def wait_for_server(data: Path, process: subprocess.Popen[str]) -> RunningServer:
    """Wait until a started server answers."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        server = find_server(data)
        if server is not None and server.pid == process.pid:
            return server
        time.sleep(0.05)
    process.kill()
    raise AssertionError(f"no server: {process.communicate()}")
