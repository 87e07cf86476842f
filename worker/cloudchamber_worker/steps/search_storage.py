"""Optuna's journal in our database, and the frame that all workers of a study share."""

import base64
import json
import zlib
from typing import Any

import numpy as np
from optuna.storages.journal import BaseJournalBackend

from cloudchamber.data import datasets, search_logs
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.steps.snapshot import Snapshot

# No name of a study has this sign.
FRAME = "#frame"


class DatabaseJournal(BaseJournalBackend):
    """The log of one study of the job's dataset; every append is one short guarded transaction."""

    def __init__(self, job: JobContext, study: str) -> None:
        self._job, self._study = job, study

    def read_logs(self, log_number_from: int) -> list[dict[str, Any]]:
        """The entries from that number on."""
        with self._job.read() as session:
            return search_logs.read(session, self._job.dataset_id, self._study, log_number_from)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append in order; JobCancelled or LeaseLost where the job is no longer ours."""
        with self._job.write() as session:
            search_logs.append(session, self._job.dataset_id, self._study, logs)


def shared_frame(job: JobContext, study: str, mine: dict[str, Any]) -> dict[str, Any]:
    """The frame of the study: that of the first worker to come, which is mine if none was there."""
    with job.write() as session:
        # The dataset's row is locked first, so that two first workers see one another.
        datasets.lock_dataset(session, job.dataset_id)
        found = search_logs.read(session, job.dataset_id, study + FRAME)
        if not found:
            search_logs.append(session, job.dataset_id, study + FRAME, [mine])
            return mine
        return found[0]


def packed_labels(snapshot: Snapshot) -> dict[str, Any]:
    """The frozen labels as JSON: a few bytes per label."""
    rows = snapshot.rows
    pairs = np.stack([rows.astype("<i4"), snapshot.class_id[rows].astype("<i4")])
    raw = base64.b64encode(zlib.compress(pairs.tobytes(), 9)).decode()
    return {"n": snapshot.n, "action_id": snapshot.action_id, "labels": raw}


def unpacked_labels(frame: dict[str, Any]) -> Snapshot:
    """The inverse of ``packed_labels``."""
    flat = np.frombuffer(zlib.decompress(base64.b64decode(frame["labels"])), "<i4")
    rows, classes = flat.reshape(2, -1)
    class_id = np.zeros(frame["n"], np.int32)
    class_id[rows] = classes
    return Snapshot(frame["n"], class_id, frame["action_id"])


def differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Names whose values differ."""
    names = sorted({*one, *other})
    return [n for n in names if json.dumps(one.get(n)) != json.dumps(other.get(n))]
