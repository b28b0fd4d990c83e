"""What Alembic runs: the connection comes from the caller, or from the settings when run by hand."""

from __future__ import annotations

from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON, Connection

from migrations.metadata import metadata
from tracker.db import UtcDateTime, make_engine
from tracker.settings import read_settings


def render_item(kind: str, item: object, context: AutogenContext) -> str | Literal[False]:
    """Our own column types by their names, so that a migration reads like the models."""
    if isinstance(item, JSON):
        return "tracker.db.JsonColumn"
    return "tracker.db.UtcDateTime()" if isinstance(item, UtcDateTime) else False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=True,
        render_item=render_item,
        compare_type=True,
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
