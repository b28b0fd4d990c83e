"""Where the log goes: standard error, one line an entry, for the service manager to keep."""

from __future__ import annotations

import logging


def log_to_stderr() -> None:
    """INFO and up; APScheduler's own lines are left out, they repeat every second."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
