"""The migrations make exactly the tables that the code describes, on both databases."""

from alembic import command

from cloudchamber.data.database import Database


def test_the_tables_are_those_of_the_code(database: Database) -> None:
    with database.write() as session:
        command.check(database.migration_config(session.connection()))


def test_upgrading_twice_changes_nothing(database: Database) -> None:
    database.upgrade()
    with database.write() as session:
        command.check(database.migration_config(session.connection()))
