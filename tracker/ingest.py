"""From the inbox to visits: the worker's first step.

One transaction holds a batch's visits, page views, actions, dropped and quarantined hits, its lines in the
books, and the inbox positions. So its effects happen exactly once, wherever the process is killed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import msgspec
from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from tracker.db import Database, work_lock
from tracker.filters import Drop, DropReason, find_drop, parse_networks
from tracker.inbox import Read, delete_finished, read_inbox
from tracker.ledger import DROPPED, add_counts, get_positions, save_positions
from tracker.models import DroppedHit, InboxPosition, Site
from tracker.quarantine import WHOLE_RECORD, quarantine
from tracker.records import Envelope, Hit, decode_envelope, from_micros
from tracker.settings import Network
from tracker.visit_store import store_hits
from tracker.visitors import day_of, get_salts, has_consent, make_visitor_key
from tracker.visits import Arrived, Origin

BATCH = 500  # records
AGENT_LENGTH = 512
# People look at it; it need not be written for every page view.
SITE_SECONDS = timedelta(seconds=1)
SITES = cast(Table, Site.__table__)
DROPPED_HITS = cast(Table, DroppedHit.__table__)
SELECT_SITES = select(SITES).where(SITES.c.key.in_(bindparam("keys", expanding=True)))
UPDATE_SITE = update(SITES).where(SITES.c.id == bindparam("row_id"))


@dataclass(frozen=True, slots=True)
class Item:
    """A hit on its way, with the record it came in."""

    envelope: Envelope
    index: int
    record: bytes

    @property
    def hit(self) -> Hit:
        return self.envelope.hits[self.index]


@dataclass(frozen=True, slots=True)
class SiteView:
    """What ingestion must know about a site."""

    id: int
    hosts: tuple[str, ...]
    staff: tuple[Network, ...]
    page_groups: Sequence[Sequence[object]]
    first_hit_at: datetime | None
    last_hit_at: datetime | None


def ingest_waiting(database: Database, inbox_dir: Path, now: datetime) -> int:
    """Processes what waits in the inbox, at most 500 records a call so that the steps behind get their turn.

    Returns the number of records done. Raises what the database raises when it cannot work at all; then
    nothing of the batch has happened.
    """
    with database.read() as session:
        positions = get_positions(session)
    done = 0
    if reads := read_inbox(inbox_dir, positions, BATCH):
        done, positions = _ingest_batch(database, inbox_dir, reads, positions, now)
    if done < BATCH:
        _clean_up(database, inbox_dir, positions)
    return done


def _ingest_batch(
    database: Database, inbox_dir: Path, reads: Sequence[Read], positions: dict[str, int], now: datetime
) -> tuple[int, dict[str, int]]:
    """The number of records done, and the positions after it."""
    with database.write() as session:
        work_lock(session)
        connection = session.connection()
        latest = get_positions(connection)
        if latest != positions or _has_lost_segment(inbox_dir, reads):
            # Another worker was faster; what it did must not be done again.
            reads = read_inbox(inbox_dir, latest, BATCH)
        moved = {read.segment: read.end for read in reads}
        _ingest(connection, reads, now)
        save_positions(connection, moved)
    return len(reads), latest | moved


def _has_lost_segment(inbox_dir: Path, reads: Sequence[Read]) -> bool:
    """A segment goes before its position does, so one whose position is gone cannot look untouched."""
    return not all((inbox_dir / segment).exists() for segment in {read.segment for read in reads})


def _clean_up(database: Database, inbox_dir: Path, positions: Mapping[str, int]) -> None:
    """Deletes segments that are done, then their positions: the other way round they would be read again."""
    gone = delete_finished(inbox_dir, positions)
    if gone:
        with database.write() as session:
            session.execute(delete(InboxPosition).where(InboxPosition.segment.in_(gone)))


def _ingest(connection: Connection, reads: Sequence[Read], now: datetime) -> None:
    items, counts = [], Counter[str]()
    for read in reads:
        try:
            envelope = _decode(read)
        except (ValueError, msgspec.MsgspecError) as error:
            quarantine(connection, read.record, WHOLE_RECORD, error, now)
            counts.update(read=1, quarantined=1)
            continue
        counts["read"] += len(envelope.hits)
        items += [Item(envelope, index, read.record) for index in range(len(envelope.hits))]
    counts.update(_store(connection, items, now))
    add_counts(connection, counts)


def _decode(read: Read) -> Envelope:
    if read.damaged:
        raise ValueError(read.damaged)
    return decode_envelope(read.record)


def _store(connection: Connection, items: Sequence[Item], now: datetime) -> Counter[str]:
    """Stores hits; if that fails, each half by itself, until the hits that cannot be stored are alone."""
    if not items:
        return Counter()
    try:
        with connection.begin_nested():
            return store_items(connection, items, now)
    except Exception as error:
        if is_systemic(error):
            raise
        if len(items) == 1:
            quarantine(connection, items[0].record, items[0].index, error, now)
            return Counter(quarantined=1)
    half = len(items) // 2
    return _store(connection, items[:half], now) + _store(connection, items[half:], now)


def is_systemic(error: Exception) -> bool:
    """Whether the database failed rather than the hit: away, locked, full, or of another version."""
    if not isinstance(error, DBAPIError) or isinstance(error, DataError | IntegrityError):
        return False
    # PostgreSQL's class 54: this statement was too much for it, another will not be.
    return not str(getattr(error.orig, "sqlstate", "")).startswith("54")


def store_items(connection: Connection, items: Sequence[Item], now: datetime) -> Counter[str]:
    """Drops, or stores, each hit. Returns lines for the books. Raises when any one hit cannot be stored."""
    sites = _get_sites(connection, {item.envelope.site for item in items})
    kept, dropped = [], []
    for item in items:
        site = sites.get(item.envelope.site)
        drop = find_drop(item.envelope, site.staff) if site else Drop(DropReason.UNKNOWN_SITE)
        if drop is None:
            kept.append(item)
        else:
            dropped.append(_dropped_row(item, site, drop))
    if dropped:
        connection.execute(insert(DROPPED_HITS), dropped)
    groups = {site.id: site.page_groups for site in sites.values()}
    stored = store_hits(connection, _make_arrived(connection, kept, sites, now), groups, now)
    _note_hits(connection, items, sites)
    counts = Counter(page_views=stored.page_views, actions=stored.actions, duplicates=stored.duplicates)
    counts.update(DROPPED + row["reason"] for row in dropped)
    return counts


def _get_sites(connection: Connection, keys: Iterable[str]) -> dict[str, SiteView]:
    return {
        row.key: SiteView(
            row.id,
            tuple(map(str, row.hosts)),
            parse_networks(tuple(map(str, row.staff_networks))),
            row.page_groups,
            row.first_hit_at,
            row.last_hit_at,
        )
        for row in connection.execute(SELECT_SITES, {"keys": list(keys)})
    }


def _make_arrived(
    connection: Connection, items: Sequence[Item], sites: Mapping[str, SiteView], now: datetime
) -> list[Arrived]:
    days = {day_of(item.hit.seen) for item in items if not has_consent(item.envelope)}
    salts = get_salts(connection, days, now)
    arrived = []
    for item in items:
        envelope, site = item.envelope, sites[item.envelope.site]
        arrived.append(
            Arrived(
                site_id=site.id,
                visitor_key=make_visitor_key(envelope, site.id, item.hit.seen, salts),
                cookieless=not has_consent(envelope),
                hit=item.hit,
                seen_at=from_micros(item.hit.seen),
                received_at=from_micros(envelope.received),
                origin=Origin(envelope.address, envelope.user_agent[:AGENT_LENGTH], envelope.language),
                quiet=envelope.quiet,
                own_hosts=site.hosts,
            )
        )
    return arrived


def _dropped_row(item: Item, site: SiteView | None, drop: Drop) -> dict[str, Any]:
    return {
        "site_id": site.id if site else None,
        "hit_id": item.hit.id,
        "reason": drop.reason.value,
        "received_at": from_micros(item.envelope.received),
        "address": item.envelope.address,
        "url": item.hit.url,
        "user_agent": item.envelope.user_agent[:AGENT_LENGTH],
        "detail": drop.detail,
    }


def _note_hits(connection: Connection, items: Sequence[Item], sites: Mapping[str, SiteView]) -> None:
    """Keeps when the snippet was first and last heard of, and from where: also when the hits were dropped,
    for whoever installs the snippet is mostly staff."""
    for key, site in sites.items():
        heard = [item.envelope for item in items if item.envelope.site == key]
        heard = [envelope for envelope in heard if envelope.source == "snippet"]
        changes = _heard_of(site, heard) if heard else {}
        if changes:
            connection.execute(UPDATE_SITE, [changes | {"row_id": site.id}])


def _heard_of(site: SiteView, heard: Sequence[Envelope]) -> dict[str, Any]:
    first, last = min(heard, key=_received), max(heard, key=_received)
    first_at, last_at = from_micros(first.received), from_micros(last.received)
    changes: dict[str, Any] = {}
    if site.first_hit_at is None or first_at < site.first_hit_at:
        changes |= {"first_hit_at": first_at, "first_hit_address": first.address}
    if site.last_hit_at is None or last_at >= site.last_hit_at + SITE_SECONDS:
        changes |= {"last_hit_at": last_at}
    return changes


def _received(envelope: Envelope) -> int:
    return envelope.received
