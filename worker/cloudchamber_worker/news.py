"""What a child has told its supervisor, kept until the next beat writes it."""

import json
import threading
import time
from typing import IO, Any

from cloudchamber.data import leases

HEARD_SECONDS = 2.0  # for the last lines of a child that has ended


class News:
    """What the child has told, heard by a thread of its own."""

    def __init__(self) -> None:
        self.heard_at = time.monotonic()
        self.outcome: dict[str, Any] | None = None
        self.published = False
        self.follow_ups: list[int] = []
        self.curve: list[dict[str, Any]] = []
        self._progress: dict[str, Any] | None = None
        self._curve_grew = False
        self._curve_taken = 0.0
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def listen(self, pipe: IO[bytes]) -> None:
        """Start to hear."""
        self._thread = threading.Thread(target=self._hear, args=(pipe,), daemon=True)
        self._thread.start()

    def wait_for_end(self) -> None:
        """Wait until everything the child wrote has been heard."""
        if self._thread is not None:
            self._thread.join(HEARD_SECONDS)

    def fresh(self, now: float) -> bool:
        """Whether there is something worth a write; a long curve is written more rarely."""
        with self._lock:
            curve_due = self._curve_grew and now - self._curve_taken > len(self.curve) / 200
            return self._progress is not None or curve_due

    def take(self) -> tuple[dict[str, Any] | None, list[dict[str, Any]] | None]:
        """Return the newest progress and curve, None where nothing is new."""
        with self._lock:
            progress, self._progress = self._progress, None
            curve = list(self.curve) if self._curve_grew else None
            if curve is not None:
                self._curve_grew, self._curve_taken = False, time.monotonic()
            return progress, curve

    def _hear(self, pipe: IO[bytes]) -> None:
        with pipe:
            for line in pipe:
                try:
                    message = json.loads(line)
                except ValueError:  # the child was killed in the middle of a line
                    continue
                with self._lock:
                    self._note(message)

    def _note(self, message: dict[str, Any]) -> None:
        self.heard_at = time.monotonic()
        if "progress" in message:
            self._progress = message["progress"]
        if "epoch" in message:
            leases.merge_row(self.curve, message["epoch"])
            self._curve_grew = True
        if "ring" in message:
            self.published = True
            self.follow_ups = message["ring"]
        if "outcome" in message:
            self.outcome = message
