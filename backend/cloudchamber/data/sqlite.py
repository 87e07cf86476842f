"""SQLite as this program needs it: a safe version, durable commits, honest locks."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pysqlite3.dbapi2 as driver
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

from cloudchamber.data.base import to_json
from cloudchamber.errors import UnsafeDatabase

# 3.7.0 to 3.51.2 can corrupt a WAL database when one process resets the log while another
# checkpoints it: exactly what an API beside a worker does.
FIRST_AFFECTED = (3, 7, 0)
FIRST_SAFE = (3, 51, 3)
NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "lustre", "gpfs"}

PRAGMAS = (
    "PRAGMA busy_timeout = 30000",
    "PRAGMA journal_mode = WAL",
    # NORMAL lost every acknowledged label in a simulated power cut, FULL none.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cache_size = -65536",
    "PRAGMA journal_size_limit = 67108864",
)


def engines(url: URL) -> tuple[Engine, Engine]:
    """The engine to write with (one connection) and the one to read with (query only)."""
    refuse_affected_version(driver.sqlite_version_info)
    if not url.database or url.database == ":memory:":
        raise UnsafeDatabase(
            "An SQLite database in memory is lost with the process.",
            hint="Name a file: sqlite:////path/to/cloudchamber.db",
        )
    refuse_network_file_system(Path(url.database))
    writer = _engine(url, pool_size=1, begin="BEGIN IMMEDIATE")
    reader = _engine(url, pool_size=40, begin="BEGIN", query_only=True)
    return writer, reader


def refuse_affected_version(version: tuple[int, ...]) -> None:
    """Raise `UnsafeDatabase` for an SQLite with the WAL-reset bug (3.7.0 to 3.51.2)."""
    if FIRST_AFFECTED <= tuple(version) < FIRST_SAFE:
        raise UnsafeDatabase(
            f"SQLite {'.'.join(map(str, version))} can corrupt a database that two processes use.",
            hint="Install the pinned requirements: the pysqlite3 wheel brings a repaired SQLite.",
        )


def refuse_network_file_system(path: Path) -> None:
    """Raise `UnsafeDatabase` when `path` lies on a file system SQLite cannot lock on."""
    kind = file_system_of(path)
    if kind in NETWORK_FILE_SYSTEMS:
        raise UnsafeDatabase(
            f"The SQLite database would lie on a network file system ({kind}).",
            hint="Put the data directory on a local disk, or use a Postgres database.",
        )


def file_system_of(path: Path) -> str:
    """The type of the file system that holds `path`, '' when it cannot be told."""
    path = path.resolve()
    try:
        mounts = psutil.disk_partitions(all=True)
    except OSError:
        return ""
    holding = [m for m in mounts if path.is_relative_to(m.mountpoint)]
    return max(holding, key=lambda m: len(m.mountpoint)).fstype.lower() if holding else ""


def _engine(url: URL, *, pool_size: int, begin: str, query_only: bool = False) -> Engine:
    engine = create_engine(
        url,
        module=driver,
        pool_size=pool_size,
        max_overflow=1,
        json_serializer=to_json,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we begin transactions ourselves, below
        for pragma in PRAGMAS:
            connection.execute(pragma).close()
        if query_only:
            connection.execute("PRAGMA query_only = ON").close()

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@contextmanager
def changing_tables(connection: Connection) -> Iterator[None]:
    """A transaction in which a table may be replaced by another shape of it.

    SQLite changes a column by making the table anew and dropping the old one, which its foreign
    keys forbid; they cannot be switched off inside a transaction, so they are checked at its end.

    Raises
    ------
    UnsafeDatabase
        When a row points to nothing afterwards; nothing is changed then.
    """
    raw: Any = connection.connection.dbapi_connection
    raw.execute("PRAGMA foreign_keys = OFF").close()
    try:
        with connection.begin():
            yield
            if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                raise UnsafeDatabase("After the migration a row would point to nothing.")
    finally:
        raw.execute("PRAGMA foreign_keys = ON").close()
