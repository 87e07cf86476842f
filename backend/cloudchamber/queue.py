"""The doorbell: tell the workers by Celery that a job waits, and ring again for what nobody took.

The job's row is the truth. That a ring is lost, doubled or late is harmless, so a broker that does
not answer is a line in the log and never an error of a request.
"""

import contextlib
import logging
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from celery import Celery
from kombu.exceptions import OperationalError as BrokerError
from sqlalchemy.exc import SQLAlchemyError

from cloudchamber.data import sweeps
from cloudchamber.data.database import Database
from cloudchamber.data.jobs import Job
from cloudchamber.errors import CloudchamberError

log = logging.getLogger(__name__)

CONNECT_SECONDS = 1.0


class JobQueue:
    """Sends job ids to the workers' queues.

    Parameters
    ----------
    broker_url : str or None
        ``redis://host:port/0`` or ``redis+socket:///path``; without one nothing is sent, and jobs
        wait for a worker that finds them by its own sweep.
    """

    def __init__(self, broker_url: str | None) -> None:
        self._celery: Celery | None = None
        self._bells: queue.Queue[tuple[int, str, str] | None] = queue.Queue(maxsize=64)
        self._thread: threading.Thread | None = None
        if broker_url:
            self._celery = Celery("cloudchamber", broker=broker_url, set_as_current=False)
            self._celery.conf.update(
                task_ignore_result=True,
                broker_transport_options={
                    "socket_connect_timeout": CONNECT_SECONDS,
                    "socket_timeout": CONNECT_SECONDS,
                },
            )

    @property
    def has_broker(self) -> bool:
        """Whether there is a broker to send anything to."""
        return self._celery is not None

    def ring(self, job: Job) -> None:
        """Send the id of a committed job, from a thread: a broker that is down delays nobody."""
        if self._celery is None:
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._ring_on, name="doorbell", daemon=True)
            self._thread.start()
        with contextlib.suppress(queue.Full):  # the sweep rings for those left out
            self._bells.put_nowait((job.id, job.kind, job.queue))

    def ring_again(self, database: Database, *, patience: float, max_attempts: int = 3) -> int:
        """Settle expired leases, ring for what nobody claimed in `patience` seconds, count it."""
        with database.read() as session:
            if not sweeps.needs_sweep(session, patience=patience):
                return 0
        with database.write() as session:
            due = sweeps.sweep(session, patience=patience, max_attempts=max_attempts)
        sent = 0
        for job_id, kind, name in due:
            if self.waiting(name) < sweeps.RING_AT_MOST:
                if not self._send(job_id, kind, name):
                    break
                sent += 1
        return sent

    def waiting(self, name: str) -> int:
        """How many messages nobody has fetched yet; 0 when the broker does not answer."""
        if self._celery is None:
            return 0
        try:
            with self._celery.connection_or_acquire() as connection:
                return connection.default_channel.queue_declare(name).message_count
        except (BrokerError, OSError):
            return 0

    def answers(self) -> bool:
        """Whether the broker can be reached now."""
        if self._celery is None:
            return False
        try:
            with self._celery.connection_for_write() as connection:
                connection.ensure_connection(max_retries=0, timeout=CONNECT_SECONDS)
        except (BrokerError, OSError):
            return False
        return True

    def close(self) -> None:
        """Send what is still to be sent, as far as it goes quickly, and close the connections."""
        if self._thread is not None:
            with contextlib.suppress(queue.Full):
                self._bells.put_nowait(None)
            self._thread.join(CONNECT_SECONDS)
        if self._celery is not None:
            self._celery.close()

    def _ring_on(self) -> None:
        while (bell := self._bells.get()) is not None:
            self._send(*bell)

    def _send(self, job_id: int, kind: str, name: str) -> bool:
        if self._celery is None:
            return False
        try:
            self._celery.send_task(f"cloudchamber.{kind}", args=[job_id], queue=name, retry=False)
        except (BrokerError, OSError) as error:
            log.warning("the broker does not answer, job %d waits: %s", job_id, error)
            return False
        return True


@contextmanager
def sweeping(
    database: Database, doorbell: JobQueue, *, every: float = 2.0, patience: float = 5.0
) -> Iterator[None]:
    """Ring again every few seconds, from a thread, for as long as the block lasts."""
    if not doorbell.has_broker:  # then the workers' own sweep is all there is
        yield
        return
    stop = threading.Event()

    def sweep() -> None:
        while not stop.wait(every):
            try:
                doorbell.ring_again(database, patience=patience)
            except (SQLAlchemyError, CloudchamberError) as error:
                log.warning("no sweep of the jobs: %s", error)

    thread = threading.Thread(target=sweep, name="sweep", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5.0)
