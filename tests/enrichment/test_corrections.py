"""The correction book: what a correction changes, how far it reaches, and taking it back."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from enrichment.corrections import (
    Verdict,
    Wanted,
    active_corrections,
    correct,
    find_correction,
    find_visits,
    undo,
)
from enrichment.identify import identify_waiting
from enrichment.models import Company, Correction, NetworkOverride, Proof
from enrichment.providers import Provider
from tests.conftest import Cast
from tests.enrichment.test_identify import SAAB, TELIA, add_visit, answer_of, prove
from tracker.db import Database, work_lock
from tracker.models import Site

Providers = tuple[Provider, ...]
NETWORK = "148.2.0.0/16"
ACME = Wanted(NETWORK, Verdict.COMPANY, "Acme AB", "acme.test")


def make(database: Database, wanted: Wanted, now: datetime) -> int:
    with database.write() as session:
        return correct(session, wanted, now, "bob@ours.test").id


def take_back(database: Database, correction_id: int, now: datetime) -> bool:
    with database.write() as session:
        return undo(session, session.get_one(Correction, correction_id), now, "alice@ours.test")


def named(database: Database, providers: Providers, visit: int, now: datetime) -> str | None:
    """What the visit is called once the worker has been by."""
    identify_waiting(database, providers, now)
    company = answer_of(database, visit)[1]
    return company.name if company else None


def test_a_correction_renames_the_past_visits_of_the_network(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    visit = add_visit(database, cast, SAAB, now)
    assert named(database, providers, visit, now) == "Saab AB"
    make(database, ACME, now)
    assert named(database, providers, visit, now) == "Acme AB"


@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_a_correction_waits_for_a_worker_that_has_not_seen_it(
    database: Database, cast: Cast, now: datetime
) -> None:
    with database.write() as worker, database.write() as session:
        work_lock(worker)
        session.execute(text("SET LOCAL lock_timeout = '10ms'"))
        with pytest.raises(OperationalError, match="lock timeout"):
            correct(session, ACME, now, "bob@ours.test")
        session.rollback()


def test_a_correction_holds_for_visits_to_come(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    make(database, ACME, now)
    visit = add_visit(database, cast, SAAB, now)
    assert named(database, providers, visit, now) == "Acme AB"


@pytest.mark.parametrize("verdict", [Verdict.PROVIDER, Verdict.US])
def test_a_provider_and_our_own_people_are_not_named(
    database: Database, cast: Cast, providers: Providers, now: datetime, verdict: Verdict
) -> None:
    visit = add_visit(database, cast, SAAB, now)
    make(database, Wanted(NETWORK, verdict), now)
    assert named(database, providers, visit, now) is None


def test_taking_back_names_the_visits_as_before(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    visit = add_visit(database, cast, SAAB, now)
    made = make(database, ACME, now)
    assert named(database, providers, visit, now) == "Acme AB"
    assert take_back(database, made, now)
    assert named(database, providers, visit, now) == "Saab AB"


def test_taking_back_twice_does_nothing(database: Database, cast: Cast, now: datetime) -> None:
    made = make(database, ACME, now)
    assert [take_back(database, made, now), take_back(database, made, now)] == [True, False]


def test_taking_back_restores_the_override_that_stood_there(
    database: Database, cast: Cast, now: datetime
) -> None:
    with database.write() as session:
        session.add(NetworkOverride(network=NETWORK, kind="hosting", reason="a hall", created_at=now))
    take_back(database, make(database, ACME, now), now)
    with database.read() as session:
        row = session.scalars(select(NetworkOverride)).one()
        assert (row.kind, row.reason) == ("hosting", "a hall")


def test_a_second_correction_of_a_network_takes_the_place_of_the_first(
    database: Database, cast: Cast, now: datetime
) -> None:
    make(database, ACME, now)
    second = make(database, Wanted(NETWORK, Verdict.PROVIDER), now)
    with database.read() as session:
        assert [row.id for row in active_corrections(session)] == [second]
        assert session.scalars(select(NetworkOverride)).one().kind == "isp"


def test_our_own_people_count_as_staff_on_every_site_until_it_is_taken_back(
    database: Database, cast: Cast, now: datetime
) -> None:
    made = make(database, Wanted(NETWORK, Verdict.US), now)
    with database.read() as session:
        assert session.get_one(Site, cast.site.id).staff_networks == ["203.0.113.0/24", NETWORK]
    take_back(database, made, now)
    with database.read() as session:
        assert session.get_one(Site, cast.site.id).staff_networks == ["203.0.113.0/24"]


@pytest.mark.parametrize(
    ("network", "reached"),
    [
        ("148.2.0.0/16", 2),
        ("148.2.71.144/32", 2),
        ("148.0.0.0/6", 2),
        ("0.0.0.0/0", 3),
        ("148.20.0.0/16", 0),
        ("2001:db8::/32", 1),
    ],
)
def test_a_correction_reaches_the_visits_of_its_network(
    database: Database, cast: Cast, now: datetime, network: str, reached: int
) -> None:
    for address in (SAAB, f"::ffff:{SAAB}", TELIA, "2001:db8::7", "", "odd"):
        add_visit(database, cast, address, now)
    with database.read() as session:
        assert len(find_visits(session, network)) == reached


def test_who_was_proved_keeps_the_company(database: Database, cast: Cast, now: datetime) -> None:
    add_visit(database, cast, SAAB, now)
    prove(database, cast, now, cast.acme.id, Proof.PROVED)
    with database.read() as session:
        assert find_visits(session, NETWORK) == ()


def test_the_correction_of_the_longest_network_decides_about_an_address() -> None:
    rows = [Correction(network=text) for text in ("148.0.0.0/8", "148.2.71.144/32", "2001:db8::/32")]
    assert find_correction(rows, SAAB) is rows[1]
    assert find_correction(rows, "192.0.2.1") is None
    assert find_correction(rows, "odd") is None


SAABS = "AS197425"
# Another network of the AS that TELIA lies in.
TELIA_TOO = "90.224.1.1"


def test_a_correction_of_an_as_reaches_all_its_networks_and_is_taken_back(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    visits = [add_visit(database, cast, address, now) for address in (TELIA, TELIA_TOO, SAAB)]
    before = [named(database, providers, visit, now) for visit in visits]
    assert before == [None, None, "Saab AB"]
    made = make(database, Wanted("as3301", Verdict.COMPANY, "Acme AB", "acme.test"), now)
    assert [named(database, providers, visit, now) for visit in visits] == ["Acme AB", "Acme AB", "Saab AB"]
    to_come = add_visit(database, cast, "81.224.1.1", now)
    assert named(database, providers, to_come, now) == "Acme AB"
    take_back(database, made, now)
    assert [named(database, providers, visit, now) for visit in visits] == before


def test_a_correction_of_a_network_wins_over_that_of_its_as(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    visit = add_visit(database, cast, SAAB, now)
    make(database, ACME, now)
    make(database, Wanted(SAABS, Verdict.PROVIDER), now)
    assert named(database, providers, visit, now) == "Acme AB"
    rows = [Correction(network=SAABS), Correction(network=NETWORK)]
    assert find_correction(rows, SAAB, 197425) is rows[1]
    assert find_correction(rows[:1], SAAB, 197425) is rows[0]
    assert find_correction(rows[:1], SAAB, 3301) is None


def test_an_as_is_not_our_staff(database: Database, cast: Cast, now: datetime) -> None:
    with pytest.raises(ValueError, match="too wide"), database.write() as session:
        correct(session, Wanted(SAABS, Verdict.US), now, "bob@ours.test")


@pytest.mark.parametrize("network", ["AS0", "AS4294967296", "nowhere", "1.2.3.4/33"])
def test_what_is_no_network_is_refused(database: Database, cast: Cast, now: datetime, network: str) -> None:
    with pytest.raises(ValueError), database.write() as session:
        correct(session, Wanted(network, Verdict.PROVIDER), now, "bob@ours.test")


def test_a_company_needs_a_name_or_a_domain(database: Database, cast: Cast, now: datetime) -> None:
    with pytest.raises(ValueError, match="name"), database.write() as session:
        correct(session, Wanted(NETWORK, Verdict.COMPANY), now, "bob@ours.test")


def test_a_new_company_is_made_when_it_is_seen(
    database: Database, cast: Cast, providers: Providers, now: datetime
) -> None:
    visit = add_visit(database, cast, SAAB, now)
    make(database, Wanted(NETWORK, Verdict.COMPANY, "Hooli AB", "hooli.com"), now)
    assert named(database, providers, visit, now) == "Hooli AB"
    with database.read() as session:
        assert session.scalar(select(Company.domain).where(Company.name == "Hooli AB")) == "hooli.com"
