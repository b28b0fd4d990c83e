"""Names of addresses, asked of a real DNS server, and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from enrichment.identify import identify_waiting
from enrichment.models import HostName
from enrichment.names import read_name
from enrichment.providers import Provider
from enrichment.reverse_dns import KEEP_NOTHING, Breaker, NameAsker
from tests.conftest import Cast
from tests.enrichment.test_identify import SAAB, TELIA, add_visit, answer_of
from tests.fakes.name_server import NameServer
from tracker.db import Database

Providers = tuple[Provider, ...]
POINTER = ("152.35.248.2.in-addr.arpa.", "PTR")
CONFIRMED = {POINTER: "gw.acme.test.", ("gw.acme.test.", "A"): TELIA}
FORGED = {POINTER: "gw.acme.test.", ("gw.acme.test.", "A"): "192.0.2.1"}


@pytest.fixture
def server() -> Iterator[NameServer]:
    server = NameServer(CONFIRMED)
    yield server
    server.close()


def row_of(database: Database, address: str = TELIA) -> HostName | None:
    with database.read() as session:
        return session.get(HostName, address)


def test_a_confirmed_name_identifies_the_visit(
    database: Database, cast: Cast, providers: Providers, now: datetime, server: NameServer
) -> None:
    visit = add_visit(database, cast, TELIA, now)
    identify_waiting(database, providers, now)
    assert answer_of(database, visit)[1] is None
    assert NameAsker(server.address).ask_waiting(database, now) == 1
    identify_waiting(database, providers, now)
    row, company = answer_of(database, visit)
    assert company is not None
    assert (company.id, row.confidence) == (cast.acme.id, 0.6)


def test_a_name_that_does_not_lead_back_is_not_believed(
    database: Database, cast: Cast, providers: Providers, now: datetime, server: NameServer
) -> None:
    server.records = FORGED
    add_visit(database, cast, TELIA, now)
    identify_waiting(database, providers, now)
    NameAsker(server.address).ask_waiting(database, now)
    row = row_of(database)
    assert row is not None
    assert (row.name, row.asked_at) == ("", now)


def test_an_address_without_a_name_is_not_asked_about_again_for_a_week(
    database: Database, cast: Cast, providers: Providers, now: datetime, server: NameServer
) -> None:
    server.records = {}
    add_visit(database, cast, TELIA, now)
    identify_waiting(database, providers, now)
    asker = NameAsker(server.address)
    later = [now, now + timedelta(days=1), now + KEEP_NOTHING]
    assert [asker.ask_waiting(database, moment) for moment in later] == [1, 0, 1]


def test_a_visit_that_is_known_asks_nobody(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    for address in (SAAB, "10.0.0.1", "", "3.5.140.1"):
        add_visit(database, cast, address, now)
    identify_waiting(database, providers, now)
    assert [row_of(database, address) for address in (SAAB, "10.0.0.1", "", "3.5.140.1")] == [None] * 4


def test_a_resolver_that_does_not_answer_is_left_alone(
    database: Database, cast: Cast, providers: Providers, now: datetime, server: NameServer
) -> None:
    server.silent = True
    add_visit(database, cast, TELIA, now)
    identify_waiting(database, providers, now)
    asker = NameAsker(server.address)
    assert asker.ask_waiting(database, now) == 1
    assert asker.breaker.is_open(now + timedelta(seconds=29))
    row = row_of(database)
    assert row is not None
    assert (row.tries, row.asked_at) == (1, None)


def test_nobody_is_asked_when_it_is_off(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    add_visit(database, cast, TELIA, now)
    identify_waiting(database, providers, now)
    assert NameAsker("off").ask_waiting(database, now) == 0


def test_the_breaker_waits_longer_each_time_and_closes_at_an_answer(now: datetime) -> None:
    breaker = Breaker()
    waits = []
    for _ in range(9):
        breaker.note(now, answered=False)
        assert breaker.until is not None
        waits.append((breaker.until - now).total_seconds())
    assert waits == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]
    breaker.note(now, answered=True)
    assert not breaker.is_open(now)


@pytest.mark.parametrize("name", ["gw.acme.test", "mail1.acme.test", "acme.test"])
def test_a_companys_name_names_it(name: str) -> None:
    found = read_name("192.0.2.17", name)
    assert found is not None
    assert found.domains == ("acme.test",)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "192-0-2-17.acme.test",
        "h-2-17.a192.acme.test",
        "dsl.acme.test",
        "cust-7.static.acme.test",
        "vps77.acme.test",
        "gw.telia.com",
        "c.gmail.com",
        "acme",
    ],
)
def test_a_lines_or_a_providers_name_names_nobody(name: str) -> None:
    assert read_name("192.0.2.17", name) is None


def test_a_domain_on_many_addresses_names_nobody() -> None:
    assert read_name("192.0.2.17", "gw.acme.test", frozenset({"acme.test"})) is None
