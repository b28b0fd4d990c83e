"""The books: every accepted hit is waiting, stored, a duplicate, dropped with a reason, or quarantined.

What was read from the inbox is counted when it is read, the rest when it is stored, so that a mistake on
the way shows as a difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from tracker.db import Database
from tracker.inbox import waiting_records
from tracker.models import InboxPosition, LedgerCount

DROPPED = "dropped:"
COUNTS = cast(Table, LedgerCount.__table__)
POSITIONS = cast(Table, InboxPosition.__table__)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Numbers of hits since the installation began; deleting old rows changes none of them."""

    accepted: int
    waiting: int
    page_views: int
    actions: int
    duplicates: int
    dropped: Mapping[str, int]
    quarantined: int

    @property
    def balances(self) -> bool:
        stored = self.page_views + self.actions + self.duplicates
        return self.accepted == self.waiting + stored + sum(self.dropped.values()) + self.quarantined

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def get_ledger(database: Database, inbox_dir: Path) -> Ledger:
    with database.read() as session:
        counts = dict(session.execute(select(LedgerCount.name, LedgerCount.count)).all())
        positions = get_positions(session)
    waiting = waiting_records(inbox_dir, positions).hits
    return Ledger(
        accepted=counts.get("read", 0) + waiting,
        waiting=waiting,
        page_views=counts.get("page_views", 0),
        actions=counts.get("actions", 0),
        duplicates=counts.get("duplicates", 0),
        dropped={
            name.removeprefix(DROPPED): count
            for name, count in sorted(counts.items())
            if name.startswith(DROPPED)
        },
        quarantined=counts.get("quarantined", 0),
    )


def get_positions(session: Session) -> dict[str, int]:
    """How far each segment of the inbox has been processed, in bytes."""
    found = select(InboxPosition.segment, InboxPosition.position)
    return {row.segment: row.position for row in session.execute(found)}


def add_counts(session: Session, counts: Mapping[str, int]) -> None:
    """Adds to lines of the books, in the transaction of what is counted."""
    rows = [{"name": name, "count": count} for name, count in sorted(counts.items()) if count]
    upsert(session, COUNTS, rows, add="count")


def save_positions(session: Session, positions: Mapping[str, int]) -> None:
    rows = [{"segment": segment, "position": at} for segment, at in sorted(positions.items())]
    upsert(session, POSITIONS, rows)


def upsert(session: Session, table: Table, rows: list[dict[str, Any]], add: str = "") -> None:
    """Inserts rows, or changes those whose key exists: column `add` grows, without it all are replaced."""
    if not rows:
        return
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    statement = (sqlite.insert if is_sqlite else postgresql.insert)(table)
    keys = [column.name for column in table.primary_key]
    names = [name for name in rows[0] if name not in keys]
    changes = {
        name: table.c[name] + statement.excluded[name] if name == add else statement.excluded[name]
        for name in names
    }
    session.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes), rows)
