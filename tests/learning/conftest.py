"""Runs a job's task in this process, on a real database, as the child process does."""

import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from learning.synthetic import KINDS, NAMES, drawn_tracks

if TYPE_CHECKING:
    from cloudchamber.data.database import Database


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """PyTorch and every BLAS compute with one thread: other tests run beside these, and where two
    results are compared bit by bit the number of threads must not decide."""
    with threadpool_limits(1):
        yield


class Lab:
    """A dataset of drawn tracks and a way to run jobs on it."""

    def __init__(self, database: "Database") -> None:
        self.database = database
        self.dataset_id = 0

    def fill(
        self, images: list[np.ndarray], measurements: np.ndarray, name: str = "tracks"
    ) -> None:
        """A new dataset of these cutouts and measurement columns."""
        from cloudchamber.data import columns, cutouts, datasets

        with self.database.write() as session:
            self.dataset_id = datasets.create_dataset(session, name).id
            new = [cutouts.NewCutout(f"{name}{i:04}", image) for i, image in enumerate(images)]
            cutouts.append_cutouts(session, self.dataset_id, new)
            for i, column in enumerate(NAMES[: measurements.shape[1]]):
                spec = columns.ColumnSpec(column, column, "", "measurement", "float32")
                columns.write_column(session, self.dataset_id, spec, measurements[:, i])

    def label(self, ordinals: np.ndarray, kinds: np.ndarray, order: str = "random") -> None:
        """Label cutouts with the kinds of the preset label set."""
        from cloudchamber.data import datasets, label_sets, labels, people

        with self.database.write() as session:
            person = people.person_named(session, "tester")
            dataset = datasets.get_dataset(session, self.dataset_id)
            label_set = label_sets.get_label_set(session, dataset.label_set_id)
            ids = [c.id for name in KINDS if (c := label_sets.match_class(label_set.classes, name))]
            labels.record(
                session, self.dataset_id, person.id, uuid.uuid4().hex, ordinals,
                class_ids=np.array(ids)[kinds], how="key", context={"order": order},
            )  # fmt: skip

    def tracks(self, n: int, labelled: int, seed: int = 0) -> None:
        """A dataset of n drawn tracks, the first ``labelled`` of them labelled."""
        images, measurements, kinds = drawn_tracks(n, seed)
        self.fill(images, measurements)
        if labelled:
            self.label(np.arange(labelled), kinds[:labelled])

    def run(
        self, kind: str, on_report: Callable[[dict[str, Any]], None] | None = None, **params: Any
    ) -> dict[str, Any]:
        """Run one attempt at a new job; its outcome, with the job's id and result."""
        from cloudchamber.data import jobs
        from cloudchamber.data.job_requests import KINDS as JOB_KINDS

        with self.database.write() as session:
            job_id = jobs.add_job(
                session, kind=kind, queue="cpu", dataset_id=self.dataset_id,
                params=JOB_KINDS[kind].params.model_validate(params).model_dump(mode="json"),
                key=uuid.uuid4().hex,
            ).id  # fmt: skip
        return self.attempt(job_id, on_report)

    def attempt(
        self, job_id: int, on_report: Callable[[dict[str, Any]], None] | None = None
    ) -> dict[str, Any]:
        """Claim the job and run its task here."""
        from cloudchamber.data import jobs, leases
        from cloudchamber_worker.child import attempt

        with self.database.write() as session:
            lease = leases.claim(session, job_id, owner="test", seconds=600)
        assert lease is not None
        outcome = attempt(self.database, lease, on_report or (lambda _: None))
        with self.database.read() as session:
            job = session.get_one(jobs.Job, job_id)
            return {**outcome, "job_id": job_id, "result": job.result}

    def release(self, job_id: int) -> None:
        """Let the lease of a dead attempt run out."""
        from cloudchamber.data import sweeps

        with self.database.write() as session:
            sweeps.expire(session, "test")

    def column(self, name: str, model_version_id: int | None = None) -> np.ndarray:
        """Values of the newest column of that name."""
        from cloudchamber.data import columns

        with self.database.read() as session:
            found = columns.find_columns(
                session, self.dataset_id, model_version_id=model_version_id, names=[name]
            )
            return columns.read_column(session, found[-1])


@pytest.fixture
def lab(database: "Database") -> Lab:
    """An empty lab on a migrated database, once per dialect."""
    return Lab(database)
