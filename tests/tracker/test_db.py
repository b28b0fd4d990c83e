"""The two kinds of transaction, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import StatementError

from tests.conftest import Cast
from tracker.db import Database, work_lock
from tracker.models import LedgerCount, Site


def test_a_write_that_raises_leaves_nothing_behind(database: Database) -> None:
    with pytest.raises(RuntimeError), database.write() as session:
        session.add(LedgerCount(name="read", count=1))
        session.flush()
        raise RuntimeError
    with database.read() as session:
        assert session.scalars(select(LedgerCount)).all() == []


def test_times_come_back_aware_and_in_utc(database: Database, cast: Cast, now: datetime) -> None:
    with database.read() as session:
        created = session.scalars(select(Site.created_at)).one()
    assert created == now
    assert created.utcoffset() is not None


def test_a_naive_time_is_refused(database: Database, cast: Cast, now: datetime) -> None:
    with pytest.raises(StatementError, match="naive"), database.write() as session:
        session.execute(update(Site).values(created_at=now.replace(tzinfo=None)))


def test_two_writers_lose_no_update(database: Database) -> None:
    with database.write() as session:
        session.add(LedgerCount(name="read", count=0))

    def add_one(_: int) -> None:
        with database.write() as session:
            work_lock(session)
            row = session.get_one(LedgerCount, "read")
            row.count += 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add_one, range(80)))
    with database.read() as session:
        assert session.scalars(select(LedgerCount.count)).one() == 80
