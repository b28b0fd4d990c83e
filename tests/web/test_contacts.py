"""The page of a contact."""

from __future__ import annotations

from sqlalchemy import select

from enrichment.models import Contact, StageChange
from tests.web.conftest import Browser
from tests.web.story import Story
from tracker.db import Database


def test_the_page_says_who_they_are_and_on_what_ground(as_jonas: Browser, story: Story) -> None:
    text = as_jonas.get(f"/contacts/{story.anna.id}").text
    for said in ("Anna Berg", "Purchasing manager, Scania AB", "newsletter form", "Proved: a signed call"):
        assert said in text
    assert 'href="mailto:anna.berg@scania.com"' in text
    assert 'href="tel:+4685538100"' in text


def test_the_timeline_holds_only_visits_of_linked_browsers(as_jonas: Browser, story: Story) -> None:
    text = as_jonas.get(f"/contacts/{story.anna.id}").text
    assert text.count("New visit") == 1


def test_a_contact_without_visits_says_so(as_jonas: Browser, story: Story, database: Database) -> None:
    with database.write() as session:
        contact = Contact(email="new@topsoe.com", created_at=story.now)
        session.add(contact)
    text = as_jonas.get(f"/contacts/{contact.id}").text
    assert "No page views tied to new@topsoe.com yet." in text


def test_a_change_of_stage_leaves_a_receipt(as_jonas: Browser, story: Story, database: Database) -> None:
    as_jonas.post(f"/contacts/{story.anna.id}/stage", data={"stage": "opportunity"})
    with database.read() as session:
        receipt = session.scalar(select(StageChange).where(StageChange.contact_id == story.anna.id))
    assert receipt is not None
    assert (receipt.old_stage, receipt.new_stage, receipt.reason) == ("sql", "opportunity", "set by hand")
