"""Job kinds that behave in every bad way a job can; a worker gets them by environment."""

import os
import signal
import subprocess
import sys
import time
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from cloudchamber.data.jobs import ImportFile, Job
from cloudchamber.errors import JobError
from cloudchamber_worker.lease import JobContext


def _note(job: JobContext, what: str) -> None:
    """Leave a trace outside the database: what really ran, and how often."""
    with open(job.params["trace"], "a") as trace:  # noqa: PTH123
        trace.write(f"{what} {job.fence} {os.getpid()}\n")


def count(job: JobContext) -> None:
    """Count to ``steps``, ``seconds`` each, with a checkpoint after every step."""
    _note(job, "start")
    done = int(job.load_checkpoint() or b"0")
    steps = job.params["steps"]
    for step in range(done, steps):
        time.sleep(job.params.get("seconds", 0.05))
        job.epoch(epoch=step, loss=1.0 / (step + 1))
        job.save_checkpoint(str(step + 1).encode())
        _note(job, f"step{step}")
        job.progress((step + 1) / steps, "counting", steps=step + 1)
    result = {"counted": steps, "fence": job.fence}
    with job.publish(result, job.params.get("follow_up", ())) as session:
        _note(job, "publish")
        _add_result(session, job)


def unfenced(job: JobContext) -> None:
    """The control: `count`, but it writes its result without asking whose job it is."""
    _note(job, "start")
    time.sleep(job.params["seconds"])
    with job.database.write() as session:
        _note(job, "publish")
        _add_result(session, job)
        session.execute(update(Job).where(Job.id == job.id).values(state="succeeded"))


def _add_result(session: Session, job: JobContext) -> None:
    """Stand for what a real job publishes: a row that must not come twice."""
    session.add(ImportFile(job_id=job.id, dataset_id=job.dataset_id, name="r", state="in"))


def stubborn(job: JobContext) -> None:
    """Sleep without ever asking whether it was cancelled."""
    _note(job, "start")
    subprocess.Popen(["sleep", "61"])  # something that the child leaves behind
    job.progress(0.1, "sleeping")
    time.sleep(job.params.get("seconds", 60))


def segfault(job: JobContext) -> None:
    _note(job, "start")
    os.kill(os.getpid(), signal.SIGSEGV)


def vanish(job: JobContext) -> None:
    _note(job, "start")
    os._exit(3)


def leave(job: JobContext) -> None:
    _note(job, "start")
    sys.exit(0)


def eat(job: JobContext) -> None:
    """Take more memory than a job may have."""
    _note(job, "start")
    kept: list[Any] = []
    while True:
        kept.append(bytearray(64 << 20))


def raise_sentence(job: JobContext) -> None:
    _note(job, "start")
    raise JobError("There are no labels yet.", hint="Label some cutouts first.")


def raise_surprise(job: JobContext) -> None:
    _note(job, "start")
    raise ZeroDivisionError("a surprise")


TASKS = {
    "test_count": count,
    "test_unfenced": unfenced,
    "test_stubborn": stubborn,
    "test_segfault": segfault,
    "test_vanish": vanish,
    "test_leave": leave,
    "test_eat": eat,
    "test_sentence": raise_sentence,
    "test_surprise": raise_surprise,
}
