"""Measuring a dataset of an older rule anew."""

import uuid
from typing import Any

import numpy as np
import pytest

from cloudchamber.data import columns, jobs, leases, people
from cloudchamber.data.columns import MEASURING_RULE, ColumnSpec
from cloudchamber_worker.lease import JobContext
from cloudchamber_worker.tasks import measure_again
from import_inputs import exposure


@pytest.fixture
def older(importer):
    """A dataset whose columns an older program wrote, with one of metadata beside them."""
    importer.run({"a.fits": exposure((20, 30, 12), (90, 100, 1))})
    with importer.database.write() as session:
        for column in columns.find_columns(session, importer.dataset_id):
            group: Any = column.group
            if column.dtype == "float32":
                spec = ColumnSpec(column.name, column.title, column.unit, group, "float32")
                columns.write_column(session, importer.dataset_id, spec, np.zeros(2))
        spec = ColumnSpec("weight", "Weight", "", "metadata", "float32")
        columns.write_column(session, importer.dataset_id, spec, np.array([3.0, 4.0]))
    return importer


def run(importer):
    with importer.database.write() as session:
        who = people.person_named(session, "tester")
        job = jobs.add_job(
            session, kind="measure_again", queue="cpu", dataset_id=importer.dataset_id, params={},
            key=str(uuid.uuid4()), created_by=who.id,
        )  # fmt: skip
        lease = leases.claim(session, job.id, owner="test", seconds=60, max_attempts=3)
    assert lease is not None
    measure_again.run(JobContext(importer.database, lease, importer.told.append))


def test_everything_that_is_measured_is_taken_anew_and_nothing_else(older):
    run(older)
    with older.database.read() as session:
        found = {c.name: c for c in columns.find_columns(session, older.dataset_id)}
        values = {name: columns.read_column(session, column) for name, column in found.items()}
    assert values["pixels"].tolist() == [12, 1]
    assert values["x"] == pytest.approx([25.5, 90], abs=0.05)
    assert values["weight"].tolist() == [3, 4]
    assert found["angle"].rule == found["y"].rule == MEASURING_RULE
    assert not any(column.outdated for column in found.values())
