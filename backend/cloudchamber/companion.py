"""A process beside the server that is started again when it dies, and that never outlives it."""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

log = logging.getLogger(__name__)

PR_SET_PDEATHSIG = 1
LONGEST_PAUSE = 10.0
HEALTHY_SECONDS = 30.0


class Companion:
    """Keeps one process running until `stop`.

    Parameters
    ----------
    name : str
        For the log.
    command : sequence of str
        Program and arguments.
    log_file : Path
        Where its output goes; started anew with each server.
    environment : mapping, optional
        Added to this process's own.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log_file: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self._command = [sys.executable, "-m", "cloudchamber.companion", *command]
        self._log_file = log_file
        self._environment = os.environ | dict(environment or {})
        # Who asks the API is none of a companion's business.
        self._environment.pop("CLOUDCHAMBER_TOKEN", None)
        self._stopping = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._keep, name=name, daemon=True)

    def start(self) -> None:
        """Start the process and the thread that watches it."""
        self._log_file.parent.mkdir(parents=True, exist_ok=True)
        self._log_file.write_bytes(b"")
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Send SIGTERM, once, and do not start it again; `stop` waits for it."""
        if self._stopping.is_set():
            return
        self._stopping.set()
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._process.send_signal(signal.SIGTERM)

    def stop(self, seconds: float) -> None:
        """Stop the process, by force after `seconds`."""
        self.ask_to_stop()
        self._thread.join(seconds)
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                log.warning("%s did not stop in %.0f s and was killed", self.name, seconds)
                self._process.kill()
        self._thread.join(1.0)

    def _keep(self) -> None:
        # The process is started by this thread, and by no other: the kernel kills it when the
        # thread that started it ends.
        pause = 0.5
        while not self._stopping.is_set():
            began = time.monotonic()
            with self._log_file.open("ab") as output, self._lock:
                self._process = subprocess.Popen(
                    self._command,
                    env=self._environment,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,  # Ctrl-C reaches the server alone
                )
            status = self._process.wait()
            if self._stopping.is_set():
                return
            log.warning("%s ended with status %d and is started again", self.name, status)
            if time.monotonic() - began > HEALTHY_SECONDS:
                pause = 0.5
            self._stopping.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)


def main() -> None:
    """Become the given program, to be killed by the kernel when the parent ends (Linux)."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before the kernel had heard us
            sys.exit(1)
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
