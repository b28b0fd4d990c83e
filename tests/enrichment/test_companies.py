"""When two names or addresses are the same company, and what finding one may change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enrichment.companies import find_or_make_company
from enrichment.models import Company
from tests.conftest import Cast
from tracker.db import Database


def identified(session: Session, now: datetime, name: str, domain: str = "", country: str = "") -> Company:
    return find_or_make_company(
        session, domain=domain, name=name, kind="company", country=country, source="identification", now=now
    )


def test_a_company_is_found_by_its_domain(database: Database, cast: Cast, now: datetime) -> None:
    with database.write() as session:
        assert identified(session, now, "Other name", "www.acme.test").id == cast.acme.id


def test_a_company_is_found_by_a_name_that_only_one_has(
    database: Database, cast: Cast, now: datetime
) -> None:
    with database.write() as session:
        assert identified(session, now, "ACME").id == cast.acme.id


def test_a_company_in_another_country_is_another(database: Database, cast: Cast, now: datetime) -> None:
    with database.write() as session:
        session.merge(cast.acme).country = "SE"
        assert identified(session, now, "Acme", country="US").id != cast.acme.id


def test_a_name_two_companies_share_makes_a_third(database: Database, cast: Cast, now: datetime) -> None:
    with database.write() as session:
        session.add(Company(name="Acme Inc", domain="acme.example", name_key="acme", created_at=now))
        session.flush()
        before = session.scalar(select(func.count(Company.id))) or 0
        identified(session, now, "Acme")
        assert session.scalar(select(func.count(Company.id))) == before + 1


def test_finding_fills_empty_fields_and_changes_no_others(
    database: Database, cast: Cast, now: datetime
) -> None:
    with database.write() as session:
        found = identified(session, now, "ACME HOLDING", "acme.test", "SE")
        assert (found.name, found.country) == ("Acme AB", "SE")


def test_a_company_named_by_its_domain_gets_a_real_name(database: Database, now: datetime) -> None:
    with database.write() as session:
        identified(session, now, "", "scania.com")
        assert identified(session, now, "Scania AB", "scania.com").name == "Scania AB"


def test_a_file_with_another_domain_means_another_company(
    database: Database, cast: Cast, now: datetime
) -> None:
    with database.write() as session:
        made = find_or_make_company(
            session, domain="acme.example", name="Acme", kind="company", country="", source="import", now=now
        )
        assert made.id != cast.acme.id


def test_processes_that_meet_the_same_new_company_make_one_row(database: Database, now: datetime) -> None:
    def make(_: int) -> int:
        with database.write() as session:
            return identified(session, now, "Scania", "scania.com").id

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(make, range(8)))) == 1
