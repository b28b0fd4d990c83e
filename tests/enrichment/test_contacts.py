"""What an identify call may do: an unsigned one names a person, a signed one proves who it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from enrichment.contacts import (
    IdentifyCall,
    decide_person,
    find_contact,
    find_or_make_contact,
    link_waiting,
    normal_email,
    sign_email,
)
from enrichment.models import Company, Contact, Proof, StageChange, VisitorContact
from tests.conftest import Cast
from tracker.db import Database
from tracker.models import Action, Visit, Visitor

SECRET = "a-secret-of-the-site"


class Browser:
    """One visitor with a past visit that was identified, and identify calls in a later visit."""

    def __init__(self, database: Database, cast: Cast, now: datetime, key: str = "v1") -> None:
        self.database, self.now, self.site_id, self.key = database, now, cast.site.id, key
        with database.write() as session:
            visitor = Visitor(
                site_id=self.site_id, key=key, cookieless=False, first_seen_at=now, last_seen_at=now
            )
            session.add(visitor)
            session.flush()
            self.id = visitor.id
            self.past = self._visit(now - timedelta(days=9))
            self.present = self._visit(now)
            session.add_all([self.past, self.present])

    def _visit(self, at: datetime) -> Visit:
        return Visit(
            site_id=self.site_id,
            visitor_id=self.id,
            started_at=at,
            ended_at=at,
            address="192.0.2.1",
            identified_at=at,
        )

    def calls(self, *, action: str = "identify", **props: Any) -> None:
        with self.database.write() as session:
            session.add(
                Action(
                    site_id=self.site_id,
                    visit_id=self.present.id,
                    hit_id=f"{self.key}-{len(session.scalars(select(Action)).all())}",
                    name=action,
                    seen_at=self.now,
                    received_at=self.now,
                    props=props,
                )
            )
        link_waiting(self.database, self.now)

    def calls_signed(self, email: str, **props: Any) -> None:
        ts = int(self.now.timestamp())
        self.calls(email=email, ts=ts, sig=sign_email(SECRET, email, ts), **props)

    def links(self) -> list[tuple[str, str, bool]]:
        with self.database.read() as session:
            rows = session.scalars(select(VisitorContact).where(VisitorContact.visitor_id == self.id))
            return [(row.email, row.proof, row.contact_id is not None) for row in rows]

    def waits(self) -> bool:
        """Whether the past visit waits to be identified anew."""
        with self.database.read() as session:
            return session.get_one(Visit, self.past.id).identified_at is None


@pytest.fixture
def browser(database: Database, cast: Cast, now: datetime) -> Browser:
    return Browser(database, cast, now)


def test_a_signed_call_proves_the_contact_and_makes_it(browser: Browser) -> None:
    browser.calls_signed("Ann@Acme.test", name="Ann")
    assert browser.links() == [("ann@acme.test", "proved", True)]


def test_a_made_contact_belongs_to_the_company_of_its_address(browser: Browser, cast: Cast) -> None:
    browser.calls_signed("ann@mail.acme.test", name="Ann", role="CTO")
    with browser.database.read() as session:
        contact = session.scalars(select(Contact)).one()
        assert (contact.name, contact.role, contact.company_id) == ("Ann", "CTO", cast.acme.id)


def test_past_visits_follow_a_proof(browser: Browser) -> None:
    browser.calls_signed("ann@acme.test")
    assert browser.waits()


def test_a_proof_said_again_changes_nothing(browser: Browser) -> None:
    browser.calls_signed("ann@acme.test")
    with browser.database.write() as session:
        session.get_one(Visit, browser.past.id).identified_at = browser.now
    browser.calls_signed("ann@acme.test")
    assert not browser.waits()


def test_a_free_mail_address_gives_no_company(browser: Browser) -> None:
    browser.calls_signed("ann@gmail.com")
    with browser.database.read() as session:
        assert session.scalars(select(Contact)).one().company_id is None


def test_an_unsigned_call_names_and_changes_nothing_else(browser: Browser) -> None:
    browser.calls(email="ann@scania.com", name="Ann", stage="customer")
    with browser.database.read() as session:
        assert session.scalars(select(Contact)).all() == []
        assert session.scalar(select(Company).where(Company.domain == "scania.com")) is None
        assert session.scalars(select(StageChange)).all() == []
    assert browser.links() == [("ann@scania.com", "claimed", False)]
    assert not browser.waits()


def test_a_form_only_claims_even_when_it_holds_a_signature(browser: Browser) -> None:
    ts = int(browser.now.timestamp())
    form = {"email": "eva@acme.test", "ts": str(ts), "sig": sign_email(SECRET, "eva@acme.test", ts)}
    browser.calls(action="form", form=form)
    assert browser.links() == [("eva@acme.test", "claimed", False)]


def test_a_claim_to_a_known_contact_is_linked_but_fills_nothing(browser: Browser) -> None:
    with browser.database.write() as session:
        find_or_make_contact(session, "ann@acme.test", source="import", now=browser.now)
    browser.calls(email="ann@acme.test", name="Mallory")
    assert browser.links() == [("ann@acme.test", "claimed", True)]
    with browser.database.read() as session:
        assert session.scalars(select(Contact)).one().name == ""


def test_a_contact_that_appears_later_takes_over_the_claims(browser: Browser) -> None:
    browser.calls(email="ann@acme.test")
    with browser.database.write() as session:
        find_or_make_contact(session, "ann@acme.test", source="import", now=browser.now)
    assert browser.links() == [("ann@acme.test", "claimed", True)]


def test_a_claim_becomes_a_proof_but_never_the_other_way(browser: Browser) -> None:
    browser.calls(email="ann@acme.test")
    browser.calls_signed("ann@acme.test")
    browser.calls(email="ann@acme.test")
    assert browser.links() == [("ann@acme.test", "proved", True)]


def test_a_proof_fills_only_empty_fields(browser: Browser) -> None:
    with browser.database.write() as session:
        contact = find_or_make_contact(session, "ann@acme.test", source="import", now=browser.now)
        contact.name = "Ann Lee"
    browser.calls_signed("ann@acme.test", name="Annie", role=" CTO\n")
    with browser.database.read() as session:
        known = find_contact(session, "ann@acme.test")
        assert known is not None
        assert (known.name, known.role) == ("Ann Lee", "CTO")


@pytest.mark.parametrize(
    "props",
    [
        {},
        {"email": 7},
        {"email": "no address"},
        {"email": None},
        {"email": ["a@b.se"]},
        {"email": "a@" * 400},
    ],
)
def test_a_call_without_an_address_is_handled_and_links_nobody(
    browser: Browser, props: dict[str, Any]
) -> None:
    browser.calls(**props)
    assert browser.links() == []
    assert link_waiting(browser.database, browser.now) == 0


def call(now: datetime, ts: object, sig: object = None, secret: str = SECRET) -> IdentifyCall:
    right = sign_email(secret, "ann@acme.test", str(ts))
    props = {"email": "ann@acme.test", "ts": ts, "sig": right if sig is None else sig}
    return IdentifyCall(1, SECRET, now, props)


@pytest.mark.parametrize("seconds", [0, -86_000, 200])
def test_a_signature_of_the_last_day_proves(now: datetime, seconds: int) -> None:
    person = decide_person(call(now, int(now.timestamp()) + seconds))
    assert person is not None
    assert person.proof is Proof.PROVED


def test_the_time_may_be_digits_in_a_text(now: datetime) -> None:
    person = decide_person(call(now, str(int(now.timestamp()))))
    assert person is not None
    assert person.proof is Proof.PROVED


@pytest.mark.parametrize("seconds", [-86_500, 400, 10**9])
def test_an_old_or_future_signature_only_claims(now: datetime, seconds: int) -> None:
    person = decide_person(call(now, int(now.timestamp()) + seconds))
    assert person is not None
    assert person.proof is Proof.CLAIMED


@pytest.mark.parametrize("ts", [True, None, -1, 1.5, "x", "²", 10**30, [1], "9" * 4000])
def test_an_odd_time_only_claims(now: datetime, ts: object) -> None:
    person = decide_person(call(now, ts))
    assert person is not None
    assert person.proof is Proof.CLAIMED


@pytest.mark.parametrize("sig", ["", "0" * 64, 5, ["x"], "é", "\ud800", {}])
def test_a_wrong_signature_only_claims(now: datetime, sig: object) -> None:
    person = decide_person(call(now, int(now.timestamp()), sig))
    assert person is not None
    assert person.proof is Proof.CLAIMED


def test_another_sites_secret_only_claims(now: datetime) -> None:
    person = decide_person(call(now, int(now.timestamp()), secret="another"))
    assert person is not None
    assert person.proof is Proof.CLAIMED


@pytest.mark.parametrize("text", ["", "a", "a@localhost", "Eva <eva@acme.se>", "<b>@x.com", "a@b@c.se"])
def test_what_is_no_address_gives_none(text: str) -> None:
    assert normal_email(text) is None
