"""The page that shows all that is kept about a visit."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect, select

from tests.conftest import NOW, Cast
from tests.tracker.hits import make_envelope, make_hit, put
from tests.web.conftest import Browser
from tests.web.story import Story
from tracker.db import Database
from tracker.ingest import ingest_waiting
from tracker.models import Action, PageView, Visit, Visitor
from tracker.settings import Settings
from web.stored import TABLES


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


def store(database: Database, settings: Settings, **how: str) -> int:
    action = make_hit(1, name="Signed up", props={"plan": "pro"})
    put(settings.inbox_dir, make_envelope(make_hit(title="Price list"), action, **how))
    ingest_waiting(database, settings.inbox_dir, NOW)
    with database.read() as session:
        return session.scalars(select(Visit.id)).one()


def test_every_field_is_shown_with_its_reason(
    as_seller: Browser, cast: Cast, database: Database, settings: Settings
) -> None:
    page = as_seller.get(f"/visits/{store(database, settings)}/stored").text
    for text in ("visitor-1", "198.51.100.7", "Price list", "Signed up", "&#39;plan&#39;: &#39;pro&#39;"):
        assert text in page
    assert "tells which company&#39;s network the visit came from" in page
    assert "The visitor agreed to be recognised" in page


def test_a_cookieless_visit_says_what_was_not_stored(
    as_seller: Browser, cast: Cast, database: Database, settings: Settings
) -> None:
    page = as_seller.get(f"/visits/{store(database, settings, visitor='')}/stored").text
    assert "no id of the browser or of a person, and no form fields, were stored" in page


def test_a_person_whom_the_pages_named_without_consent_is_told(
    as_seller: Browser, cast: Cast, database: Database, settings: Settings
) -> None:
    visit = store(database, settings, visitor="")
    with database.write() as session:
        action = session.scalars(select(Action).where(Action.visit_id == visit)).first()
        assert action
        action.name = "identify"
    page = as_seller.get(f"/visits/{visit}/stored").text
    assert "your own pages or servers said who it is" in page
    assert "no id of the browser or of a person" not in page


def test_an_earlier_id_of_a_joined_visitor_is_shown_too(
    as_seller: Browser, cast: Cast, database: Database, settings: Settings
) -> None:
    visit = store(database, settings)
    with database.write() as session:
        into = session.get_one(Visit, visit).visitor_id
        earlier = Visitor(site_id=cast.site.id, key="the-earlier-id", joined_into_id=into, cookieless=False)
        earlier.first_seen_at = earlier.last_seen_at = NOW
        session.add(earlier)
    assert "the-earlier-id" in as_seller.get(f"/visits/{visit}/stored").text


def test_the_timeline_leads_to_it(as_eva: Browser, story: Story, database: Database) -> None:
    with database.read() as session:
        ids = session.scalars(select(Visit.id)).all()
    pages = [as_eva.get(f"/companies/{number}").text for number in range(1, 4)]
    linked = [id for id in ids if any(f'href="/visits/{id}/stored"' in page for page in pages)]
    assert linked
    assert as_eva.get(f"/visits/{linked[0]}/stored").status_code == 200


@pytest.mark.parametrize("number", [99, 2**70])
def test_a_visit_that_is_not_there_is_not_found(as_seller: Browser, number: int) -> None:
    assert as_seller.get(f"/visits/{number}/stored").status_code == 404


@pytest.mark.parametrize("model", [Visitor, Visit, PageView, Action])
def test_every_column_has_its_reason(model: type) -> None:
    (table,) = (table for table in TABLES if table.model is model)
    assert set(table.fields) == {column.name for column in inspect(model).columns}


def test_the_visits_evidence_stands_there_in_words(as_jonas: Browser, story: Story) -> None:
    page = as_jonas.get(f"/visits/{story.scania_visit.id}/stored").text
    assert "Who it was, and why" in page
    assert f'<a href="/companies/{story.scania.id}">' in page
