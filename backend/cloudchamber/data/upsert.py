"""INSERT … ON CONFLICT in both dialects."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from cloudchamber.data.base import Base


def dialect_of(session: Session) -> str:
    """'sqlite' or 'postgresql'."""
    return session.get_bind().dialect.name


def dialect_insert(session: Session, table: type[Base]) -> Any:
    """An INSERT that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    made = postgresql if dialect_of(session) == "postgresql" else sqlite
    return made.insert(table)


def insert_or_ignore(session: Session, table: type[Base], rows: Sequence[dict[str, Any]]) -> int:
    """Insert `rows`, skipping those that break a unique constraint; the number inserted."""
    statement = dialect_insert(session, table).on_conflict_do_nothing()
    return session.connection().execute(statement, list(rows)).rowcount if rows else 0
