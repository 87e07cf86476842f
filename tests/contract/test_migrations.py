"""The migrations make exactly the tables that the code describes, on both databases."""

from collections.abc import Callable, Iterator

import pytest
from alembic import command
from sqlalchemy import text

from cloudchamber.data import cutouts, jobs
from cloudchamber.data.database import Database
from cloudchamber.services.account import sum_up


@pytest.fixture
def migrated_from(database_url: str) -> Iterator[Callable[[str, str], Database]]:
    """Makes a database of an earlier revision, fills it by SQL, and brings it up to date."""
    database = Database(database_url)

    def make(revision: str, rows: str) -> Database:
        with database.connect() as connection, connection.begin():
            command.upgrade(database.migration_config(connection), revision)
            for statement in rows.split(";"):
                if statement.strip():
                    connection.execute(text(statement.replace(":", "\\:")))
        database.upgrade()
        return database

    yield make
    database.dispose()


def test_the_tables_are_those_of_the_code(database: Database) -> None:
    with database.write() as session:
        command.check(database.migration_config(session.connection()))


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    database.upgrade()
    with database.write() as session:
        command.check(database.migration_config(session.connection()))


def test_what_an_earlier_version_stored_gets_paths_and_todays_words(migrated_from) -> None:
    """A dataset of the version before paths: nothing is lost, names stay."""
    database = migrated_from(
        "0002",
        """
        INSERT INTO label_set (id, name, created_at) VALUES (1, 'x', '2026-01-01');
        INSERT INTO dataset (id, name, label_set_id, n_cutouts, settings, created_at)
            VALUES (1, 'night', 1, 3, '{}', '2026-01-01');
        INSERT INTO exposure (id, dataset_id, ordinal, name, file_name, hdu, header, height, width,
                              dtype, unit, calibration, n_footprints, content_hash)
            VALUES (1, 1, 0, 'a-AMP1', 'run/a.fits', 1, '{}', 4, 4, 'int16', 'ADU', '{}', 1, '');
        INSERT INTO job (id, kind, dataset_id, params, state, queue, fence, attempt, progress, key,
                         created_at, revision)
            VALUES (1, 'import_files', 1, '{}', 'succeeded', 'cpu', 0, 1, '{}', 'k',
                    '2026-01-01', 1);
        INSERT INTO import_file (id, job_id, dataset_id, name, state, reason, n_cutouts,
                                 n_duplicates, detail)
            VALUES (1, 1, 1, 'run/a.fits', 'imported', '', 1, 0,
                    '{"exposures": 1, "refused_parts": ["a-AMP2: is cut off"]}'),
                   (2, 1, 1, 'x.png', 'duplicate', 'was imported before', 0, 0, NULL),
                   (3, 1, 1, 'l.csv', 'imported', '', 0, 0, '{"rows": 7, "role": "labels"}');
        INSERT INTO cutout (id, dataset_id, ordinal, name, exposure_id, height, width, channels,
                            dtype, flags, content_hash)
            VALUES (1, 1, 0, 'a-AMP1:0', 1, 3, 3, 1, 'float32', 0, ''),
                   (2, 1, 1, 'x', NULL, 3, 3, 1, 'uint8', 0, ''),
                   (3, 1, 2, 'b/x', NULL, 3, 3, 1, 'uint8', 0, '');
        """,
    )
    with database.read() as session:
        assert cutouts.paths(session, 1) == ["run/a.fits-AMP1:0", "x", "b/x"]
        assert cutouts.names(session, 1) == ["a-AMP1:0", "x", "b/x"]
        account = sum_up(jobs.iter_import_files(session, 1))
    assert (account.files.in_, account.files.ignored) == (2, 1)
    assert account.rows.given == 0, "what became of the rows was not kept"
    assert [line.reason for line in account.worst] == ["a-AMP2: is cut off", "was imported before"]
