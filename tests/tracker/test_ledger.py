"""The books balance, and would show it if they did not."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.tracker.hits import make_envelope, make_hit, put, put_bytes
from tracker.db import Database
from tracker.ingest import ingest_waiting
from tracker.ledger import add_counts, get_ledger
from tracker.models import LedgerCount

pytestmark = pytest.mark.usefixtures("cast")


def test_an_empty_installation_has_empty_books(database: Database, tmp_path: Path) -> None:
    ledger = get_ledger(database, tmp_path)
    assert ledger.balances
    assert ledger.as_json() == {
        "accepted": 0,
        "waiting": 0,
        "page_views": 0,
        "actions": 0,
        "duplicates": 0,
        "dropped": {},
        "quarantined": 0,
    }


def test_what_waits_is_accepted_already(database: Database, tmp_path: Path, now: datetime) -> None:
    put(tmp_path, make_envelope(make_hit(), make_hit()))
    ingest_waiting(database, tmp_path, now)
    put(tmp_path, make_envelope(make_hit(), make_hit(), make_hit()))
    put_bytes(tmp_path, b"unreadable")
    ledger = get_ledger(database, tmp_path)
    assert (ledger.accepted, ledger.waiting, ledger.page_views) == (6, 4, 2)
    assert ledger.balances


def test_processing_what_waits_changes_what_is_accepted_by_nothing(
    database: Database, tmp_path: Path, now: datetime
) -> None:
    hit = make_hit()
    put(
        tmp_path,
        make_envelope(hit, hit, make_hit(name="download")),
        make_envelope(make_hit(), prerender=True),
    )
    put_bytes(tmp_path, b"unreadable")
    before = get_ledger(database, tmp_path)
    ingest_waiting(database, tmp_path, now)
    after = get_ledger(database, tmp_path)
    assert after.as_json() == {
        "accepted": before.accepted,
        "waiting": 0,
        "page_views": 1,
        "actions": 1,
        "duplicates": 1,
        "dropped": {"prerender": 1},
        "quarantined": 1,
    }


@pytest.mark.parametrize("line", ["read", "page_views"])
def test_a_hit_that_went_missing_shows(database: Database, tmp_path: Path, now: datetime, line: str) -> None:
    put(tmp_path, make_envelope(make_hit()))
    ingest_waiting(database, tmp_path, now)
    with database.write() as session:
        session.execute(
            update(LedgerCount).where(LedgerCount.name == line).values(count=LedgerCount.count - 1)
        )
    assert not get_ledger(database, tmp_path).balances


def test_lines_of_the_books_grow(database: Database, tmp_path: Path) -> None:
    for counts in ({"read": 2, "page_views": 2}, {"read": 3, "page_views": 0, "dropped:bot": 3}):
        with database.write() as session:
            add_counts(session.connection(), counts)
    ledger = get_ledger(database, tmp_path)
    assert (ledger.accepted, ledger.page_views, ledger.dropped) == (5, 2, {"bot": 3})
