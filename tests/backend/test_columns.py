"""Columns are arrays that grow, whatever the batches."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from cloudchamber.data import columns, revisions
from cloudchamber.data.columns import ColumnChunk, ColumnSpec
from cloudchamber.data.database import Database
from cloudchamber.errors import Invalid, NotFound
from filled import Filled

CHARGE = ColumnSpec("charge", "Charge", "ADU", "measurement", "float32")


@given(batches=st.lists(st.integers(0, 60), max_size=12), width=st.integers(1, 3))
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_appended_batches_read_back_as_one_array(
    database: Database,
    filled: Filled,
    monkeypatch: pytest.MonkeyPatch,
    batches: list[int],
    width: int,
) -> None:
    monkeypatch.setattr(columns, "CHUNK_BYTES", 256)  # many chunks of few values
    spec = ColumnSpec(f"v{width}", "V", "", "metadata", "int32", width=width)
    values = np.arange(sum(batches) * width, dtype=np.int32).reshape(-1, width)
    at = 0
    with database.write() as session:
        columns.write_column(session, filled.id, spec, np.empty((0, width)))
        for size in batches:
            column = columns.write_column(session, filled.id, spec, values[at : at + size], at)
            at += size
        column = columns.find_columns(session, filled.id, names=[spec.name])[0]
        whole = columns.read_column(session, column)
        middle = columns.read_column(session, column, at // 3, at // 2)
        columns.write_column(session, filled.id, spec, np.empty((0, width)))  # empties it again
    expected = values[:, 0] if width == 1 else values
    assert np.array_equal(whole, expected)
    assert np.array_equal(middle, expected[at // 3 : at // 2])


def test_many_small_batches_leave_few_chunks(database: Database, filled: Filled) -> None:
    with database.write() as session:
        for k in range(200):
            columns.write_column(session, filled.id, CHARGE, np.array([k]), k)
        [column] = columns.find_columns(session, filled.id)
        chunks = session.scalar(select(func.count()).where(ColumnChunk.column_id == column.id))
        assert np.array_equal(columns.read_column(session, column), np.arange(200))
    assert chunks is not None
    assert chunks <= 9


def test_a_gap_is_filled_with_missing_values(database: Database, filled: Filled) -> None:
    name = ColumnSpec("run", "Run", "", "metadata", "category", categories=["a", "b"])
    with database.write() as session:
        charge = columns.write_column(session, filled.id, CHARGE, np.array([1.5]), 3)
        run = columns.write_column(session, filled.id, name, np.array([1]), 2)
        assert np.array_equal(
            columns.read_column(session, charge), [np.nan, np.nan, np.nan, 1.5], equal_nan=True
        )
        assert columns.read_column(session, run).tolist() == [-1, -1, 1]
        matrix = columns.read_matrix(session, [charge, run])
    wanted = np.array([[np.nan, np.nan], [np.nan, np.nan], [np.nan, 1], [1.5, np.nan]])
    assert np.array_equal(matrix, wanted, equal_nan=True)


def test_start_zero_replaces_and_raises_the_revision(database: Database, filled: Filled) -> None:
    with database.write() as session:
        first = columns.write_column(session, filled.id, CHARGE, np.arange(5.0)).revision
        before = revisions.read(session, filled.id)["columns"]
        column = columns.write_column(session, filled.id, CHARGE, np.array([7.0, 8.0]))
        assert columns.read_column(session, column).tolist() == [7, 8]
        assert column.revision == first + 1
        assert revisions.read(session, filled.id)["columns"] == before + 1


def test_what_does_not_fit_is_refused(database: Database, filled: Filled) -> None:
    with database.write() as session:
        columns.write_column(session, filled.id, CHARGE, np.arange(5.0))
    wider = ColumnSpec("charge", "Charge", "ADU", "measurement", "float32", width=2)
    for spec, values, start in [
        (wider, np.zeros((1, 2)), 5),
        (CHARGE, np.zeros((1, 2)), 5),
        (CHARGE, np.zeros(1), 2),
    ]:
        with pytest.raises(Invalid), database.write() as session:
            columns.write_column(session, filled.id, spec, values, start)


def test_imports_share_a_column_and_models_do_not(database: Database, filled: Filled) -> None:
    plain, job = columns.owner_of(CHARGE), ColumnSpec("x", "X", "", "map", "float32")
    assert plain == ""
    assert columns.owner_of(ColumnSpec("x", "X", "", "metadata", "int32", producer_job_id=4)) == ""
    assert columns.owner_of(job) == ""
    of_model = ColumnSpec("p", "P", "", "model", "float32", model_version_id=3, producer_job_id=4)
    assert columns.owner_of(of_model) == "model:3"
    of_map = ColumnSpec("map", "M", "", "map", "float32", model_version_id=3, producer_job_id=4)
    assert columns.owner_of(of_map) == "job:4"
    with database.read() as session, pytest.raises(NotFound):
        columns.get_column(session, 999)
