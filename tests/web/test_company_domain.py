"""The question for a company's domain on its page, and the click that answers it."""

from __future__ import annotations

import pytest

from enrichment.kinds import Kind
from enrichment.models import Company, Identification
from enrichment.providers.base import Evidence
from tests.web.conftest import Browser
from tests.web.story import Story
from tracker.db import Database


@pytest.fixture
def nameless(story: Story, database: Database) -> Company:
    """Scania, as if nobody had said what its domain is."""
    with database.write() as session:
        company = session.get_one(Company, story.scania.id)
        company.domain = None
        evidence = Evidence("routing table", "routes", Kind.COMPANY, 0.6, "its name", network="192.0.2.0/24")
        for row in session.query(Identification).filter_by(company_id=company.id):
            row.evidence = [evidence.as_json()]
        return company


def test_the_page_offers_domains_and_one_click_confirms(
    as_jonas: Browser, database: Database, nameless: Company
) -> None:
    path = f"/companies/{nameless.id}"
    assert 'value="scania.com"' in as_jonas.get(path).text
    answer = as_jonas.post(f"{path}/domain", data={"domain": "scania.com"})
    assert (answer.status_code, answer.location) == (303, path)
    with database.read() as session:
        assert session.get_one(Company, nameless.id).domain == "scania.com"
    text = as_jonas.get(path).text
    assert "scania.com is its domain now" in text
    assert "Nobody has said what its domain is" not in text


def test_a_company_with_a_domain_is_not_asked_about(as_jonas: Browser, story: Story) -> None:
    assert "Nobody has said" not in as_jonas.get(f"/companies/{story.topsoe.id}").text


def test_the_domain_of_another_company_leads_to_joining_them(
    as_jonas: Browser, story: Story, nameless: Company
) -> None:
    answer = as_jonas.post(f"/companies/{nameless.id}/domain", data={"domain": "topsoe.com"})
    assert answer.location == f"/companies/{story.topsoe.id}/merge/{nameless.id}"


def test_nonsense_changes_nothing(as_jonas: Browser, database: Database, nameless: Company) -> None:
    as_jonas.post(f"/companies/{nameless.id}/domain", data={"domain": "not a domain"})
    assert "Nothing was changed" in as_jonas.get(f"/companies/{nameless.id}").text
    with database.read() as session:
        assert session.get_one(Company, nameless.id).domain is None


def test_a_company_that_is_not_there_is_a_missing_page(as_jonas: Browser, story: Story) -> None:
    assert as_jonas.post("/companies/999999/domain", data={"domain": "acme.com"}).status_code == 404
