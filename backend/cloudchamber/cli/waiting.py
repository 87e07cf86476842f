"""Waiting for a job, with its progress on the terminal."""

import contextlib
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cloudchamber.cli.connection import Api
from cloudchamber.cli.output import say, told
from cloudchamber.errors import CloudchamberError

LOOK_EVERY_SECONDS = 0.4
FINAL = ("succeeded", "failed", "cancelled")

Job = dict[str, Any]


def start_job(api: Api, kind: str, dataset_id: int | None, params: dict[str, Any]) -> Job:
    """Ask for a job."""
    body = {"kind": kind, "dataset_id": dataset_id, "params": params, "key": str(uuid.uuid4())}
    return api.post("/jobs", body)


def wait_for_job(api: Api, job: Job, on_look: Callable[[Job], None] = lambda job: None) -> Job:
    """Wait until a job has ended; Ctrl-C cancels it.

    Raises
    ------
    CloudchamberError
        With the job's own sentence, when it failed or was cancelled.
    """
    with _cancelling(api, job), _bar(job["title"]) as show:
        while True:
            job = api.get(f"/jobs/{job['id']}")
            on_look(job)
            show(job)
            if job["state"] in FINAL:
                break
            time.sleep(LOOK_EVERY_SECONDS)
    if job["state"] == "failed":
        error = job["error"] or {}
        raise CloudchamberError(
            error.get("message") or f"{job['title']} failed.", hint=error.get("hint") or ""
        )
    if job["state"] == "cancelled":
        raise CloudchamberError(f"{job['title']} was cancelled.")
    return job


def wait_for_follow_ups(api: Api, job: Job) -> list[Job]:
    """Wait for the jobs that this one started, such as the map after an import."""
    started = api.get("/jobs", dataset_id=job["dataset_id"], limit=100)
    return [
        wait_for_job(api, other)
        for other in reversed(started)
        if other["parent_id"] == job["id"] and other["id"] != job["id"]
    ]


@contextlib.contextmanager
def _cancelling(api: Api, job: Job) -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        say(f"Cancelling {job['title']} …")
        api.post(f"/jobs/{job['id']}/cancel")
        raise


@contextlib.contextmanager
def _bar(title: str) -> Iterator[Callable[[Job], None]]:
    """A bar on a terminal; elsewhere a line whenever the message changes."""
    if not sys.stderr.isatty():
        last = ""

        def tell(job: Job) -> None:
            nonlocal last
            text = job["progress"]["message"] or job["state"]
            if text != last:
                say(f"{title}: {job['progress']['fraction']:4.0%} {text}")
            last = text

        yield tell
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[message]}", markup=False),
    )
    with Progress(*columns, console=told, transient=True) as progress:
        task = progress.add_task(title, total=1.0, message="waits for a worker")

        def draw(job: Job) -> None:
            waits = job["state"] == "queued"
            message = "waits for a worker" if waits else job["progress"]["message"]
            progress.update(task, completed=job["progress"]["fraction"], message=message)

        yield draw
