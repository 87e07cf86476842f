"""The one database: SQLite in a file, or Postgres. Sessions to read with and to write with."""

import contextlib
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cloudchamber.data import label_sets, postgres, sqlite, tables
from cloudchamber.data.base import Base
from cloudchamber.errors import Unavailable

__all__ = ["Base", "Database", "database_url", "tables"]

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).parent.parent / "migrations"
WRITE_WAIT_SECONDS = 30.0

# One lock per SQLite file and process: two engines on one file still take turns. With it the
# 99th percentile of a write among 32 clients was 32 ms, without it 631 ms.
_locks: dict[str, threading.Lock] = {}
_locks_guard = threading.Lock()


def database_url(url: str | Path) -> URL:
    """The SQLAlchemy URL for a path, `sqlite:///…` or `postgresql://…` (psycopg 3)."""
    if isinstance(url, Path) or "://" not in url:
        return URL.create("sqlite", database=str(Path(url).expanduser().resolve()))
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    return parsed


class Database:
    """Connections to one database, opened lazily and safe to share between threads.

    Parameters
    ----------
    url : str or Path
        A file path, `sqlite:////absolute/path.db` or `postgresql://user@host/name`.
    statement_timeout : float, optional
        Seconds after which Postgres gives a statement up; None (a worker) never does.

    Raises
    ------
    UnsafeDatabase
        When the database cannot keep what it acknowledges: an SQLite with the WAL-reset bug,
        a network file system, Postgres with fsync or synchronous_commit off.
    """

    def __init__(self, url: str | Path, *, statement_timeout: float | None = None) -> None:
        self.url = database_url(url)
        self.dialect = self.url.get_backend_name()
        self._writer: Engine
        self._reader: Engine
        self._lock: threading.Lock | None = None
        self._mine = threading.local()
        if self.dialect == "sqlite":
            self._writer, self._reader = sqlite.engines(self.url)
            with _locks_guard:
                self._lock = _locks.setdefault(str(self.url.database), threading.Lock())
        else:
            self._writer, self._reader = postgres.engines(self.url, statement_timeout)

    @contextlib.contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the database and cannot change it."""
        with Session(self._reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextlib.contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits when the block ends well and rolls back when it raises.

        On SQLite the writers of this process take turns and the transaction begins IMMEDIATE,
        so it never fails half-way for a lock. Keep the block short: no decoding, no network.
        """
        with (
            self._turn(),
            Session(self._writer, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        if self._lock is None:
            yield
            return
        if getattr(self._mine, "writing", False):
            raise RuntimeError("write() inside write(): pass the open session instead")
        if not self._lock.acquire(timeout=WRITE_WAIT_SECONDS):
            raise Unavailable("The database is busy.", hint="Try again in a moment.")
        self._mine.writing = True
        try:
            yield
        finally:
            self._mine.writing = False
            self._lock.release()

    def upgrade(self) -> None:
        """Create the tables, or bring them to this version; add the preset label set once."""
        with self._turn(), self._writer.connect() as connection:
            config = self.migration_config(connection)
            if self.dialect == "sqlite":
                with sqlite.changing_tables(connection):
                    command.upgrade(config, "head")
            else:
                with connection.begin():
                    # Two API processes may start together.
                    connection.execute(text("SELECT pg_advisory_xact_lock(727101)"))
                    command.upgrade(config, "head")
        with self.write() as session:
            label_sets.add_preset_when_empty(session)

    def connect(self) -> Connection:
        """A bare connection, for Alembic's command line."""
        return self._writer.connect()

    def migration_config(self, connection: Connection) -> Config:
        """The Alembic configuration that works on `connection`."""
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        return config

    def check(self) -> None:
        """Raise `Unavailable` unless a write transaction can be opened."""
        try:
            with self.write() as session:
                session.execute(text("SELECT 1"))
        except DBAPIError as error:
            raise Unavailable("The database does not answer.") from error

    def dispose(self) -> None:
        """Close every connection; the next use opens new ones."""
        self._writer.dispose()
        self._reader.dispose()
