"""Hits in quarantine get a second chance: none is lost, none is stored twice, and the books balance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select, update

import tracker.requeue
from tests.tracker.hits import make_envelope, make_hit, put, put_bytes
from tracker.db import Database
from tracker.ingest import ingest_waiting
from tracker.ledger import get_ledger
from tracker.models import QuarantinedHit, Visit
from tracker.quarantine import list_quarantined
from tracker.records import Envelope, encode_envelope, to_micros
from tracker.requeue import Requeued, requeue_quarantined

pytestmark = pytest.mark.usefixtures("cast")

FAR_AWAY = 2**62  # microseconds; no date


@pytest.fixture
def inbox_dir(tmp_path: Path) -> Path:
    directory = tmp_path / "inbox"
    directory.mkdir()
    return directory


def fill_quarantine(database: Database, inbox_dir: Path, now: datetime, count: int = 1) -> list[Envelope]:
    """Requests of two hits, of which the second has no date."""
    bad = [
        make_envelope(make_hit(), make_hit(seen=FAR_AWAY), received=to_micros(now), visitor=f"visitor-{n}")
        for n in range(count)
    ]
    put(inbox_dir, *bad)
    ingest_waiting(database, inbox_dir, now)
    return bad


def mend(database: Database, envelopes: Sequence[Envelope]) -> None:
    """Stands for the release that can process what the one before could not."""
    rows = select(QuarantinedHit).order_by(QuarantinedHit.id)
    with database.write() as session:
        for row, envelope in zip(session.scalars(rows), envelopes, strict=True):
            mended = msgspec.structs.replace(envelope, hits=[envelope.hits[0], make_hit(5)])
            row.record = encode_envelope(mended)


def test_quarantined_hits_go_through_once_the_cause_is_gone(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    mend(database, fill_quarantine(database, inbox_dir, now))
    assert requeue_quarantined(database, now) == Requeued(done=1, failed=0)
    ledger = get_ledger(database, inbox_dir)
    assert ledger.balances
    assert (ledger.page_views, ledger.quarantined) == (2, 0)
    with database.read() as session:
        assert list_quarantined(session, 10) == []


def test_a_hit_that_fails_again_stays(database: Database, inbox_dir: Path, now: datetime) -> None:
    fill_quarantine(database, inbox_dir, now)
    assert requeue_quarantined(database, now) == Requeued(done=0, failed=1)
    assert get_ledger(database, inbox_dir).balances
    with database.read() as session:
        [row] = list_quarantined(session, 10)
    assert "OverflowError" in row.error


def test_a_record_that_can_be_read_at_last_counts_all_of_its_hits(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    put_bytes(inbox_dir, b"unreadable")
    ingest_waiting(database, inbox_dir, now)
    mended = encode_envelope(make_envelope(make_hit(), make_hit(), make_hit()))
    with database.write() as session:
        session.execute(update(QuarantinedHit).values(record=mended))
    requeue_quarantined(database, now)
    ledger = get_ledger(database, inbox_dir)
    assert (ledger.accepted, ledger.page_views, ledger.quarantined) == (3, 3, 0)
    assert ledger.balances


def test_every_hit_is_tried_once_over_many_batches(
    database: Database, inbox_dir: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracker.requeue, "BATCH", 2)
    bad = fill_quarantine(database, inbox_dir, now, count=5)
    mend(database, bad)
    with database.write() as session:
        middle = session.scalars(select(QuarantinedHit).order_by(QuarantinedHit.id).offset(2).limit(1)).one()
        middle.record = encode_envelope(bad[2])
    told: list[tuple[int, int]] = []
    tried = requeue_quarantined(database, now, progress=lambda done, total: told.append((done, total)))
    assert tried == Requeued(done=4, failed=1)
    assert told == [(2, 5), (4, 5), (5, 5)]
    assert get_ledger(database, inbox_dir).balances


@pytest.mark.parametrize("quiet", [False, True])
def test_whoever_puts_hits_through_again_says_whether_they_may_ring(
    database: Database, inbox_dir: Path, now: datetime, quiet: bool
) -> None:
    put(inbox_dir, make_envelope(make_hit(seen=FAR_AWAY), received=to_micros(now)))
    ingest_waiting(database, inbox_dir, now)
    with database.write() as session:
        session.execute(update(QuarantinedHit).values(record=encode_envelope(make_envelope(make_hit()))))
    requeue_quarantined(database, now, quiet=quiet)
    with database.read() as session:
        assert session.scalars(select(Visit.quiet)).all() == [quiet]


def test_the_list_says_whose_hits_they_are_where_it_can_be_read(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    put_bytes(inbox_dir, b"unreadable")
    hit = make_hit(seen=FAR_AWAY, url="https://www.ours.test/pricing")
    put(inbox_dir, make_envelope(hit, received=to_micros(now)))
    ingest_waiting(database, inbox_dir, now)
    with database.read() as session:
        rows = {(row.site, row.page) for row in list_quarantined(session, 10)}
    assert rows == {("", ""), ("acme-web", "https://www.ours.test/pricing")}
