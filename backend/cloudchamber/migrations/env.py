"""Alembic's entry: works on the connection it is given, or on CLOUDCHAMBER_DATABASE_URL."""

import os

from alembic import context
from sqlalchemy import Connection

from cloudchamber.data.base import Base
from cloudchamber.data.database import Database


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with Database(os.environ["CLOUDCHAMBER_DATABASE_URL"]).connect() as made:
        run(made)
