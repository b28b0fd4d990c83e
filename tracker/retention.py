"""Deletes what has served its purpose."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete

from tracker.db import Database
from tracker.models import DailySalt, DroppedHit

# Long enough to answer "why was my visit not shown?", short enough not to keep strangers' addresses.
KEEP_DROPPED = timedelta(days=7)
# The snippet may send a hit again for hours; after three days no late hit needs its day's salt.
KEEP_SALTS = timedelta(days=3)


def delete_old(database: Database, now: datetime) -> int:
    """Deletes dropped hits and daily salts past their time. Returns 0: there is never more at once."""
    with database.write() as session:
        session.execute(delete(DroppedHit).where(DroppedHit.received_at < now - KEEP_DROPPED))
        session.execute(delete(DailySalt).where(DailySalt.made_at < now - KEEP_SALTS))
    return 0
