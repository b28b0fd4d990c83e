"""The books: every accepted hit is waiting, stored, a duplicate, dropped with a reason, or quarantined.

What was read from the inbox is counted when it is read, the rest when it is stored, so that a mistake on
the way shows as a difference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from tracker.db import Database
from tracker.inbox import waiting_records
from tracker.models import InboxPosition, LedgerCount

DROPPED = "dropped:"
COUNTS = cast(Table, LedgerCount.__table__)
POSITIONS = cast(Table, InboxPosition.__table__)
SELECT_POSITIONS = select(POSITIONS.c.segment, POSITIONS.c.position)


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


def get_positions(session: Session | Connection) -> dict[str, int]:
    """How far each segment of the inbox has been processed, in bytes."""
    return {row.segment: row.position for row in session.execute(SELECT_POSITIONS)}


def add_counts(connection: Connection, counts: Mapping[str, int]) -> None:
    """Adds to lines of the books, in the transaction of what is counted."""
    rows = [{"name": name, "count": count} for name, count in sorted(counts.items()) if count]
    if rows:
        connection.execute(ADD_COUNTS[connection.dialect.name], rows)


def save_positions(connection: Connection, positions: Mapping[str, int]) -> None:
    rows = [{"segment": segment, "position": at} for segment, at in sorted(positions.items())]
    if rows:
        connection.execute(SAVE_POSITIONS[connection.dialect.name], rows)


def _upsert(insert: Any, table: Table, column: str, *, add: bool) -> Any:
    """An insert that changes the row whose key exists: the column grows, or is replaced."""
    statement = insert(table)
    new = statement.excluded[column]
    changed = {column: table.c[column] + new if add else new}
    return statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=changed)


INSERTS = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
ADD_COUNTS = {name: _upsert(insert, COUNTS, "count", add=True) for name, insert in INSERTS.items()}
SAVE_POSITIONS = {name: _upsert(insert, POSITIONS, "position", add=False) for name, insert in INSERTS.items()}
