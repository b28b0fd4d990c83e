"""What the collector saw and no hit tells: pages that may not report, pages that fetched the script, and keys
that no site has.

Notes are counted in memory and saved every few seconds, so that a flood of refused requests costs no writes.
"""

from __future__ import annotations

import logging
import math
import re
import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from tracker.db import Database, utc_now
from tracker.models import CollectorNote, Site
from tracker.server_keys import PREFIX

logger = logging.getLogger(__name__)

REFUSED_HOST = "refused_host"
SCRIPT = "script"
UNKNOWN_KEY = "unknown_key"

SAVE_SECONDS = 3.0
KEEP = timedelta(days=7)
# Strangers choose the hosts, so neither memory nor table may grow with them.
MOST_PENDING = 500
# Keys are as easily made up as hosts, and fewer of them are ever worth a look.
MOST_PENDING_KEYS = 50
MOST_KEPT = 50

KEY = re.compile(r"[A-Za-z0-9_-]{4,40}")

Note = tuple[str, str, str]  # site's key, kind, detail


@dataclass(frozen=True, slots=True)
class UnknownKey:
    """A key that no site has, and where it came from. `host`: of the page; empty for a server."""

    key: str
    host: str
    count: int
    first_at: datetime
    last_at: datetime


class CollectorNotes:
    """The notes of one process."""

    def __init__(self, database: Database, *, save_seconds: float = SAVE_SECONDS) -> None:
        self._database = database
        self._save_seconds = save_seconds
        self._lock = threading.Lock()
        self._pending: dict[str, Counter[Note]] = {}
        self._saved = -math.inf

    def add(self, site_key: str, kind: str, detail: str) -> None:
        """Counts one more; costs next to nothing."""
        note = site_key, kind, detail
        most = MOST_PENDING_KEYS if kind == UNKNOWN_KEY else MOST_PENDING
        with self._lock:
            # Each kind has room of its own, so that a flood of one does not hide another.
            pending = self._pending.setdefault(kind, Counter())
            if note in pending or len(pending) < most:
                pending[note] += 1

    def add_unknown(self, key: str, host: str) -> None:
        """Counts a key that no site has. Nothing that may be a part of a secret key is kept."""
        if KEY.fullmatch(key) and not key.startswith(PREFIX):
            self.add("", UNKNOWN_KEY, f"{key} {host}")

    def save(self) -> None:
        """Writes what was noted, at most every few seconds; what cannot be written now is written later."""
        now = time.monotonic()
        if not self._pending or now - self._saved < self._save_seconds:
            return
        self._saved = now
        with self._lock:
            pending, self._pending = self._pending, {}
        try:
            with self._database.write() as session:
                save_notes(session, sum(pending.values(), Counter()), utc_now())
        except SQLAlchemyError as error:
            logger.warning("notes of the collector wait: %s", type(error).__name__)
            with self._lock:
                for kind, notes in pending.items():
                    self._pending.setdefault(kind, Counter()).update(notes)


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


def get_unknown_keys(session: Session, since: datetime) -> Sequence[UnknownKey]:
    """Keys that were reported with since then and that no site has now either, the most used first."""
    here = (CollectorNote.kind == UNKNOWN_KEY, CollectorNote.last_at >= since)
    ranked = select(CollectorNote).where(*here).order_by(CollectorNote.count.desc(), CollectorNote.id)
    known = set(session.scalars(select(Site.key)))
    found = [(note.detail.partition(" "), note) for note in session.scalars(ranked)]
    return [
        UnknownKey(key, host, note.count, note.first_at, note.last_at)
        for (key, _, host), note in found
        if key not in known
    ]
