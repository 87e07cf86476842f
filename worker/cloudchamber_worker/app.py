"""The Celery app: ``celery --app cloudchamber_worker.app worker --pool threads --queues cpu,gpu``.

A message is a doorbell: it holds a job's id, its task name is the kind. The row decides whether
there is anything to do, so messages may come late, twice or never; the sweep below rings again for
what nobody claimed. No result backend, no revoke, no late acknowledgement: with any of them Celery
loses or doubles work when a worker is killed.
"""

import logging
import os
import secrets
import socket
import subprocess
import sys
import threading
from typing import Any

import psutil
from celery import Celery
from celery.signals import worker_ready, worker_shutdown, worker_shutting_down
from kombu.exceptions import OperationalError as BrokerError
from sqlalchemy.exc import SQLAlchemyError

from cloudchamber.data import jobs, sweeps
from cloudchamber.data.database import Database
from cloudchamber.errors import CloudchamberError
from cloudchamber_worker.registry import kinds, module_names
from cloudchamber_worker.settings import WorkerSettings
from cloudchamber_worker.supervisor import work_on

log = logging.getLogger(__name__)

IDLE_SECONDS = 15.0

settings = WorkerSettings()  # pyright: ignore[reportCallIssue] - from the environment
database = Database(settings.database_url)
stopping = threading.Event()
_busy = threading.Event()  # since the background warming last looked
# The host and process first: a worker that starts anew on this host knows the dead by them.
owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

app = Celery("cloudchamber", broker=settings.broker_url)
app.conf.update(
    worker_pool="threads",
    worker_concurrency=settings.worker_concurrency,
    worker_prefetch_multiplier=1,
    task_acks_late=False,
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    task_default_queue="cpu",
    task_create_missing_queues=True,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    worker_hijack_root_logger=True,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_transport_options={"socket_connect_timeout": 2.0, "socket_timeout": 10.0},
)

# Celery's own two lines a message say less than ours.
for _chatty in ("celery.app.trace", "celery.worker.strategy"):
    logging.getLogger(_chatty).setLevel(logging.WARNING)


def ring(job_ids: list[int]) -> None:
    """Send the ids to their queues; a failure is harmless, for the sweep rings again."""
    for job_id in job_ids:
        with database.read() as session:
            job = session.get(jobs.Job, job_id)
        if job is not None:
            _send(job.id, job.kind, job.queue)


def _send(job_id: int, kind: str, queue: str) -> bool:
    try:
        app.send_task(f"cloudchamber.{kind}", args=[job_id], queue=queue, retry=False)
    except (BrokerError, OSError) as error:
        log.warning("the broker does not answer, job %d waits: %s", job_id, error)
        return False
    return True


def _waiting(queue: str) -> int:
    """How many messages nobody has fetched yet: ringing more would only pile them up."""
    try:
        with app.connection_for_write() as connection:
            return connection.default_channel.queue_declare(queue).message_count
    except (BrokerError, OSError):
        return 0


def _work(job_id: int) -> None:
    if stopping.is_set():
        return
    _busy.set()
    work_on(job_id, database, settings, owner=owner, ring=ring, stopping=stopping)
    _busy.set()


for _kind in kinds(module_names(settings.task_modules)):
    app.task(_work, name=f"cloudchamber.{_kind}")


def _sweep_for_ever() -> None:
    trouble = ""
    while not stopping.wait(settings.sweep_seconds):
        try:
            sweep_once()
        except (SQLAlchemyError, CloudchamberError) as error:
            if trouble != str(error):  # said once, not every two seconds while a server is down
                log.warning("no sweep: %s", error)
            trouble = str(error)
        else:
            trouble = ""


def sweep_once() -> None:
    """Settle expired leases and ring for what nobody claimed."""
    _expire_the_dead()
    with database.read() as session:
        if not sweeps.needs_sweep(session, patience=settings.patience_seconds):
            return
    with database.write() as session:
        due = sweeps.sweep(
            session, patience=settings.patience_seconds, max_attempts=settings.max_attempts
        )
    for job_id, kind, queue in due:
        if _waiting(queue) < sweeps.RING_AT_MOST and not _send(job_id, kind, queue):
            return


def _expire_the_dead() -> None:
    """End the leases of processes of this host that are gone: no need to wait for the clock.

    Should the judgement be wrong (a process number used again, a shared host name) the fence still
    keeps every result single.
    """
    host = socket.gethostname()
    with database.read() as session:
        owners = sweeps.running_owners(session)
    for other in owners - {owner}:
        place, pid, _ = other.rsplit(":", 2)
        if place == host and not psutil.pid_exists(int(pid)):
            with database.write() as session:
                sweeps.expire(session, other)
            log.info("the worker %s is gone, its jobs go on here", other)


@worker_ready.connect
def _begin(**_: Any) -> None:
    threading.Thread(target=_sweep_for_ever, name="sweep", daemon=True).start()
    if settings.cache_dir is not None:
        threading.Thread(target=_warm, name="warm", daemon=True).start()


@worker_shutting_down.connect
def _stop(**_: Any) -> None:
    stopping.set()


@worker_shutdown.connect
def _end(**_: Any) -> None:
    database.dispose()


def _warm() -> None:
    """Compile UMAP's kernels into the cache, once nothing has run for a while."""
    while not stopping.wait(IDLE_SECONDS):
        if not _busy.is_set():
            break
        _busy.clear()
    if stopping.is_set():
        return
    subprocess.run(
        [sys.executable, "-m", "cloudchamber_worker.warm"], stdin=subprocess.DEVNULL, check=False
    )
