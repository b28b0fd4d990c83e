"""The pages of the correction book."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from enrichment.identify import identify_waiting
from enrichment.models import Correction, Identification, NetworkOverride
from enrichment.providers import make_providers
from tests.web.conftest import Browser
from tests.web.story import Story
from tracker.db import Database
from tracker.models import Visit
from tracker.settings import Settings

NETWORK = "192.0.2.0/24"


def path(story: Story, verdict: str, more: str = "") -> str:
    return f"/corrections/new?visit={story.scania_visit.id}&verdict={verdict}{more}"


def only(database: Database) -> Correction:
    with database.read() as session:
        return session.scalars(select(Correction)).one()


@pytest.mark.parametrize("place", ["/companies/{}", "/a/{}"])
def test_the_pages_of_company_and_alert_have_the_buttons(as_jonas: Browser, story: Story, place: str) -> None:
    key = story.scania.id if "companies" in place else story.scania_alert.public_id
    text = as_jonas.get(place.format(key)).text
    for words in ("Wrong company", "This is a provider", "This is us"):
        assert words in text


def test_the_page_says_how_far_it_reaches(as_jonas: Browser, story: Story, database: Database) -> None:
    with database.read() as session:
        visits = len(session.scalars(select(Visit.id)).all())
    text = as_jonas.get(path(story, "provider")).text
    # Anna was proved to be at Scania, so her visit stays Scania's.
    assert f"<code>{NETWORK}</code>: {visits - 1} visits change, and all to come" in text
    assert "<code>192.0.2.17/32</code>" in text


def test_all_networks_of_the_as_can_be_corrected(as_jonas: Browser, story: Story, database: Database) -> None:
    with database.write() as session:
        session.get_one(Identification, story.scania_visit.id).evidence = [{"asn": 64500, "kind": "company"}]
    assert "All networks of <code>AS64500</code>" in as_jonas.get(path(story, "provider")).text
    assert "AS64500" not in as_jonas.get(path(story, "us")).text
    as_jonas.post(path(story, "provider"), data={"network": "AS64500"})
    assert only(database).network == "AS64500"
    assert "AS64500" in as_jonas.get("/corrections").text


def test_of_an_ipv6_address_the_line_is_corrected(
    as_jonas: Browser, story: Story, database: Database
) -> None:
    with database.write() as session:
        session.get_one(Visit, story.scania_visit.id).address = "2a00:801:7:1:5d:91ff:fe01:7"
    assert "This line only <code>2a00:801:7:1::/64</code>" in as_jonas.get(path(story, "provider")).text


def test_a_seller_says_that_it_is_right(as_jonas: Browser, story: Story, database: Database) -> None:
    assert "right=1" in as_jonas.get(f"/companies/{story.scania.id}").text
    page = path(story, "company", "&right=1")
    text = as_jonas.get(page).text
    assert 'value="Scania' in text and "Find companies" not in text
    as_jonas.post(page, data={"network": NETWORK, "name": story.scania.name, "domain": "scania.com"})
    row = only(database)
    assert (row.organisation, row.domain, row.note) == (
        story.scania.name, "scania.com", "a seller says that it is right",
    )  # fmt: skip


def test_a_seller_says_that_it_is_a_provider(as_jonas: Browser, story: Story, database: Database) -> None:
    answer = as_jonas.post(path(story, "provider"), data={"network": NETWORK, "note": "their café"})
    assert answer.location == "/corrections"
    row = only(database)
    assert (row.network, row.verdict, row.note, row.made_by) == (
        NETWORK, "provider", "their café", "jonas@ours.test",
    )  # fmt: skip


def test_a_known_company_is_found_and_chosen(as_jonas: Browser, story: Story, database: Database) -> None:
    assert "topsoe.com" in as_jonas.get(path(story, "company", "&q=tops")).text
    as_jonas.post(path(story, "company"), data={"network": NETWORK, "company": story.topsoe.id})
    row = only(database)
    assert (row.organisation, row.domain) == ("Topsoe A/S", "topsoe.com")


def test_a_new_company_is_written(as_jonas: Browser, story: Story, database: Database) -> None:
    form = {"network": NETWORK, "name": "Hooli AB", "domain": "https://www.hooli.com/start"}
    as_jonas.post(path(story, "company"), data=form)
    assert (only(database).organisation, only(database).domain) == ("Hooli AB", "hooli.com")


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({}, "Choose a company that was found, or write its name"),
        ({"name": "Hooli", "domain": "gmail.com"}, "Write the domain of a company"),
        ({"name": "Hooli", "domain": "???"}, "Write the domain of a company"),
    ],
)
def test_what_is_missing_is_said(
    as_jonas: Browser, story: Story, database: Database, form: dict[str, str], words: str
) -> None:
    answer = as_jonas.post(path(story, "company"), data={"network": NETWORK} | form)
    assert answer.status_code == 422
    assert words in answer.text


@pytest.mark.parametrize("network", ["", "0.0.0.0/0", "10.0.0.0/8"])
def test_only_the_networks_on_the_page_can_be_corrected(
    as_jonas: Browser, story: Story, network: str
) -> None:
    assert as_jonas.post(path(story, "us"), data={"network": network}).status_code == 400


@pytest.mark.parametrize("visit", ["", "0", "999999", "x"])
def test_a_visit_that_is_not_there_has_no_page(as_jonas: Browser, visit: str) -> None:
    assert as_jonas.get(f"/corrections/new?visit={visit}").status_code == 404


def test_the_list_takes_back(as_jonas: Browser, story: Story, database: Database) -> None:
    as_jonas.post(path(story, "provider"), data={"network": NETWORK})
    assert "Take back" in as_jonas.get("/corrections").text
    answer = as_jonas.post(f"/corrections/{only(database).id}/undo")
    assert answer.location == "/corrections"
    assert only(database).undone_by == "jonas@ours.test"
    with database.read() as session:
        assert session.scalars(select(NetworkOverride)).all() == []


def test_alerts_show_that_they_were_corrected(
    as_jonas: Browser, story: Story, database: Database, settings: Settings
) -> None:
    page = f"/a/{story.topsoe_alert.public_id}"
    with database.write() as session:
        session.execute(update(Visit).values(address="148.2.71.144"))
    assert "Corrected since" not in as_jonas.get(page).text + as_jonas.get("/alerts").text
    form = {"network": "148.2.71.144/32", "company": story.bravida.id}
    as_jonas.post(path(story, "company"), data=form)
    identify_waiting(database, make_providers(settings, database), story.now)
    with database.read() as session:
        assert session.get_one(Identification, story.topsoe_visit.id).company_id == story.bravida.id
    text = as_jonas.get(page).text
    assert "now called" in text
    assert "by the word of jonas@ours.test" in text
    assert "Corrected since" in as_jonas.get("/alerts").text
