"""Visits that wait for a vendor: who is asked, how often, what is kept, and what comes of the answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from enrichment.identify import identify_waiting
from enrichment.models import Company, Identification, VendorAccount, VendorAnswer, VendorRequest
from enrichment.providers import Provider, open_providers
from enrichment.vendors.book import open_book
from enrichment.vendors.work import ask_registries, ask_waiting
from tests.conftest import Cast
from tests.enrichment.test_identify import SAAB, TELIA, add_visit
from tests.fakes.registry import FakeRegistry
from tests.fakes.server import Answer
from tests.fakes.vendors import FAR_VENDORS, FakeVendor
from tracker.db import Database
from tracker.models import PageView, Visit
from tracker.settings import Settings

NEIGHBOUR = "2.248.35.153"


@pytest.fixture(scope="module")
def providers() -> tuple[Provider, ...]:
    return open_providers(None)


class Desk:
    """One installation with a far vendor; `turn` is what the worker does again and again."""

    def __init__(
        self,
        database: Database,
        cast: Cast,
        settings: Settings,
        providers: tuple[Provider, ...],
        far: FakeVendor,
        now: datetime,
    ) -> None:
        self.database, self.cast, self.settings, self.providers = database, cast, settings, providers
        self.far, self.now = far, now

    def switch_on(self, **more: object) -> None:
        values: dict[str, object] = {
            "enabled": True,
            "settings": self.far.values,
            "sites": [self.cast.site.key],
            "created_at": self.now,
        }
        with self.database.write() as session:
            session.merge(VendorAccount(kind=self.far.far.kind, **(values | more)))

    def visit(self, address: str = TELIA, key: str = "v") -> int:
        visit = add_visit(self.database, self.cast, address, self.now, key)
        with self.database.write() as session:
            session.add(
                PageView(
                    site_id=self.cast.site.id,
                    visit_id=visit,
                    hit_id=f"h{visit}",
                    seen_at=self.now,
                    received_at=self.now,
                    saved_at=self.now,
                    url="https://www.ours.test/pricing",
                    path="/pricing",
                    decided_at=self.now,
                )
            )
        self.identify()
        return visit

    def identify(self) -> None:
        while identify_waiting(self.database, self.providers, self.now):
            pass

    def turn(self, later: timedelta = timedelta()) -> None:
        self.now += later
        while ask_waiting(self.database, self.settings, self.now):
            self.identify()

    def company_of(self, visit: int) -> str | None:
        with self.database.read() as session:
            found = session.get_one(Identification, visit).company_id
            return session.get_one(Company, found).name if found else None

    def account(self) -> VendorAccount:
        with self.database.read() as session:
            return session.scalars(select(VendorAccount)).one()

    def log(self) -> list[VendorRequest]:
        with self.database.read() as session:
            return list(session.scalars(select(VendorRequest).order_by(VendorRequest.id)))


@pytest.fixture
def far() -> Iterator[FakeVendor]:
    snitcher = next(far for far in FAR_VENDORS if far.kind == "snitcher")
    with FakeVendor(snitcher) as fake:
        yield fake


@pytest.fixture
def desk(
    database: Database,
    cast: Cast,
    settings: Settings,
    providers: tuple[Provider, ...],
    far: FakeVendor,
    now: datetime,
) -> Desk:
    return Desk(database, cast, settings, providers, far, now)


def test_nothing_is_sent_unless_it_is_switched_on(desk: Desk) -> None:
    desk.switch_on(enabled=False)
    desk.visit()
    desk.turn()
    assert desk.far.received == []


def test_nothing_is_sent_of_a_site_that_is_not_named(desk: Desk) -> None:
    desk.switch_on(sites=["another-site"])
    desk.visit()
    desk.turn()
    assert desk.far.received == []


def test_only_visits_that_nobody_here_knows_are_asked_about(desk: Desk) -> None:
    desk.switch_on()
    desk.visit(SAAB)
    desk.turn()
    assert desk.far.received == []


def test_an_unknown_visit_gets_the_vendors_company_with_its_evidence(desk: Desk) -> None:
    desk.switch_on()
    visit = desk.visit()
    assert desk.company_of(visit) is None
    desk.turn()
    assert desk.company_of(visit) == "Nordlund Industri AB"
    with desk.database.read() as session:
        row = session.get_one(Identification, visit)
        assert (row.evidence[0]["source"], row.waits_for_vendor) == ("Snitcher", False)


def test_the_rules_hear_of_a_visit_that_a_vendor_named(desk: Desk) -> None:
    desk.switch_on()
    desk.visit()
    desk.turn()
    with desk.database.read() as session:
        assert session.scalars(select(PageView.decided_at)).all() == [None]


def test_every_address_that_was_sent_is_in_the_log_with_its_cost(desk: Desk) -> None:
    desk.switch_on(price=Decimal("0.05"), currency="EUR")
    visit = desk.visit()
    desk.turn()
    [row] = desk.log()
    assert (row.vendor, row.address, row.visit_id, row.outcome) == ("snitcher", TELIA, visit, "found")
    assert (row.cost, row.detail) == (Decimal("0.05"), "Nordlund Industri AB")


def test_the_same_address_is_asked_once_in_thirty_days(desk: Desk) -> None:
    desk.switch_on()
    desk.visit()
    desk.turn()
    assert desk.company_of(desk.visit(key="w")) == "Nordlund Industri AB"
    desk.turn(timedelta(days=29))
    assert len(desk.far.received) == 1


def test_a_neighbour_is_asked_about_on_its_own(desk: Desk) -> None:
    desk.switch_on()
    desk.visit()
    desk.visit(NEIGHBOUR, key="w")
    desk.turn()
    assert [row.address for row in desk.log()] == [NEIGHBOUR, TELIA]


def test_an_answer_holds_for_the_network_the_vendor_names(
    desk: Desk, database: Database, providers: tuple[Provider, ...], settings: Settings
) -> None:
    with FakeVendor(next(far for far in FAR_VENDORS if far.kind == "maxmind")) as far:
        desk.far = far
        desk.switch_on()
        desk.visit()
        desk.turn()
        assert desk.company_of(desk.visit(NEIGHBOUR, key="w")) == "Nordlund Industri AB"
        assert len(far.received) == 1


def test_nothing_known_is_remembered_for_a_week(desk: Desk) -> None:
    desk.switch_on()
    desk.far.always = Answer(404)
    desk.visit()
    desk.turn()
    desk.visit(key="w")
    desk.turn(timedelta(days=6))
    assert len(desk.far.received) == 1
    desk.now += timedelta(days=2)
    desk.visit(key="x")
    desk.turn()
    assert len(desk.far.received) == 2


def test_a_vendors_word_that_it_is_a_provider_names_nobody(desk: Desk) -> None:
    desk.switch_on()
    desk.far.always = Answer(200, json.dumps(desk.far.far.provider))
    visit = desk.visit()
    desk.turn()
    assert desk.company_of(visit) is None
    assert len(desk.far.received) == 1


def test_the_days_budget_ends_the_asking_until_tomorrow(desk: Desk) -> None:
    desk.switch_on(daily_budget=1)
    desk.visit(NEIGHBOUR, key="w")
    visit = desk.visit()
    desk.visit("2.248.35.154", key="x")
    desk.turn()
    assert len(desk.far.received) == 1
    desk.turn(timedelta(days=1))
    desk.turn(timedelta(days=1))
    assert desk.company_of(visit) == "Nordlund Industri AB"


@pytest.mark.parametrize(
    ("answer", "closed", "open_again"),
    [
        (Answer(429, "{}", {"Retry-After": "120"}), timedelta(seconds=110), timedelta(seconds=20)),
        (Answer(402, "{}"), timedelta(hours=9), timedelta(hours=1)),
        (Answer(403, "{}"), timedelta(hours=9), timedelta(hours=1)),
        (Answer(401, "{}"), timedelta(hours=23), timedelta(hours=2)),
        (Answer(503), timedelta(seconds=50), timedelta(seconds=20)),
        (Answer(200, "<html>"), timedelta(seconds=50), timedelta(seconds=20)),
    ],
    ids=["429", "402", "403", "401", "503", "garbage"],
)
def test_a_vendor_that_says_stop_is_left_alone_and_nothing_is_lost(
    desk: Desk, answer: Answer, closed: timedelta, open_again: timedelta
) -> None:
    desk.switch_on()
    desk.far.answers = [answer]
    visit = desk.visit()
    desk.turn()
    desk.visit(NEIGHBOUR, key="w")
    desk.turn(closed)
    assert len(desk.far.received) == 1
    assert desk.account().last_error
    desk.turn(open_again)
    assert desk.company_of(visit) == "Nordlund Industri AB"
    assert desk.account().stopped_until is None


def test_a_queued_address_is_asked_again_and_holds_up_nobody(desk: Desk) -> None:
    desk.switch_on()
    desk.far.answers = [Answer(202, "{}")]
    visit = desk.visit()
    desk.turn()
    assert len(desk.far.received) == 1
    other = desk.visit(NEIGHBOUR, key="w")
    desk.turn()
    assert desk.company_of(other) == "Nordlund Industri AB"
    desk.turn(timedelta(seconds=20))
    assert desk.company_of(visit) == "Nordlund Industri AB"


def test_an_address_that_stays_queued_is_given_up(desk: Desk) -> None:
    desk.switch_on()
    desk.far.always = Answer(202, "{}")
    desk.visit()
    for _ in range(12):
        desk.turn(timedelta(minutes=1))
    assert len(desk.far.received) == 8
    with desk.database.read() as session:
        assert session.scalars(select(VendorAnswer.outcome)).all() == ["not_found"]


def test_a_visit_waits_a_week_at_most(desk: Desk) -> None:
    desk.switch_on()
    desk.far.always = Answer(503)
    visit = desk.visit()
    desk.turn()
    desk.turn(timedelta(days=8))
    with desk.database.read() as session:
        assert not session.get_one(Identification, visit).waits_for_vendor


def test_a_replayed_visit_is_never_sent(desk: Desk) -> None:
    desk.switch_on()
    desk.visit()
    with desk.database.write() as session:
        session.execute(update(Visit).values(quiet=True, identified_at=None))
    desk.identify()
    desk.turn()
    assert desk.far.received == []


@pytest.fixture
def registries(desk: Desk) -> Iterator[FakeRegistry]:
    """The registries, switched on."""
    with FakeRegistry() as fake, desk.database.write() as session:
        session.add(
            VendorAccount(
                kind="rdap",
                enabled=True,
                settings=fake.values,
                sites=[desk.cast.site.key],
                created_at=desk.now,
            )
        )
        session.commit()
        yield fake


def test_a_registry_names_a_possible_company(desk: Desk, registries: FakeRegistry) -> None:
    visit = desk.visit()
    desk.turn()
    assert registries.asked == []
    while ask_registries(desk.database, desk.settings, desk.now):
        desk.identify()
    assert desk.company_of(visit) == "Nordlund Industri AB"
    with desk.database.read() as session:
        assert session.get_one(Identification, visit).confidence == 0.6
    assert [(row.vendor, row.address, row.outcome) for row in desk.log()] == [("rdap", TELIA, "found")]


def test_the_registries_are_asked_after_the_vendors(desk: Desk, registries: FakeRegistry) -> None:
    desk.switch_on()
    desk.visit()
    ask_registries(desk.database, desk.settings, desk.now)
    assert registries.asked == []
    desk.turn()
    assert len(desk.far.received) == 1
    ask_registries(desk.database, desk.settings, desk.now)
    assert registries.asked == []


def test_what_a_registry_said_keeps_no_vendor_from_being_asked(desk: Desk, registries: FakeRegistry) -> None:
    desk.visit()
    ask_registries(desk.database, desk.settings, desk.now)
    desk.switch_on()
    neighbour = desk.visit(NEIGHBOUR, "w")
    assert desk.company_of(neighbour) == "Nordlund Industri AB"
    with desk.database.read() as session:
        assert open_book(session, [NEIGHBOUR], desk.now).owing(NEIGHBOUR, desk.cast.site.id) == ["snitcher"]
