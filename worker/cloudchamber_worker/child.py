"""The child process of one attempt: ``python -m cloudchamber_worker.child JOB FENCE``.

Heavy work runs here and not in the worker: a crash takes nothing else with it, its memory goes back
to the machine, CUDA starts in a fresh process, and it can be killed. The supervisor
(`cloudchamber_worker.supervisor`) hears JSON lines on the file descriptor named in
``CLOUDCHAMBER_REPORT_FD`` and speaks on standard input: ``cancel``, or the end of the file when it
is gone.
"""

import contextlib
import json
import logging
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy.exc import InterfaceError, OperationalError

from cloudchamber.data import leases
from cloudchamber.data.database import Database
from cloudchamber.errors import CloudchamberError, JobError, Unavailable
from cloudchamber_worker.lease import JobCancelled, JobContext, LeaseLost
from cloudchamber_worker.process import die_with_parent, memory_of_machine
from cloudchamber_worker.registry import find_task, module_names
from cloudchamber_worker.settings import WorkerSettings

log = logging.getLogger(__name__)

SHORT_OF_MEMORY = "Try a smaller batch or image size, or a machine with more memory."


def main(job_id: int, fence: int) -> int:
    """Do one attempt at a job and report how it ended; return the exit status."""
    settings = WorkerSettings()  # pyright: ignore[reportCallIssue] - from the environment
    logging.basicConfig(level=logging.INFO, format="%(asctime)s job %(message)s")
    die_with_parent()
    os.nice(settings.nice)
    _limit(settings)
    report = _reporter(int(os.environ["CLOUDCHAMBER_REPORT_FD"]))
    cancelled = threading.Event()
    _listen(cancelled)

    database = Database(settings.database_url)
    with database.read() as session:
        lease = leases.held(session, job_id, fence)
    if lease is None:
        report({"outcome": "lost"})
        return 0
    outcome = attempt(database, lease, report, cancelled, module_names(settings.task_modules))
    database.dispose()
    report(outcome)
    return 1 if outcome["outcome"] == "failed" else 0


def attempt(
    database: Database,
    lease: leases.Lease,
    report: Callable[[dict[str, Any]], None],
    cancelled: threading.Event | None = None,
    modules: list[str] | None = None,
) -> dict[str, Any]:
    """Run the task of a claimed job in this process.

    Returns
    -------
    dict
        ``outcome`` is ``published``, ``cancelled``, ``lost`` or ``failed``; a failed one has
        ``error`` {message, hint, detail} and ``again``: whether another attempt may help.
    """
    try:
        run = find_task(lease.kind, modules or [])
        job = JobContext(database, lease, report, cancelled)
        run(job)
        if not job.published:
            with job.publish({}):
                pass
    except JobCancelled:
        return {"outcome": "cancelled"}
    except LeaseLost:
        return {"outcome": "lost"}
    except Exception as failure:
        expected = isinstance(failure, CloudchamberError)
        log.warning("%d failed: %s", lease.job_id, failure, exc_info=not expected)
        return {"outcome": "failed", **_explain(failure)}
    return {"outcome": "published"}


def _explain(failure: Exception) -> dict[str, Any]:
    """Say what went wrong in a sentence, and whether another attempt may help."""
    again = isinstance(failure, (OperationalError, InterfaceError, Unavailable))
    where = traceback.extract_tb(failure.__traceback__)[-4:]
    # File names without folders: errors never tell where the program lies.
    steps = " < ".join(f"{Path(f.filename).name}:{f.lineno} {f.name}" for f in reversed(where))
    text = str(failure).strip()
    if isinstance(failure, MemoryError) or "out of memory" in text.lower():
        return {
            "error": {
                "message": f"Out of memory: the job's process took {_peak_gigabytes():.1f} GB.",
                "hint": SHORT_OF_MEMORY,
                "detail": steps,
            },
            "again": False,
        }
    if isinstance(failure, JobError):
        return {
            "error": {
                "message": failure.message,
                "hint": failure.hint or None,
                "detail": failure.detail or None,
            },
            "again": False,
        }
    if isinstance(failure, CloudchamberError):
        message, hint = failure.message, failure.hint or None
    elif again:
        message, hint = "The database did not answer.", "See whether it runs, then retry."
    else:
        message = f"The job met an error it did not expect: {type(failure).__name__}: {text[:500]}"
        hint = "This is a fault of the program; the detail says where."
    return {"error": {"message": message, "hint": hint, "detail": steps}, "again": again}


def _peak_gigabytes() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**30 if sys.platform == "darwin" else 2**20)


def _limit(settings: WorkerSettings) -> None:
    """No core files, and a MemoryError here rather than the kernel's killer on the machine."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(ValueError, OSError):
        limit = int(memory_of_machine() * settings.memory_fraction)
        # Not RLIMIT_AS: CUDA reserves far more addresses than it ever fills.
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        if hard != resource.RLIM_INFINITY:
            limit = min(limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def _reporter(descriptor: int) -> Callable[[dict[str, Any]], None]:
    os.set_inheritable(descriptor, False)
    lock = threading.Lock()
    pipe = os.fdopen(descriptor, "wb")

    def report(message: dict[str, Any]) -> None:
        line = json.dumps(message, separators=(",", ":")).encode() + b"\n"
        with lock:
            try:
                pipe.write(line)
                pipe.flush()
            except BrokenPipeError:
                raise LeaseLost("the supervisor is gone") from None

    return report


def _listen(cancelled: threading.Event) -> None:
    """Hear the supervisor on what was standard input, so that no grandchild reads it."""
    orders = os.fdopen(os.dup(0), "rb")
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    threading.Thread(target=_obey, args=(orders, cancelled), daemon=True).start()


def _obey(orders: BinaryIO, cancelled: threading.Event) -> None:
    for line in orders:
        if line.strip() == b"cancel":
            cancelled.set()
    # The supervisor is gone: whoever resumes this job must not find us and ours still computing.
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
