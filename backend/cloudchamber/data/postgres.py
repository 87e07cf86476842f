"""Postgres as this program needs it: durable commits asserted, statements bounded."""

from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL

from cloudchamber.data.base import to_json
from cloudchamber.errors import UnsafeDatabase

IDLE_IN_TRANSACTION_SECONDS = 60


def engines(url: URL, statement_timeout: float | None) -> tuple[Engine, Engine]:
    """The engine to write with and the one to read with (read only, one snapshot a session)."""
    engine = create_engine(
        url,
        pool_size=10,
        max_overflow=20,
        pool_pre_ping=True,  # a restarted server costs a reconnect, not an error
        json_serializer=to_json,
    )
    limit = 0 if statement_timeout is None else int(statement_timeout * 1000)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        with connection.cursor() as cursor:
            for setting in ("fsync", "synchronous_commit"):
                cursor.execute(f"SHOW {setting}")
                refuse_off(setting, cursor.fetchone()[0])
            cursor.execute(f"SET statement_timeout = {limit}")
            cursor.execute(
                f"SET idle_in_transaction_session_timeout = '{IDLE_IN_TRANSACTION_SECONDS}s'"
            )
        connection.commit()

    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return engine, reader


def refuse_off(setting: str, value: str) -> None:
    """Raise `UnsafeDatabase` when `setting` lets Postgres acknowledge what it has not kept."""
    if value == "off":
        raise UnsafeDatabase(
            f"Postgres runs with {setting} = off: a power cut would lose labels shown as saved.",
            hint=f"Set {setting} = on in postgresql.conf and reload it.",
        )
