"""Identification of visits: rows, companies, proofs, and doing it again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from enrichment.contacts import link_waiting
from enrichment.identify import BATCH, identify_waiting
from enrichment.models import (
    Company,
    Contact,
    Identification,
    NetworkOverride,
    Proof,
    TargetListEntry,
    VisitorContact,
)
from enrichment.providers import Provider, make_providers
from tests.conftest import Cast, make_settings
from tracker.db import Database
from tracker.models import Action, Visit, Visitor

Providers = tuple[Provider, ...]
SAAB = "148.2.71.144"
TELIA = "2.248.35.152"
UPPSALA = "130.238.1.1"


def add_visit(database: Database, cast: Cast, address: str, now: datetime, key: str = "v") -> int:
    """A visit that waits; its id."""
    with database.write() as session:
        visitor = session.scalar(select(Visitor).where(Visitor.key == key))
        if visitor is None:
            visitor = Visitor(
                site_id=cast.site.id, key=key, cookieless=False, first_seen_at=now, last_seen_at=now
            )
            session.add(visitor)
            session.flush()
        visit = Visit(
            site_id=cast.site.id,
            visitor_id=visitor.id,
            started_at=now - timedelta(minutes=5),
            ended_at=now,
            address=address,
        )
        session.add(visit)
        session.flush()
        return visit.id


def make_form(visit: int, cast: Cast, email: str, now: datetime, *, handled: bool = True) -> Action:
    """A form that the visitor sent with this address in it."""
    return Action(
        site_id=cast.site.id,
        visit_id=visit,
        hit_id=f"form-{visit}",
        name="form",
        seen_at=now,
        received_at=now,
        props={"form": {"email": email}},
        handled_at=now if handled else None,
    )


def prove(database: Database, cast: Cast, now: datetime, company_id: int | None, proof: Proof) -> None:
    """The only visitor is (or claims to be) a contact of the company."""
    with database.write() as session:
        visitor = session.scalars(select(Visitor)).one()
        contact = Contact(email="dora@acme.test", company_id=company_id, created_at=now)
        session.add(contact)
        session.flush()
        link = VisitorContact(
            visitor_id=visitor.id, email=contact.email, contact_id=contact.id, proof=proof, linked_at=now
        )
        session.add(link)
        session.execute(update(Visit).values(identified_at=None))


def answer_of(database: Database, visit_id: int) -> tuple[Identification, Company | None]:
    with database.read() as session:
        row = session.get_one(Identification, visit_id)
        return row, session.get(Company, row.company_id) if row.company_id else None


def test_a_visit_gets_its_company(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    visit = add_visit(database, cast, SAAB, now)
    assert identify_waiting(database, providers, now) == 1
    row, company = answer_of(database, visit)
    assert company is not None
    assert (company.name, company.domain, company.kind) == ("Saab AB", "saab.com", "company")
    assert (row.kind, row.confidence, row.identified_at) == ("company", 0.9, now)


def test_the_evidence_is_kept(database: Database, cast: Cast, providers: Providers, now: datetime) -> None:
    visit = add_visit(database, cast, SAAB, now)
    identify_waiting(database, providers, now)
    row, _ = answer_of(database, visit)
    assert [evidence["source"] for evidence in row.evidence] == ["reviewed networks", "routing table"]


def test_a_company_remembers_when_it_was_seen(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    visit = add_visit(database, cast, SAAB, now)
    add_visit(database, cast, SAAB, now - timedelta(days=3))
    identify_waiting(database, providers, now)
    _, company = answer_of(database, visit)
    assert company is not None
    assert (company.first_seen_at, company.last_seen_at) == (now - timedelta(days=3, minutes=5), now)


def test_two_visits_of_a_company_share_its_row(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    for address in (SAAB, "148.2.9.9"):
        add_visit(database, cast, address, now)
    identify_waiting(database, providers, now)
    with database.read() as session:
        assert len(session.scalars(select(Company).where(Company.domain == "saab.com")).all()) == 1


def test_a_provider_makes_no_company(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    visit = add_visit(database, cast, TELIA, now)
    identify_waiting(database, providers, now)
    row, company = answer_of(database, visit)
    assert (row.kind, row.organisation, company) == ("isp", "Telia Company AB", None)


def test_a_university_is_a_company_row_of_its_kind(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    visit = add_visit(database, cast, UPPSALA, now)
    identify_waiting(database, providers, now)
    _, company = answer_of(database, visit)
    assert company is not None
    assert company.kind == "education"


@pytest.mark.parametrize("address", ["", "not an address", "192.0.2.1"])
def test_a_visit_without_a_useful_address_is_done_too(
    database: Database, cast: Cast, providers: Providers, now: datetime, address: str
) -> None:
    visit = add_visit(database, cast, address, now)
    assert identify_waiting(database, providers, now) == 1
    assert answer_of(database, visit)[1] is None
    assert identify_waiting(database, providers, now) == 0


def test_more_visits_than_a_batch_take_more_calls(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    with database.write() as session:
        visitor = Visitor(
            site_id=cast.site.id, key="v", cookieless=False, first_seen_at=now, last_seen_at=now
        )
        session.add(visitor)
        session.flush()
        session.add_all(
            Visit(site_id=cast.site.id, visitor_id=visitor.id, started_at=now, ended_at=now, address=TELIA)
            for _ in range(BATCH + 1)
        )
    assert [identify_waiting(database, providers, now) for _ in range(3)] == [BATCH, 1, 0]


def test_a_proved_contact_wins_over_the_address(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    visit = add_visit(database, cast, SAAB, now)
    prove(database, cast, now, cast.acme.id, Proof.PROVED)
    identify_waiting(database, providers, now)
    row, company = answer_of(database, visit)
    assert company is not None
    assert (company.id, row.confidence) == (cast.acme.id, 0.95)


def test_a_claimed_contact_changes_nothing(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    visit = add_visit(database, cast, TELIA, now)
    prove(database, cast, now, cast.acme.id, Proof.CLAIMED)
    identify_waiting(database, providers, now)
    assert answer_of(database, visit)[1] is None


def test_past_visits_follow_a_contact_that_is_proved_later(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    visit = add_visit(database, cast, TELIA, now)
    identify_waiting(database, providers, now)
    prove(database, cast, now, cast.acme.id, Proof.PROVED)
    identify_waiting(database, providers, now)
    row, company = answer_of(database, visit)
    assert company is not None
    assert (company.id, row.kind) == (cast.acme.id, "company")


def test_a_proved_contact_without_a_company_changes_nothing(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    visit = add_visit(database, cast, TELIA, now)
    prove(database, cast, now, None, Proof.PROVED)
    identify_waiting(database, providers, now)
    assert answer_of(database, visit)[1] is None


def test_an_admins_override_counts_at_once(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    with database.write() as session:
        session.add(
            NetworkOverride(
                network="2.248.0.0/16",
                kind="company",
                organisation="Acme AB",
                domain="acme.test",
                created_at=now,
            )
        )
    visit = add_visit(database, cast, TELIA, now)
    identify_waiting(database, providers, now)
    _, company = answer_of(database, visit)
    assert company is not None
    assert company.id == cast.acme.id


def test_a_guessed_domain_counts_only_when_a_target_list_has_it(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    with database.write() as session:
        session.add(TargetListEntry(list_id=cast.ideal.id, domain="zyxwvu.com"))
        session.add_all(
            NetworkOverride(network=network, kind="company", organisation=name, created_at=now)
            for network, name in (("AS3301", "Zyxwvu AB"), ("AS197425", "Utsrqp AB"))
        )
    listed, unlisted = (add_visit(database, cast, address, now) for address in (TELIA, SAAB))
    identify_waiting(database, providers, now)
    companies = [answer_of(database, visit)[1] for visit in (listed, unlisted)]
    assert [company.domain if company else "?" for company in companies] == ["zyxwvu.com", None]


def test_another_domain_of_a_known_company_finds_its_row(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    with database.write() as session:
        session.add(Company(domain="swedbank.com", name="Our bank", name_key="our bank", created_at=now))
    visit = add_visit(database, cast, "164.10.1.1", now)
    identify_waiting(database, providers, now)
    _, company = answer_of(database, visit)
    assert company is not None
    assert company.name == "Our bank"


def test_saved_overrides_are_known_from_the_start(
    database: Database, cast: Cast, now: datetime, tmp_path_factory: pytest.TempPathFactory
) -> None:
    settings = make_settings(tmp_path_factory.mktemp("data"))
    assert make_providers(settings, database)


@pytest.mark.parametrize(
    ("email", "address", "expected"),
    [
        ("dora@acme.test", TELIA, ("acme.test", 0.6)),
        ("dora@gmail.com", TELIA, None),
        ("dora@saab.com", SAAB, ("saab.com", 0.96)),
        ("dora@acme.test", SAAB, ("saab.com", 0.9)),
        ("dora@acme.test", "10.0.0.1", None),
    ],
    ids=["names", "free mail", "supports", "does not contradict", "reserved"],
)
def test_an_address_in_a_form_names_where_nothing_else_does(
    database: Database,
    cast: Cast,
    providers: Providers,
    now: datetime,
    email: str,
    address: str,
    expected: tuple[str, float] | None,
) -> None:
    visit = add_visit(database, cast, address, now)
    with database.write() as session:
        session.add(make_form(visit, cast, email, now))
    identify_waiting(database, providers, now)
    row, company = answer_of(database, visit)
    assert (company and (company.domain, round(row.confidence, 2))) == expected


def test_a_form_names_the_visit_in_which_it_was_sent(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    visit = add_visit(database, cast, TELIA, now)
    identify_waiting(database, providers, now)
    with database.write() as session:
        session.add(make_form(visit, cast, "Dora@Acme.Test", now, handled=False))
    link_waiting(database, now)
    identify_waiting(database, providers, now)
    company = answer_of(database, visit)[1]
    assert company is not None and company.id == cast.acme.id
