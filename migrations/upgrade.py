"""Brings a database up to date, one process at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from tracker.db import Database

# Another number than the worker's lock, so that a migration never waits for work to stop.
MIGRATION_LOCK = 0x4D696772


def upgrade(database: Database, lock_path: Path) -> None:
    """Runs what is missing of the migrations; others that start meanwhile wait at the lock."""
    with _file_lock(lock_path), database.engine.connect() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        try:
            _run(connection)
            connection.commit()
        finally:
            if not database.is_sqlite:
                connection.rollback()
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})
                connection.commit()


def alembic_config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def _run(connection: Connection) -> None:
    command.upgrade(alembic_config(connection), "head")


@contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
