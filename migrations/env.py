"""What Alembic runs: the connection comes from the caller, or from the settings when run by hand."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from migrations.metadata import metadata
from tracker.db import make_engine
from tracker.settings import read_settings


def run(connection: Connection) -> None:
    context.configure(
        connection=connection, target_metadata=metadata, render_as_batch=True, compare_type=True
    )
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with make_engine(read_settings().database_url).connect() as connection:
        run(connection)
        connection.commit()
