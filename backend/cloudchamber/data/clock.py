"""The clock of the database: the one clock that all workers share, whatever their own say."""

from typing import Any

from sqlalchemy import Double
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction


class database_clock(GenericFunction[float]):
    """Seconds since 1970 by the database's clock: the one clock that all workers share."""

    type = Double()
    inherit_cache = True
    name = "database_clock"


@compiles(database_clock, "sqlite")
def _sqlite_clock(element: Any, compiler: Any, **kwargs: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(database_clock, "postgresql")
def _postgres_clock(element: Any, compiler: Any, **kwargs: Any) -> str:
    # clock_timestamp() and not now(): now() stands still from the transaction's start.
    return "CAST(extract(epoch FROM clock_timestamp()) AS double precision)"
