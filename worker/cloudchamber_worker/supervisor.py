"""The supervisor's side of a job: claim, spawn a child, beat, cancel, and settle how it ended.

One thread of the worker process runs `work_on` for each job. It imports nothing heavy: the work is
done by the child (`cloudchamber_worker.child`) in a process group of its own.
"""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import psutil
from sqlalchemy.exc import SQLAlchemyError

from cloudchamber.data import jobs, leases
from cloudchamber.data.database import Database
from cloudchamber.data.jobs import JobState
from cloudchamber.errors import CloudchamberError
from cloudchamber_worker.news import News
from cloudchamber_worker.process import describe_exit
from cloudchamber_worker.settings import WorkerSettings

log = logging.getLogger(__name__)

POLL_SECONDS = 0.1
GRACE_SECONDS = 2.0  # for a child that was asked to stop
EXIT_SECONDS = 10.0  # for a child that has published
SETTLE_SECONDS = 20.0  # for a database that does not answer when the end is to be written

Ring = Callable[[list[int]], None]


def work_on(
    job_id: int,
    database: Database,
    settings: WorkerSettings,
    *,
    owner: str,
    ring: Ring,
    stopping: threading.Event,
) -> None:
    """Claim a job and see it through; nothing happens when it is not to be had."""
    try:
        with database.write() as session:
            lease = leases.claim(
                session,
                job_id,
                owner=owner,
                seconds=settings.lease_seconds,
                max_attempts=settings.max_attempts,
            )
    except (SQLAlchemyError, CloudchamberError) as error:
        log.warning("job %d could not be claimed and waits: %s", job_id, error)
        return
    if lease is None:
        log.info("job %d is not to be had", job_id)
        return
    log.info("job %d (%s) begins, attempt %d", job_id, lease.kind, lease.attempt)
    began = time.monotonic()
    supervisor = Supervisor(lease, database, settings, ring, stopping)
    ending = supervisor.run()
    log.info("job %d (%s) %s after %.1f s", job_id, lease.kind, ending, time.monotonic() - began)


