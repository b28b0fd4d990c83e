"""What servers say of a visitor beside who it is: that it was another before, and where it works."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from segment.analytics.client import Client
from sqlalchemy import select

from enrichment.contacts import link_waiting
from enrichment.identify import identify_waiting
from enrichment.models import Company, Identification, Proof, VisitorCompany, VisitorContact
from tests.clients.door import Door
from tests.clients.test_whole_way import BOTH, ask_for_consent, database_kind, message, post
from tests.conftest import Cast
from tests.tracker.hits import FIREFOX
from tests.tracker.trouble import report
from tracker.db import Database, utc_now
from tracker.ingest import ingest_waiting
from tracker.models import Action, Visit, Visitor

__all__ = ["database_kind"]

SNIPPET = "visitor-of-the-snippet"


class Works:
    """A door, and the worker behind it."""

    def __init__(self, door: Door, key: str, database: Database) -> None:
        self.door, self.key, self.database = door, key, database
        self.sent = 0

    def sends(self, kind: str, *, key: str = "", **more: Any) -> None:
        self.sent += 1
        told = message(kind, messageId=f"m-{self.sent}") | {"anonymousId": None} | more
        assert post(self.door, key or self.key, told).json() == {"success": True}
        self.work()

    def sees(self, visitor: str = SNIPPET) -> None:
        """A page view by the snippet, with consent."""
        self.sent += 1
        hit = {"n": "pageview", "id": f"h-{self.sent}", "u": "https://www.ours.test/pricing"}
        with self.door._app.test_client() as client:
            headers = {"Origin": "https://www.ours.test", "User-Agent": FIREFOX}
            client.post("/s/e", data=report(c="y", i=visitor, b=[hit]), headers=headers)
        self.work()

    def work(self) -> None:
        ingest_waiting(self.database, self.door._inbox.directory, utc_now())
        link_waiting(self.database, utc_now())
        identify_waiting(self.database, (), utc_now())

    def visitors(self) -> set[int]:
        """The visitors who have visits."""
        with self.database.read() as session:
            return set(session.scalars(select(Visit.visitor_id)))

    def people(self) -> list[tuple[int, str, str]]:
        with self.database.read() as session:
            links = session.scalars(select(VisitorContact).order_by(VisitorContact.email))
            return [(link.visitor_id, link.email, link.proof) for link in links]

    def named(self) -> set[str | None]:
        """The companies of all visits, by domain or name."""
        with self.database.read() as session:
            rows = session.execute(
                select(Company.domain, Company.name)
                .join_from(Identification, Company, isouter=True)
                .join(Visit, Visit.id == Identification.visit_id)
                .where(Visit.merged_into_id.is_(None))
            )
            return {row.domain or row.name for row in rows}


@pytest.fixture
def works(door: Door, server_key: str, database: Database) -> Works:
    ask_for_consent(database)
    return Works(door, server_key, database)


@BOTH
def test_visits_before_and_after_an_alias_are_of_one_visitor_and_person(works: Works) -> None:
    works.sees()
    works.sends("identify", userId="eva", traits={"email": "eva@acme.test"})
    assert len(works.visitors()) == 2
    works.sends("alias", userId="eva", previousId=SNIPPET)
    works.sees()
    (visitor,) = works.visitors()
    assert works.people() == [(visitor, "eva@acme.test", Proof.PROVED)]
    assert works.named() == {"acme.test"}


def test_the_person_may_be_proved_after_the_alias(works: Works) -> None:
    works.sees()
    works.sends("alias", userId="eva", previousId=SNIPPET)
    works.sends("identify", userId="eva", traits={"email": "eva@acme.test"})
    assert len(works.visitors()) == 1
    assert works.named() == {"acme.test"}


def test_of_two_links_to_one_person_the_proved_one_stays(works: Works) -> None:
    works.sees()
    works.sends("identify", anonymousId=SNIPPET, traits={"email": "eva@acme.test"})
    claim = {"email": "eva@acme.test"}
    works.sends("identify", key="acme-web", anonymousId="other-browser", traits=claim)
    works.sends("alias", userId="eva", previousId="other-browser")
    works.sends("alias", userId="eva", previousId=SNIPPET)
    (visitor,) = works.visitors()
    assert works.people() == [(visitor, "eva@acme.test", Proof.PROVED)]


def test_a_user_id_may_become_another(works: Works) -> None:
    works.sends("track", userId="eva@old.test", event="Signed up")
    works.sees()
    works.sends("alias", userId="7", previousId="eva@old.test")
    works.sends("alias", userId="8", previousId="7")
    works.sends("alias", userId="8", previousId=SNIPPET)
    works.sends("track", userId="eva@old.test", event="Paid")
    works.sends("track", userId="8", event="Left")
    assert len(works.visitors()) == 1


def test_visits_that_overlap_become_one_with_the_next_hit(works: Works) -> None:
    works.sees()
    works.sends("track", userId="eva", event="Signed up")
    works.sends("alias", userId="eva", previousId=SNIPPET)
    works.sees()
    with works.database.read() as session:
        left = session.scalars(select(Visit).where(Visit.merged_into_id.is_(None))).all()
        names = session.scalars(select(Action.name).where(Action.visit_id == left[0].id)).all()
    assert [visit.page_view_count for visit in left] == [2]
    assert sorted(names) == ["Signed up", "alias"]


def test_the_site_key_joins_nobody(works: Works) -> None:
    works.sees()
    works.sends("track", userId="eva", event="Signed up")
    works.sends("alias", key="acme-web", userId="eva", previousId=SNIPPET, anonymousId="other-browser")
    assert len(works.visitors()) == 3


def test_a_hit_of_a_page_joins_nobody(works: Works) -> None:
    works.sees()
    props = {"previous": SNIPPET, "previous_user": SNIPPET, "sig": "0" * 64}
    with works.door._app.test_client() as client:
        hit = {"n": "alias", "id": "x", "p": props}
        headers = {"Origin": "https://www.ours.test", "User-Agent": FIREFOX}
        client.post("/s/e", data=report(c="y", i="another-visitor", b=[hit]), headers=headers)
    works.work()
    assert len(works.visitors()) == 2


def test_a_browser_that_two_people_used_does_not_make_them_one(works: Works) -> None:
    works.sees()
    for user in ("eva", "bob"):
        works.sends("identify", userId=user, traits={"email": f"{user}@acme.test"})
        works.sends("alias", userId=user, previousId=SNIPPET)
    assert len(works.visitors()) == 2
    works.sends("alias", userId="bob", previousId="eva")
    assert len(works.visitors()) == 2, "two proved people stay two"


def test_without_consent_no_id_of_an_alias_is_kept(door: Door, server_key: str, database: Database) -> None:
    works = Works(door, server_key, database)
    works.sends("alias", userId="eva", previousId="previous-mark")
    (hit,) = works.door.hits()
    assert (hit.name, hit.props) == ("alias", {})


def test_an_alias_may_leave_out_the_earlier_id_of_its_own_browser(works: Works) -> None:
    works.sees()
    works.sends("alias", userId="eva", anonymousId=SNIPPET)
    works.sends("track", userId="eva", event="Signed up")
    assert len(works.visitors()) == 1


@BOTH
def test_a_group_names_the_company_of_a_visitor_nobody_knew(works: Works) -> None:
    works.sees()
    works.sends(
        "group",
        anonymousId=SNIPPET,
        groupId=7,
        traits={"name": "Acme AB", "website": "http://www.acme.test/x"},
    )
    assert works.named() == {"acme.test"}
    with works.database.read() as session:
        (row,) = session.scalars(select(Identification.evidence)).all()
    assert row[0]["source"] == "group call"
    assert row[0]["weight"] == 0.8


def test_a_group_may_only_have_a_name(works: Works) -> None:
    works.sends("group", userId="eva", groupId=7, traits={"name": "Rörmokarna AB"})
    assert works.named() == {"Rörmokarna AB"}


def test_what_a_group_last_said_counts(works: Works) -> None:
    works.sends("group", userId="eva", groupId=7, traits={"name": "Acme AB"})
    works.sends("group", userId="eva", groupId=7, traits={"name": "Beta AB", "domain": "beta.test"})
    assert works.named() == {"beta.test"}


def test_a_proved_contact_outweighs_a_group(works: Works) -> None:
    works.sends("group", userId="eva", groupId=7, traits={"domain": "agency.test"})
    works.sends("identify", userId="eva", traits={"email": "eva@acme.test"})
    assert works.named() == {"acme.test"}


@pytest.mark.parametrize("traits", [{}, {"name": 7}, {"domain": "gmail.com"}, {"domain": "not a domain"}])
def test_a_group_that_says_nothing_of_a_company_changes_nothing(works: Works, traits: dict[str, Any]) -> None:
    works.sends("group", userId="eva", groupId=7, traits=traits)
    assert works.named() == {None}
    with works.database.read() as session:
        assert session.scalars(select(VisitorCompany)).all() == []


def test_a_group_with_the_site_key_changes_nothing(works: Works) -> None:
    works.sends("group", key="acme-web", anonymousId=SNIPPET, groupId=7, traits={"domain": "acme.test"})
    assert works.named() == {None}


def test_the_company_follows_an_alias(works: Works) -> None:
    works.sees()
    works.sends("group", anonymousId=SNIPPET, groupId=7, traits={"domain": "acme.test"})
    works.sends("alias", userId="eva", previousId=SNIPPET)
    works.sends("track", userId="eva", event="Signed up")
    assert works.named() == {"acme.test"}


def test_segments_own_package_joins(works: Works) -> None:
    works.sees()
    client = Client(works.key, host=works.door.url, upload_interval=0.05)
    client.alias(SNIPPET, "eva", context={"userAgent": FIREFOX})
    client.shutdown()
    works.work()
    assert len(works.visitors()) == 1


def test_a_joined_visitor_was_first_seen_when_the_earlier_was(works: Works, cast: Cast) -> None:
    long_ago = utc_now() - timedelta(days=90)
    works.sees()
    with works.database.write() as session:
        session.scalars(select(Visitor)).one().first_seen_at = long_ago
    works.sends("alias", userId="eva", previousId=SNIPPET)
    works.sees()
    with works.database.read() as session:
        (root,) = session.scalars(select(Visitor).where(Visitor.joined_into_id.is_(None))).all()
    assert root.first_seen_at == long_ago
