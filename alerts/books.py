"""The whole ledger: the tracker's lines and, on top, alerts and deliveries by state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from alerts.models import Alert, Delivery, DeliveryState
from tracker.db import Database
from tracker.ledger import get_ledger


def get_books(database: Database, inbox_dir: Path) -> dict[str, Any]:
    """The ledger as `doorbell ledger --json` prints it; the health page shows the same."""
    books = dict(get_ledger(database, inbox_dir).as_json())
    with database.read() as session:
        books["alerts"] = session.scalar(select(func.count()).select_from(Alert)) or 0
        counted = session.execute(
            select(Delivery.state, func.count().label("count")).group_by(Delivery.state)
        )
        states = {row.state: row.count for row in counted}
    books["deliveries"] = {state.value: states.get(state, 0) for state in DeliveryState}
    return books