class Supervisor:
    """Watches over one attempt at one job."""

    def __init__(
        self,
        lease: leases.Lease,
        database: Database,
        settings: WorkerSettings,
        ring: Ring,
        stopping: threading.Event,
    ) -> None:
        self.lease = lease
        self.database = database
        self.settings = settings
        self.ring = ring
        self.stopping = stopping
        self.news = News()
        self.peak = 0  # bytes
        with database.read() as session:
            self.news.curve = jobs.read_curve(session, lease.job_id) or []

    def run(self) -> str:
        """Spawn the child, watch it, write the end; return a word for the log."""
        child = self._spawn()
        try:
            ending = self._watch(child)
        finally:
            _kill_group(child)
            self.news.wait_for_end()
        if ending == "exited":
            self._flush()
            return self._settle(child)
        if ending == "stopping":
            self._write(lambda session: leases.release(session, self.lease))
            return "given back, the worker stops"
        if ending == "cancelled":
            self._write(lambda session: leases.finish_cancel(session, self.lease))
            return "cancelled"
        if ending == "stalled":
            minutes = self.settings.stall_seconds / 60
            return self._failed_attempt(f"it gave no sign of life for {minutes:.0f} minutes")
        return ending

    def _spawn(self) -> subprocess.Popen[bytes]:
        reading, writing = os.pipe()
        environment = os.environ | {
            "CLOUDCHAMBER_DATABASE_URL": self.settings.database_url,
            "CLOUDCHAMBER_REPORT_FD": str(writing),
        }
        try:
            child = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "cloudchamber_worker.child",
                    str(self.lease.job_id),
                    str(self.lease.fence),
                ],
                stdin=subprocess.PIPE,
                pass_fds=(writing,),
                env=environment,
                start_new_session=True,
            )
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        self.news.listen(os.fdopen(reading, "rb"))
        return child

    def _watch(self, child: subprocess.Popen[bytes]) -> str:
        """Beat until the child has exited or must be stopped; say which."""
        beaten = looked = time.monotonic()
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(POLL_SECONDS)
                return "exited"
            now = time.monotonic()
            if self.stopping.is_set():
                return "stopping"
            if now - self.news.heard_at > self.settings.stall_seconds:
                return "stalled"
            if now - looked < min(self.settings.tick_seconds, self.settings.beat_seconds):
                continue
            looked = now
            self.peak = max(self.peak, _memory_of_group(child.pid))
            try:
                if now - beaten >= self.settings.beat_seconds or self.news.fresh(now):
                    beaten = now
                    state = self._beat()
                else:
                    state = self._look()
            except (SQLAlchemyError, CloudchamberError) as error:
                # The work goes on; if the silence outlasts the lease, another claims the job and
                # the fence keeps this attempt from writing.
                log.warning("job %d: no beat: %s", self.lease.job_id, type(error).__name__)
                continue
            if state == JobState.CANCELLING:
                self._ask_to_stop(child)
                return "cancelled"
            if state == JobState.SUCCEEDED:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(EXIT_SECONDS)
                return "exited"
            if state != JobState.RUNNING:
                return "lost to another worker"

    def _beat(self) -> str | None:
        progress, curve = self.news.take()
        with self.database.write() as session:
            state = leases.renew(
                session,
                self.lease,
                seconds=self.settings.lease_seconds,
                progress=progress,
                curve=curve,
            )
        return state or self._look()

    def _flush(self) -> None:
        """Store what the child told last; the next attempt carries the curve on."""
        if not self.news.published:
            with contextlib.suppress(SQLAlchemyError, CloudchamberError):
                self._beat()

    def _look(self) -> str | None:
        with self.database.read() as session:
            return leases.held_state(session, self.lease)

    def _ask_to_stop(self, child: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(OSError):
            assert child.stdin is not None
            child.stdin.write(b"cancel\n")
            child.stdin.flush()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(GRACE_SECONDS)

    def _settle(self, child: subprocess.Popen[bytes]) -> str:
        """Write how an attempt ended whose child has exited."""
        outcome = self.news.outcome or {}
        if self.news.follow_ups:
            self.ring(self.news.follow_ups)
        word = outcome.get("outcome")
        if word == "published" or self.news.published:
            return "succeeded"
        if word in ("cancelled", "lost"):
            self._write(lambda session: leases.finish_cancel(session, self.lease))
            return word
        if word == "failed" and not outcome["again"]:
            self._write_end(lambda session: leases.fail(session, self.lease, outcome["error"]))
            return "failed"
        if word == "failed":
            return self._failed_attempt(outcome["error"]["message"], outcome["error"])
        cause = describe_exit(child.returncode)
        # An attempt that ran out of memory will do so again: one more try, not two.
        tries = 2 if child.returncode == -signal.SIGKILL else self.settings.max_attempts
        return self._failed_attempt(cause, tries=tries)

    def _failed_attempt(
        self, cause: str, error: dict[str, Any] | None = None, tries: int | None = None
    ) -> str:
        tries = min(tries or self.settings.max_attempts, self.settings.max_attempts)
        if error is None:
            times = f"{self.lease.attempt} times" if self.lease.attempt > 1 else "once"
            error = {
                "message": f"The job's process ended without a result, {times}: {cause}.",
                "hint": "Retry with a smaller job, or look into the worker's log.",
                "detail": f"Peak memory {self.peak / 2**30:.2f} GB, attempt {self.lease.attempt}",
            }
        state = self._write_end(
            lambda session: leases.fail_attempt(session, self.lease, error, max_attempts=tries)
        )
        if state == JobState.QUEUED:
            self.ring([self.lease.job_id])
            return f"goes back to the queue: {cause}"
        return f"failed: {cause}"

    def _write_end(self, settle: Callable[[Any], Any]) -> Any:
        """Write an end; where the job was cancelled meanwhile, that is its end."""
        written = self._write(settle)
        if not written:
            self._write(lambda session: leases.finish_cancel(session, self.lease))
        return written

    def _write(self, settle: Callable[[Any], Any]) -> Any:
        """Write, patiently: what cannot be written now is settled by the sweep later."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            try:
                with self.database.write() as session:
                    return settle(session)
            except (SQLAlchemyError, CloudchamberError):
                if time.monotonic() > deadline or self.stopping.is_set():
                    log.exception("job %d: its end could not be written", self.lease.job_id)
                    return None
                time.sleep(1.0)


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    """End the child and everything it started; it is a group of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    if child.stdin is not None:
        with contextlib.suppress(OSError):
            child.stdin.close()


def _memory_of_group(pid: int) -> int:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        members = [process, *process.children(recursive=True)]
        return sum(member.memory_info().rss for member in members)
    return 0
