"""What a task sees of its job: parameters, sessions, progress, checkpoints, and the one publish.

A task is ``def run(job: JobContext) -> None`` in ``tasks/<kind>.py``. It runs in a child process of
its own (`cloudchamber_worker.child`); the supervisor beside it keeps the lease alive and ends the
child when the job is cancelled or lost.
"""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from sqlalchemy.orm import Session

from cloudchamber.data import jobs, leases
from cloudchamber.data.base import plain
from cloudchamber.data.database import Database
from cloudchamber.data.job_requests import KINDS
from cloudchamber.data.jobs import JobState
from cloudchamber.data.people import Person

PROGRESS_EVERY_SECONDS = 0.1

Report = Callable[[dict[str, Any]], None]


class JobCancelled(Exception):
    """Somebody cancelled the job: let it through, nothing more is to be written."""


class LeaseLost(Exception):
    """Another worker has the job now: let it through, nothing more is to be written."""


class JobContext:
    """One attempt at one job, as its task sees it.

    Attributes
    ----------
    id, kind, dataset_id, params : the job; `params` as the request model of the kind dumped them
    fence : int
        Proof of the lease, shown at every write.
    attempt : int
        1 at the first attempt.
    database : Database
        For functions that need sessions of their own; prefer `read` and `write`.
    """

    def __init__(
        self,
        database: Database,
        lease: leases.Lease,
        report: Report,
        cancelled: threading.Event | None = None,
    ) -> None:
        self.database = database
        self.id = lease.job_id
        self.kind = lease.kind
        self.fence = lease.fence
        self.attempt = lease.attempt
        self.params = lease.params
        self._dataset_id = lease.dataset_id
        self._lease = lease
        self._report = report
        self._cancelled = cancelled or threading.Event()
        self._told_at = 0.0
        self._message: str | None = None
        self._published = False
        with database.read() as session:
            self._curve = jobs.read_curve(session, lease.job_id) or []

    @property
    def dataset_id(self) -> int:
        """The dataset the job works on; every kind but the look has one."""
        if self._dataset_id is None:
            raise LookupError(f"a {self.kind} job without a dataset")
        return self._dataset_id

    @property
    def into(self) -> int | None:
        """The dataset, None for a look before one is made."""
        return self._dataset_id

    @property
    def requested_by(self) -> str | None:
        """Name of the person who asked for the job (or for its parent)."""
        with self.read() as session:
            job = session.get_one(jobs.Job, self.id)
            return None if job.created_by is None else session.get_one(Person, job.created_by).name

    @property
    def published(self) -> bool:
        """Whether `publish` has gone through."""
        return self._published

    def progress(self, fraction: float, message: str = "", **counts: int) -> None:
        """Tell how far the job is; cheap enough for every batch or file.

        Parameters
        ----------
        fraction : float
            0 to 1.
        message : str
            What is being done, for a person.
        counts : int
            Numbers to show beside it, such as ``files=3, cutouts=1200``.

        Raises
        ------
        JobCancelled, LeaseLost
            When the job is to stop here.
        """
        self._stop_if_cancelled()
        now = time.monotonic()
        if message == self._message and now - self._told_at < PROGRESS_EVERY_SECONDS:
            return
        self._told_at, self._message = now, message
        fraction = min(max(float(fraction), 0.0), 1.0)
        self._report(
            {"progress": {"fraction": fraction, "message": message, "counts": plain(counts)}}
        )

    def epoch(self, **values: float | int | str | None) -> None:
        """Append a row to the live curve, such as ``fold=0, epoch=3, loss=0.2, val_loss=0.3``.

        Rows are told apart by ``phase``, ``member``, ``fold`` and ``epoch``; telling one again
        after a resume replaces it and what came after.
        """
        self._stop_if_cancelled()
        row = plain(values)
        leases.merge_row(self._curve, row)
        self._report({"epoch": row})

    def read(self) -> AbstractContextManager[Session]:
        """A session to read with."""
        return self.database.read()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A short guarded transaction: the fence is checked in it before anything is written.

        Keep it under 1 MB so that labels stay fast beside it.

        Raises
        ------
        JobCancelled, LeaseLost
            The transaction is rolled back.
        """
        with self.database.write() as session:
            self._demand_lease(session)
            yield session

    def load_checkpoint(self) -> bytes | None:
        """Return what an earlier attempt saved, None at the first."""
        with self.read() as session:
            return leases.load_checkpoint(session, self.id)

    def save_checkpoint(self, data: bytes) -> None:
        """Keep what the next attempt needs to go on from here; replaces the last one.

        The live curve is kept with it: tell an epoch by `epoch` before saving it.
        """
        with self.write() as session:
            leases.save_checkpoint(session, self._lease, data, curve=self._curve or None)

    @contextmanager
    def publish(
        self,
        result: Mapping[str, Any],
        follow_up: Sequence[tuple[str, Mapping[str, Any]]] = (),
    ) -> Iterator[Session]:
        """The one transaction that holds the results and the end of the job.

        Parameters
        ----------
        result : mapping
            Small JSON shown with the job. It may be filled until the block ends, for instance
            with the id of a row the block inserts.
        follow_up : sequence of (kind, params)
            Jobs on the same dataset that start once this one is through.

        Raises
        ------
        JobCancelled, LeaseLost
            Nothing of the block is kept.
        """
        children: list[int] = []
        with self.database.write() as session:
            self._demand_lease(session)
            yield session
            session.flush()
            for place, (kind, params) in enumerate(follow_up):
                children.append(self._add_follow_up(session, place, kind, params))
            json.dumps(plain(result))  # a result that is no JSON fails here and not in the driver
            if not leases.publish(session, self._lease, plain(result), curve=self._curve or None):
                raise LeaseLost(f"job {self.id} is no longer this worker's")
        self._published = True
        self._report({"ring": children})

    def _add_follow_up(
        self, session: Session, place: int, kind: str, params: Mapping[str, Any]
    ) -> int:
        checked = KINDS[kind].params.model_validate(dict(params)).model_dump(mode="json")
        parent = session.get_one(jobs.Job, self.id)
        job = jobs.add_job(
            session,
            kind=kind,
            queue=KINDS[kind].queue,
            dataset_id=self._dataset_id,
            params=checked,
            # The same follow-up of the same job has the same key: it cannot exist twice.
            key=str(uuid.uuid5(uuid.NAMESPACE_OID, f"{parent.key}/{place}/{kind}")),
            created_by=parent.created_by,
            parent_id=self.id,
        )
        return job.id

    def _demand_lease(self, session: Session) -> None:
        state = leases.held_state(session, self._lease, lock=True)
        if state in (JobState.CANCELLING, JobState.CANCELLED):
            raise JobCancelled(f"job {self.id} was cancelled")
        if state != JobState.RUNNING:
            raise LeaseLost(f"job {self.id} is no longer this worker's")

    def _stop_if_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise JobCancelled(f"job {self.id} was cancelled")
