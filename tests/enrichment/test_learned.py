"""What an address teaches: whose people come from it, how that fades, and when it is shared."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from enrichment.identify import identify_waiting
from enrichment.kinds import Kind
from enrichment.learned import CROWD, Learned, Proved, doubt_shared, is_fixed_line, learn, start_of
from enrichment.models import Contact, Proof, VisitorContact
from enrichment.providers import Provider
from enrichment.providers.base import Evidence
from tests.conftest import Cast
from tests.enrichment.test_identify import TELIA, add_visit, answer_of
from tracker.db import Database
from tracker.models import Visit

MOMENT = datetime(2026, 11, 21, tzinfo=UTC)
DORA = Proved(1, "acme.test", MOMENT, "Acme AB")
EMIL = Proved(2, "acme.test", MOMENT, "Acme AB")
FREJA = Proved(3, "globex.test", MOMENT, "Globex Oy")
PHONE = Evidence("routing table", "routes", Kind.ISP, 0.8, "its name", raw_name="Acme Mobile AB")


def test_two_people_of_one_domain_make_the_address_their_companys() -> None:
    found = learn([DORA, EMIL], MOMENT)
    assert found is not None
    assert (found.kind, found.organisation, found.domains, found.weight) == (
        Kind.COMPANY, "Acme AB", ("acme.test",), 0.7,
    )  # fmt: skip


@pytest.mark.parametrize("proved", [[], [DORA], [DORA, DORA], [DORA, EMIL, FREJA]])
def test_one_person_or_two_domains_teach_nothing(proved: list[Proved]) -> None:
    assert learn(proved, MOMENT) is None


def test_what_was_learned_fades() -> None:
    weights = [
        found.weight for days in (0, 45, 90) if (found := learn([DORA, EMIL], MOMENT + timedelta(days)))
    ]
    assert weights == [0.7, 0.495, 0.35]


@pytest.mark.parametrize(
    ("proved", "visitors", "doubt"),
    [([DORA, EMIL], CROWD, None), ([DORA, FREJA], 2, 0.4), ([], CROWD + 1, 0.2), ([DORA, FREJA], 999, 0.4)],
)
def test_people_of_several_domains_and_crowds_make_an_address_doubtful(
    proved: list[Proved], visitors: int, doubt: float | None
) -> None:
    found = doubt_shared(proved, visitors)
    assert (found.doubt if found else None) == doubt


@pytest.mark.parametrize(
    ("row", "fixed"),
    [
        (PHONE, False),
        (replace(PHONE, raw_name="Telia Company AB"), True),
        (replace(PHONE, raw_name="", basis="maxmind-connection"), False),
        (replace(PHONE, kind=Kind.COMPANY), True),
    ],
)
def test_a_mobile_line_is_not_learned(row: Evidence, fixed: bool) -> None:
    assert is_fixed_line([row]) is fixed
    found = Learned({"192.0.2.1": (DORA, EMIL)}).evidence("192.0.2.1", [row], MOMENT)
    assert bool(found) is fixed


def add_proved_visit(
    database: Database, cast: Cast, email: str, company: int, at: datetime, address: str = TELIA
) -> None:
    visit = add_visit(database, cast, address, at, key=email)
    with database.write() as session:
        contact = Contact(email=email, company_id=company, created_at=at)
        session.add(contact)
        session.flush()
        visitor = session.get_one(Visit, visit).visitor_id
        session.add(
            VisitorContact(
                visitor_id=visitor, email=email, contact_id=contact.id, proof=Proof.PROVED, linked_at=at
            )
        )


def test_a_stranger_from_the_address_of_two_colleagues_is_of_their_company(
    database: Database, cast: Cast, providers: tuple[Provider, ...], now: datetime
) -> None:
    for email in ("dora@acme.test", "emil@acme.test"):
        add_proved_visit(database, cast, email, cast.acme.id, now)
    visit = add_visit(database, cast, TELIA, now, key="stranger")
    identify_waiting(database, providers, now)
    row, company = answer_of(database, visit)
    assert company is not None
    assert (company.id, row.confidence) == (cast.acme.id, 0.7)
    assert row.evidence[0]["stance"] == "for"


def test_an_ipv6_line_is_learned_whatever_its_hosts_call_themselves(
    database: Database, cast: Cast, providers: tuple[Provider, ...], now: datetime
) -> None:
    for email, address in (("dora@acme.test", "2a00:801:7:1::d"), ("emil@acme.test", "2a00:801:7:1::e")):
        add_proved_visit(database, cast, email, cast.acme.id, now, address)
    stranger = add_visit(database, cast, "2a00:801:7:1:5d:91ff:fe01:7", now, key="stranger")
    neighbour = add_visit(database, cast, "2a00:801:7:2::1", now, key="neighbour")
    identify_waiting(database, providers, now)
    company = answer_of(database, stranger)[1]
    assert company is not None and company.id == cast.acme.id
    assert answer_of(database, neighbour)[1] is None


def test_an_address_of_two_companies_names_nobody(
    database: Database, cast: Cast, providers: tuple[Provider, ...], now: datetime
) -> None:
    add_proved_visit(database, cast, "dora@acme.test", cast.acme.id, now)
    add_proved_visit(database, cast, "freja@globex.test", cast.globex.id, now)
    visit = add_visit(database, cast, TELIA, now, key="stranger")
    identify_waiting(database, providers, now)
    row, company = answer_of(database, visit)
    assert company is None
    assert "many share the address" in row.evidence[0]["why"]


def test_old_proofs_are_forgotten(
    database: Database, cast: Cast, providers: tuple[Provider, ...], now: datetime
) -> None:
    for email in ("dora@acme.test", "emil@acme.test"):
        add_proved_visit(database, cast, email, cast.acme.id, now - timedelta(days=91))
    visit = add_visit(database, cast, TELIA, now, key="stranger")
    identify_waiting(database, providers, now)
    assert answer_of(database, visit)[1] is None


@pytest.mark.parametrize(
    ("address", "start"),
    [
        ("2001:db8:aa:1::5", "2001:db8:aa:"),
        ("2001:db8::5", "2001:db8:"),
        ("2002:5102:45a0:1::5", "2002:5102:45a0:"),
        ("not an address: this", "not an address: this"),
    ],
)
def test_the_text_of_all_addresses_of_a_line_begins_alike(address: str, start: str) -> None:
    assert start_of(address) == start
