"""What the collector saw and no hit tells: pages that may not report, and pages that fetched the script.

Notes are counted in memory and saved every few seconds, so that a flood of refused requests costs no writes.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from tracker.db import Database, utc_now
from tracker.models import CollectorNote

logger = logging.getLogger(__name__)

REFUSED_HOST = "refused_host"
SCRIPT = "script"

SAVE_SECONDS = 3.0
KEEP = timedelta(days=7)
# Strangers choose the hosts, so neither memory nor table may grow with them.
MOST_PENDING = 500
MOST_KEPT = 50

Note = tuple[str, str, str]  # site's key, kind, detail


class CollectorNotes:
    """The notes of one process."""

    def __init__(self, database: Database, *, save_seconds: float = SAVE_SECONDS) -> None:
        self._database = database
        self._save_seconds = save_seconds
        self._lock = threading.Lock()
        self._pending: Counter[Note] = Counter()
        self._saved = -math.inf

    def add(self, site_key: str, kind: str, detail: str) -> None:
        """Counts one more; costs next to nothing."""
        note = site_key, kind, detail
        with self._lock:
            if note in self._pending or len(self._pending) < MOST_PENDING:
                self._pending[note] += 1

    def save(self) -> None:
        """Writes what was noted, at most every few seconds; what cannot be written now is written later."""
        now = time.monotonic()
        if not self._pending or now - self._saved < self._save_seconds:
            return
        self._saved = now
        with self._lock:
            pending, self._pending = self._pending, Counter()
        try:
            with self._database.write() as session:
                save_notes(session, pending, utc_now())
        except SQLAlchemyError as error:
            logger.warning("notes of the collector wait: %s", type(error).__name__)
            with self._lock:
                self._pending.update(pending)


def save_notes(session: Session, notes: Counter[Note], now: datetime) -> None:
    """Adds counts to the table, and deletes what is old or one of too many."""
    for (site_key, kind, detail), count in notes.items():
        here = (CollectorNote.site_key == site_key, CollectorNote.kind == kind)
        found = session.scalar(
            update(CollectorNote)
            .where(*here, CollectorNote.detail == detail)
            .values(count=CollectorNote.count + count, last_at=now)
            .returning(CollectorNote.id)
        )
        if found is None:
            note = CollectorNote(site_key=site_key, kind=kind, detail=detail, count=count)
            note.first_at = note.last_at = now
            session.add(note)
    session.flush()
    session.execute(delete(CollectorNote).where(CollectorNote.last_at < now - KEEP))
    for site_key, kind in {(site_key, kind) for site_key, kind, _ in notes}:
        _keep_most_seen(session, site_key, kind)


def _keep_most_seen(session: Session, site_key: str, kind: str) -> None:
    here = (CollectorNote.site_key == site_key, CollectorNote.kind == kind)
    ranked = select(CollectorNote.id).where(*here)
    ranked = ranked.order_by(CollectorNote.count.desc(), CollectorNote.last_at.desc(), CollectorNote.id)
    excess = session.scalars(ranked.offset(MOST_KEPT)).all()
    if excess:
        session.execute(delete(CollectorNote).where(CollectorNote.id.in_(excess)))


def get_noted(session: Session, site_key: str, kind: str, since: datetime) -> list[str]:
    """What was noted of a site since then, most often first."""
    here = (CollectorNote.site_key == site_key, CollectorNote.kind == kind, CollectorNote.last_at >= since)
    ranked = select(CollectorNote.detail).where(*here)
    return list(session.scalars(ranked.order_by(CollectorNote.count.desc(), CollectorNote.detail)))
