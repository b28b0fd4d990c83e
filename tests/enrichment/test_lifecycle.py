"""Stages leave receipts."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select

from enrichment.lifecycle import set_stage
from enrichment.models import Company, StageChange
from tests.conftest import Cast
from tracker.db import Database


def test_a_change_of_stage_leaves_a_receipt(database: Database, cast: Cast, now: datetime) -> None:
    with database.write() as session:
        set_stage(
            session, session.get_one(Company, cast.acme.id), "mql", "set by hand", "alice@ours.test", now
        )
    with database.read() as session:
        receipt = session.scalars(select(StageChange)).one()
        assert (receipt.company_id, receipt.contact_id) == (cast.acme.id, None)
        assert (receipt.old_stage, receipt.new_stage, receipt.reason) == ("", "mql", "set by hand")


def test_the_stage_it_has_already_leaves_none(database: Database, cast: Cast, now: datetime) -> None:
    with database.write() as session:
        globex = session.get_one(Company, cast.globex.id)
        assert set_stage(session, globex, "customer", "set by hand", "", now) is None
        assert session.scalars(select(StageChange)).all() == []


def test_a_word_that_is_no_stage_is_refused(database: Database, cast: Cast, now: datetime) -> None:
    with database.write() as session, pytest.raises(ValueError, match="choose one of subscriber, lead"):
        set_stage(session, session.get_one(Company, cast.acme.id), "hot", "", "", now)
