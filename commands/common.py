"""What several commands need."""

from __future__ import annotations

from migrations.upgrade import upgrade
from tracker.db import Database
from tracker.settings import Settings


def open_database(settings: Settings) -> Database:
    """The installation's database, brought up to date first."""
    database = Database(settings.database_url)
    upgrade(database, settings.data_dir / "migrate.lock")
    return database
