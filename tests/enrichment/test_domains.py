"""Domains that nobody asserts: offered, confirmed by a person, remembered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from enrichment.companies import find_or_make_company
from enrichment.domains import DomainTaken, confirm_domain, find_own_network, offer_domains
from enrichment.identify import identify_waiting
from enrichment.models import Company, Correction, NetworkOverride, TargetListEntry
from enrichment.providers import Provider
from tests.conftest import Cast
from tests.enrichment.test_identify import SAAB, TELIA, add_visit, answer_of
from tracker.db import Database

OWN = {"source": "routing table", "kind": "company", "network": "192.0.2.0/24", "handle": "ZYXBRAND-AS"}
SELLER = "bob@ours.test"


def zyxwvu(session: Session, now: datetime, kind: str = "company") -> Company:
    return find_or_make_company(
        session, domain=None, name="Zyxwvu AB", kind=kind, country="SE", source="identification", now=now
    )


def confirm(session: Session, company: Company, domain: str, now: datetime, *rows: dict[str, Any]) -> str:
    return confirm_domain(session, company, domain, rows, now, SELLER)


def test_domains_that_somebody_named_are_offered_first(database: Database, cast: Cast, now: datetime) -> None:
    with database.write() as session:
        session.add(TargetListEntry(list_id=cast.ideal.id, domain="zyxwvu.se"))
        offers = offer_domains(session, zyxwvu(session, now), [OWN])
    assert offers[:2] == ("zyxwvu.se", "zyxwvu.com")
    assert "zyxbrand.com" in offers


def test_a_company_with_a_domain_is_offered_none(database: Database, cast: Cast) -> None:
    with database.read() as session:
        assert offer_domains(session, session.get_one(Company, cast.acme.id), [OWN]) == ()


def test_a_confirmed_domain_is_remembered_for_the_network(
    database: Database, cast: Cast, now: datetime
) -> None:
    with database.write() as session:
        company = zyxwvu(session, now)
        assert confirm(session, company, "https://www.zyxwvu.se/", now, OWN) == "zyxwvu.se"
        row = session.scalars(select(Correction)).one()
    assert company.domain == "zyxwvu.se"
    assert (row.network, row.organisation, row.domain, row.made_by) == (
        "192.0.2.0/24",
        "Zyxwvu AB",
        "zyxwvu.se",
        SELLER,
    )


def test_no_correction_is_made_of_a_network_that_is_not_its_own(
    database: Database, cast: Cast, now: datetime
) -> None:
    line = {"source": "routing table", "kind": "isp", "network": "198.51.100.0/24"}
    proof = {"source": "proved contact", "kind": "company", "network": ""}
    with database.write() as session:
        confirm(session, zyxwvu(session, now), "zyxwvu.se", now, proof, line)
        assert session.scalars(select(Correction)).all() == []


def test_a_school_stays_a_school(database: Database, cast: Cast, now: datetime) -> None:
    with database.write() as session:
        company = zyxwvu(session, now, "education")
        confirm(session, company, "zyxwvu.se", now, OWN)
        assert (company.kind, company.domain) == ("education", "zyxwvu.se")
        assert session.scalars(select(NetworkOverride)).all() == []


@pytest.mark.parametrize("domain", ["", "zyxwvu", "gmail.com", "192.0.2.1"])
def test_a_domain_that_is_nobodys_own_is_refused(
    database: Database, cast: Cast, now: datetime, domain: str
) -> None:
    with database.write() as session, pytest.raises(ValueError, match="such as"):
        confirm(session, zyxwvu(session, now), domain, now, OWN)


def test_a_domain_of_another_company_is_refused(database: Database, cast: Cast, now: datetime) -> None:
    with database.write() as session:
        with pytest.raises(DomainTaken) as caught:
            confirm(session, zyxwvu(session, now), "acme.test", now, OWN)
        assert caught.value.other.id == cast.acme.id


def test_the_own_network_is_the_one_that_the_routes_give_it() -> None:
    assert find_own_network([{"source": "reverse DNS", "kind": "company", "network": "x"}, OWN]) == (
        "192.0.2.0/24"
    )


def test_a_company_of_that_name_comes_before_a_guessed_domain(
    database: Database, cast: Cast, providers: tuple[Provider, ...], now: datetime
) -> None:
    with database.write() as session:
        known = zyxwvu(session, now)
        known.domain = "zyx-group.com"
        session.add(Company(name="Another", name_key="another", domain="zyxwvu.com", created_at=now))
        session.add(NetworkOverride(network="AS3301", kind="company", organisation="Zyxwvu", created_at=now))
    visit = add_visit(database, cast, TELIA, now)
    identify_waiting(database, providers, now)
    company = answer_of(database, visit)[1]
    assert company is not None
    assert company.domain == "zyx-group.com"


def test_a_later_visit_finds_the_company_by_what_was_confirmed(
    database: Database, cast: Cast, providers: tuple[Provider, ...], now: datetime
) -> None:
    with database.write() as session:
        company = zyxwvu(session, now)
        confirm(session, company, "zyxwvu.se", now, OWN | {"network": "148.2.0.0/16"})
        company.name, company.name_key = "The Zyx Company", "the zyx company"
    visit = add_visit(database, cast, SAAB, now)
    identify_waiting(database, providers, now)
    found = answer_of(database, visit)[1]
    assert found is not None
    assert (found.id, found.domain) == (company.id, "zyxwvu.se")
