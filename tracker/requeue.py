"""Quarantined hits on their second way, once the cause of their failure is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec
from sqlalchemy import Connection, Row, delete, func, select, update

from tracker.db import Database, work_lock
from tracker.ingest import Item, is_systemic, store_items
from tracker.ledger import add_counts
from tracker.quarantine import QUARANTINE, WHOLE_RECORD, describe_error
from tracker.records import decode_envelope

BATCH = 100  # hits in one transaction
# Id, record, index of the hit.
QuarantineRow = Row[int, bytes, int]
SELECT_BATCH = select(QUARANTINE.c.id, QUARANTINE.c.record, QUARANTINE.c.hit_index).order_by(QUARANTINE.c.id)


@dataclass(frozen=True, slots=True)
class Requeued:
    """How many rows of the quarantine went through, and how many failed again."""

    done: int
    failed: int


def requeue_quarantined(
    database: Database,
    now: datetime,
    *,
    quiet: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Requeued:
    """Puts each quarantined hit through again, once. What fails again stays, with its new error.

    `quiet` rings for none of them. `progress` is told how many of how many were tried.
    """
    with database.read() as session:
        total = session.scalar(select(func.count()).select_from(QUARANTINE)) or 0
    tried = done = last = 0
    while rows := _next_rows(database, last):
        done += _requeue_batch(database, rows, now, quiet)
        tried, last = tried + len(rows), rows[-1].id
        progress(tried, max(total, tried))
    return Requeued(done, tried - done)


def _next_rows(database: Database, after: int) -> Sequence[QuarantineRow]:
    with database.read() as session:
        return session.execute(SELECT_BATCH.where(QUARANTINE.c.id > after).limit(BATCH)).all()


def _requeue_batch(database: Database, rows: Sequence[QuarantineRow], now: datetime, quiet: bool) -> int:
    with database.write() as session:
        work_lock(session)
        connection = session.connection()
        # Somebody else may have put them through since they were read.
        ids = QUARANTINE.c.id.in_([row.id for row in rows])
        still = set(connection.scalars(select(QUARANTINE.c.id).where(ids)))
        return sum(_requeue(connection, row, now, quiet) for row in rows if row.id in still)


def _requeue(connection: Connection, row: QuarantineRow, now: datetime, quiet: bool) -> bool:
    mine = QUARANTINE.c.id == row.id
    try:
        with connection.begin_nested():
            items = _items(row, quiet)
            counts = store_items(connection, items, now)
    except Exception as error:
        if is_systemic(error):
            raise
        connection.execute(update(QUARANTINE).where(mine).values(error=describe_error(error)))
        return False
    connection.execute(delete(QUARANTINE).where(mine))
    # A record that nobody could read was counted as one hit.
    add_counts(connection, counts + Counter(read=len(items) - 1))
    add_counts(connection, {"quarantined": -1})
    return True


def _items(row: QuarantineRow, quiet: bool) -> list[Item]:
    envelope = decode_envelope(row.record)
    envelope = msgspec.structs.replace(envelope, quiet=envelope.quiet or quiet)
    indexes = range(len(envelope.hits)) if row.hit_index == WHOLE_RECORD else (row.hit_index,)
    return [Item(envelope, index, row.record) for index in indexes]
