"""The database keeps what it acknowledges, and refuses to start where it could not."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from cloudchamber.data import labels, postgres, sqlite
from cloudchamber.data.database import Database, database_url
from cloudchamber.data.datasets import create_dataset, list_datasets
from cloudchamber.data.label_sets import list_label_sets
from cloudchamber.errors import UnsafeDatabase
from filled import Filled

driver: Any = sqlite.driver  # the module declares nothing to the type checker


@pytest.mark.parametrize("version", [(3, 7, 0), (3, 40, 1), (3, 51, 2)])
def test_an_sqlite_with_the_wal_reset_bug_is_refused(version: tuple[int, ...]) -> None:
    with pytest.raises(UnsafeDatabase, match=r"can corrupt") as caught:
        sqlite.refuse_affected_version(version)
    assert "Install" in caught.value.hint


@pytest.mark.parametrize("version", [(3, 6, 23), (3, 51, 3), (3, 53, 4)])
def test_an_sqlite_without_the_bug_is_accepted(version: tuple[int, ...]) -> None:
    sqlite.refuse_affected_version(version)


def test_a_database_in_memory_is_refused() -> None:
    with pytest.raises(UnsafeDatabase, match="in memory"):
        Database("sqlite:///:memory:")


def test_a_network_file_system_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sqlite, "file_system_of", lambda _path: "nfs4")
    with pytest.raises(UnsafeDatabase, match="nfs4"):
        Database(tmp_path / "x.db")


def test_the_file_system_of_a_path_is_known(tmp_path: Path) -> None:
    assert sqlite.file_system_of(tmp_path)


@pytest.mark.parametrize("setting", ["fsync", "synchronous_commit"])
def test_a_postgres_that_does_not_flush_is_refused(setting: str) -> None:
    with pytest.raises(UnsafeDatabase, match=setting):
        postgres.refuse_off(setting, "off")
    postgres.refuse_off(setting, "on")


def test_a_postgres_with_synchronous_commit_off_is_refused_on_connecting(
    postgres_url: str,
) -> None:
    url = database_url(postgres_url).update_query_dict({"options": "-c synchronous_commit=off"})
    database = Database(url.render_as_string(False))
    with pytest.raises(UnsafeDatabase, match="synchronous_commit"), database.read() as session:
        session.execute(text("SELECT 1"))
    database.dispose()


def test_every_sqlite_connection_flushes_and_checks_foreign_keys(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db")
    wanted = {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1, "trusted_schema": 0}
    for opened in (database.write(), database.read()):
        with opened as session:
            found = {p: session.scalar(text(f"PRAGMA {p}")) for p in wanted}
        assert found == wanted
    database.dispose()


def test_a_write_locks_with_its_first_statement_on_sqlite(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db")
    with database.write() as session:
        session.execute(text("CREATE TABLE t (x)"))
    with database.write() as session:
        session.execute(text("SELECT * FROM t"))  # nothing written, yet nobody else may write
        rival = driver.connect(str(tmp_path / "x.db"), timeout=0)
        with pytest.raises(driver.OperationalError, match="locked"):
            rival.execute("INSERT INTO t VALUES (1)")
        rival.close()
    database.dispose()


def test_a_reading_session_cannot_write(database: Database) -> None:
    with database.read() as session, pytest.raises(DBAPIError):
        create_dataset(session, "never")
    with database.read() as session:
        assert list_datasets(session) == []


def test_an_error_in_the_block_leaves_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), database.write() as session:
        create_dataset(session, "never")
        raise ZeroDivisionError
    with database.read() as session:
        assert list_datasets(session) == []


def test_a_reading_session_sees_one_state(database: Database) -> None:
    with database.read() as session:
        assert list_datasets(session) == []
        with database.write() as other:
            create_dataset(other, "new")
        assert list_datasets(session) == []
    with database.read() as session:
        assert len(list_datasets(session)) == 1


def test_write_inside_write_says_so_instead_of_waiting_for_itself(tmp_path: Path) -> None:
    database = Database(tmp_path / "x.db")
    with (
        database.write(),
        pytest.raises(RuntimeError, match="pass the open session"),
        database.write(),
    ):
        pass
    with database.write() as session:
        session.execute(text("SELECT 1"))
    database.dispose()


def test_label_events_are_append_only(database: Database, filled: Filled) -> None:
    with database.write() as session:
        labels.record(session, filled.id, filled.annotator, "key-0001", [0], filled.classes[0])
    for table in ("label_action", "label_event"):
        for statement in (f"UPDATE {table} SET dataset_id = 2", f"DELETE FROM {table}"):
            with pytest.raises(DBAPIError, match="append-only"), database.write() as session:
                session.execute(text(statement))


def test_the_preset_is_there_once(database: Database) -> None:
    database.upgrade()
    with database.read() as session:
        sets = list_label_sets(session)
        assert [s.name for s in sets] == ["CCD tracks"]
        shown = [(c.name, c.key, c.number) for c in sets[0].classes]
    assert shown == [
        ("muon", "d", 3),
        ("electron", "f", 2),
        ("X-ray", "j", 1),
        ("other", "k", 0),
        ("multiple", "l", 4),
        ("readout error", "s", 5),
    ]
