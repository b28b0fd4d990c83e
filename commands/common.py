"""What several commands need."""

from __future__ import annotations

import os

from commands.parent import PARENT
from migrations.upgrade import upgrade
from tracker.db import Database
from tracker.settings import Settings


def open_database(settings: Settings) -> Database:
    """The installation's database, brought up to date first."""
    database = Database(settings.database_url)
    if PARENT not in os.environ:  # a supervisor has just done it for its children
        upgrade(database, settings.data_dir / "migrate.lock")
    return database
