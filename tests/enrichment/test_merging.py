"""Companies merged, split and put back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from enrichment.companies import find_company, find_company_by_name, find_or_make_company
from enrichment.domains import confirm_domain
from enrichment.identify import identify_waiting
from enrichment.merging import (
    MergeError,
    find_merges,
    merge_companies,
    set_parent,
    split_company,
    undo_merge,
)
from enrichment.models import Company, Contact, Deal, Identification
from enrichment.providers import Provider
from enrichment.targets import find_or_make_list, get_lists_by_company, listed_companies, put_on_list
from tests.conftest import Cast
from tests.enrichment.test_identify import SAAB, add_visit
from tracker.db import Database, work_lock

BY = "bob@ours.test"


def merge(database: Database, source: int, into: int, now: datetime) -> int:
    with database.write() as session:
        pair = session.get_one(Company, source), session.get_one(Company, into)
        return merge_companies(session, *pair, BY, now).id


def undo(database: Database, company: int, now: datetime) -> None:
    with database.write() as session:
        [row] = find_merges(session, company)
        undo_merge(session, row, BY, now)


def deals_of(database: Database, company: int) -> Sequence[str]:
    with database.read() as session:
        return session.scalars(select(Deal.external_id).where(Deal.company_id == company)).all()


def companies_of_visits(database: Database) -> Sequence[int | None]:
    with database.read() as session:
        return session.scalars(select(Identification.company_id).order_by(Identification.visit_id)).all()


def test_what_belonged_to_the_one_belongs_to_the_other(database: Database, cast: Cast, now: datetime) -> None:
    merge(database, cast.initech.id, cast.acme.id, now)
    assert deals_of(database, cast.acme.id) == ["D-1"]


def test_it_is_found_as_the_company_it_is_now(database: Database, cast: Cast, now: datetime) -> None:
    merge(database, cast.initech.id, cast.acme.id, now)
    with database.write() as session:
        by_domain = find_company(session, "initech.test")
        by_name = find_company_by_name(session, "Initech")
        made = find_or_make_company(
            session, domain="initech.test", name="", kind="", country="", source="import", now=now
        )
        assert {one.id for one in (by_domain, by_name, made) if one} == {cast.acme.id}


def test_a_company_without_a_domain_can_be_found_by_and_take_that_of_one_merged_into_it(
    database: Database, cast: Cast, now: datetime
) -> None:
    with database.write() as session:
        session.get_one(Company, cast.acme.id).domain = None
    merge(database, cast.initech.id, cast.acme.id, now)
    with database.write() as session:
        found = find_or_make_company(
            session, domain="initech.test", name="", kind="", country="", source="identification", now=now
        )
        assert (found.id, found.domain) == (cast.acme.id, None)
        confirm_domain(session, found, "initech.test", (), now, BY)
    with database.read() as session:
        assert find_company(session, "initech.test") == session.get_one(Company, cast.acme.id)


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_a_merge_waits_for_a_worker_that_has_not_seen_it(
    database: Database, cast: Cast, now: datetime
) -> None:
    with database.write() as worker, database.write() as session:
        work_lock(worker)
        session.execute(text("SET LOCAL lock_timeout = '10ms'"))
        pair = session.get_one(Company, cast.initech.id), session.get_one(Company, cast.acme.id)
        with pytest.raises(OperationalError, match="lock timeout"):
            merge_companies(session, *pair, BY, now)
        session.rollback()


def test_undone_everything_is_as_it_was(database: Database, cast: Cast, now: datetime) -> None:
    with database.write() as session:
        session.add(Contact(email="a@initech.test", company_id=cast.initech.id, created_at=now))
    merge(database, cast.globex.id, cast.initech.id, now)
    merge(database, cast.initech.id, cast.acme.id, now)
    with database.read() as session:
        assert session.get_one(Company, cast.acme.id).stage == "customer"
    undo(database, cast.acme.id, now)
    assert deals_of(database, cast.initech.id) == ["D-1"]
    with database.read() as session:
        assert session.get_one(Company, cast.globex.id).merged_into_id == cast.initech.id
        assert session.get_one(Company, cast.acme.id).stage == ""
        assert session.scalars(select(Contact.company_id)).one() == cast.initech.id


def test_a_merged_company_brings_its_target_lists_and_takes_them_back(
    database: Database, cast: Cast, now: datetime
) -> None:
    with database.write() as session:
        put_on_list(session, find_or_make_list(session, "Lost causes"), ["initech.test"])
    merge(database, cast.initech.id, cast.acme.id, now)
    with database.read() as session:
        lists = get_lists_by_company(session, [cast.acme.id, cast.globex.id])
        assert "Lost causes" in lists[cast.acme.id]
        assert cast.acme.id in session.scalars(listed_companies()).all()
        assert cast.globex.id not in lists
    undo(database, cast.acme.id, now)
    with database.read() as session:
        lists = get_lists_by_company(session, [cast.acme.id, cast.initech.id])
        assert lists[cast.initech.id] == ("Lost causes",)
        assert "Lost causes" not in lists.get(cast.acme.id, ())


def test_rows_of_before_a_merge_stay_where_they_were(database: Database, cast: Cast, now: datetime) -> None:
    with database.write() as session:
        session.add(Deal(external_id="D-2", name="Own", company_id=cast.acme.id, state="open"))
    merge(database, cast.initech.id, cast.acme.id, now)
    undo(database, cast.acme.id, now)
    assert deals_of(database, cast.acme.id) == ["D-2"]


def test_visits_after_a_merge_follow_it_and_come_back(
    database: Database, cast: Cast, providers: tuple[Provider, ...], now: datetime
) -> None:
    add_visit(database, cast, SAAB, now)
    identify_waiting(database, providers, now)
    [saab] = companies_of_visits(database)
    assert saab
    later = now + timedelta(hours=1)
    merge(database, saab, cast.acme.id, later)
    add_visit(database, cast, SAAB, later)
    identify_waiting(database, providers, later)
    assert set(companies_of_visits(database)) == {cast.acme.id}
    undo(database, cast.acme.id, later)
    identify_waiting(database, providers, later)
    assert set(companies_of_visits(database)) == {saab}


def test_a_company_is_merged_once_and_never_into_itself(
    database: Database, cast: Cast, now: datetime
) -> None:
    merge(database, cast.initech.id, cast.acme.id, now)
    for source, into in ((cast.acme.id, cast.acme.id), (cast.acme.id, cast.initech.id)):
        with pytest.raises(MergeError):
            merge(database, source, into, now)


def test_visits_of_a_network_are_split_off_and_put_back(
    database: Database, cast: Cast, providers: tuple[Provider, ...], now: datetime
) -> None:
    add_visit(database, cast, SAAB, now)
    identify_waiting(database, providers, now)
    with database.write() as session:
        row = session.scalars(select(Identification)).one()
        saab = session.get_one(Company, row.company_id)
        split_company(session, saab, session.get_one(Company, cast.acme.id), [row.network], [], BY, now)
    assert companies_of_visits(database) == [cast.acme.id]
    undo(database, saab.id, now)
    assert companies_of_visits(database) == [saab.id]


def test_a_company_cannot_belong_to_its_own_subsidiary(database: Database, cast: Cast) -> None:
    with database.write() as session:
        acme, globex = session.get_one(Company, cast.acme.id), session.get_one(Company, cast.globex.id)
        set_parent(session, acme, globex)
        session.flush()
        with pytest.raises(MergeError):
            set_parent(session, globex, acme)
