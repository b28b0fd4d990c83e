"""Where the log goes: standard error, one line an entry, for the service manager to keep."""

from __future__ import annotations

import logging


def log_to_stderr() -> None:
    """INFO and up; what APScheduler and Alembic say at each tick and start is left out."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for name in ("apscheduler", "alembic.runtime.migration"):
        logging.getLogger(name).setLevel(logging.WARNING)
