"""Companies: the list with its filters, the page with its grounds, and what a seller changes on it."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from alerts.models import Alert
from enrichment.models import Company, Contact, Deal, Identification, StageChange
from tests.conftest import Cast
from tests.web.conftest import Browser
from tests.web.story import PRICING, Story
from tracker.db import Database
from tracker.models import User
from web.company_facts import CompanyFacts, find_company_facts
from web.company_list import CompanyFilter, CompanyList, get_companies
from web.timeline import Line, get_company_timeline

STOCKHOLM = ZoneInfo("Europe/Stockholm")
HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(2)>'


def list_names(database: Database, story: Story, **wanted: object) -> list[str]:
    with database.read() as session:
        found: CompanyList = get_companies(session, CompanyFilter(**wanted), story.now)  # type: ignore[arg-type]
    return [row.name for row in found.rows]


def get_facts(database: Database, story: Story, company: Company) -> CompanyFacts:
    with database.read() as session:
        facts = find_company_facts(session, company.id, STOCKHOLM, story.now)
    assert facts is not None
    return facts


def get_lines(database: Database, company: Company) -> list[Line]:
    with database.read() as session:
        timeline = get_company_timeline(session, company.id, STOCKHOLM)
    return [line for day in timeline.days for line in day.lines]


def test_the_company_that_was_here_last_stands_first(database: Database, story: Story) -> None:
    names = list_names(database, story)
    assert (names[0], names[-1]) == ("Scania AB", "Bravida AB")


def test_each_filter_of_the_list_holds(database: Database, story: Story) -> None:
    assert list_names(database, story, search="BRAV") == ["Bravida AB"]
    assert list_names(database, story, stage="mql") == ["Topsoe A/S"]
    assert list_names(database, story, stage="none") == ["Räddningstjänsten Väst"]
    assert list_names(database, story, owner=str(story.eva.id)) == ["Scania AB"]
    assert list_names(database, story, owner="none") == ["Räddningstjänsten Väst", "Topsoe A/S"]


def test_the_list_goes_on_past_companies_that_were_never_here(database: Database, story: Story) -> None:
    with database.write() as session:
        for number in range(120):
            name = f"Company {number:03}"
            session.add(Company(name=name, name_key=name.lower(), created_at=story.now))
    names: list[str] = []
    before: int | None = None
    while True:
        with database.read() as session:
            found = get_companies(session, CompanyFilter(before=before), story.now)
        names += [row.name for row in found.rows]
        before = found.older
        if before is None:
            break
    assert len(names) == len(set(names)) == 125


def test_the_page_says_who_how_sure_and_whose(as_jonas: Browser, story: Story) -> None:
    text = as_jonas.get(f"/companies/{story.scania.id}").text
    for said in (
        "Scania AB",
        "Opportunity",
        "Sure 96%",
        "Ideal customer",
        "57,000 employees",
        "Owner Eva Lind",
    ):
        assert said in text


def test_the_page_gives_the_ground_of_the_name(as_jonas: Browser, story: Story) -> None:
    text = as_jonas.get(f"/companies/{story.scania.id}").text
    assert "the network is registered to Scania AB" in text
    assert "SCANIA AB-NET · 192.0.2.0/24 · AS64500" in text
    assert "2 sources agree, none disagrees." in text


def test_a_source_that_says_nothing_is_not_counted_among_those_that_agree(
    as_jonas: Browser, story: Story, database: Database
) -> None:
    with database.write() as session:
        row = session.get_one(Identification, story.scania_visit.id)
        row.evidence = [row.evidence[0], row.evidence[1] | {"kind": "unknown", "weight": 0.0}]
    text = as_jonas.get(f"/companies/{story.scania.id}").text
    assert "One source says so." in text
    assert "no claim" in text


def test_the_short_address_of_messages_leads_to_the_page(as_jonas: Browser, story: Story) -> None:
    assert as_jonas.get(f"/c/{story.scania.id}").location == f"/companies/{story.scania.id}"


def test_visits_are_counted_by_the_readers_day(database: Database, story: Story) -> None:
    days = get_facts(database, story, story.scania).days
    assert len(days) == 30
    assert sum(count for _, count in days) == 10
    assert days[-1] == (story.now.astimezone(STOCKHOLM).date(), 1)


def test_why_we_say_it_is_of_the_latest_visit_also_after_a_replay(database: Database, story: Story) -> None:
    with database.write() as session:
        story.session = session
        story.visit(story.scania, timedelta(days=20), [PRICING], confidence=0.6)
    claim = get_facts(database, story, story.scania).claim
    assert claim is not None
    assert claim.visit_id == story.scania_visit.id


def test_a_claimed_person_is_told_from_a_known_one(database: Database, story: Story) -> None:
    people = get_facts(database, story, story.scania).people
    assert [(one.email, one.proof, one.contact_id is not None) for one in people] == [
        ("anna.berg@scania.com", "proved", True),
        ("per.ek@scania.com", "claimed", False),
    ]


def test_products_of_won_deals_are_owned(database: Database, story: Story) -> None:
    facts = get_facts(database, story, story.bravida)
    assert (facts.owned, facts.not_owned) == (("CRM",), ("Field app",))


def test_the_rules_that_said_no_are_listed_with_their_reasons(database: Database, story: Story) -> None:
    said = [(one.rule, one.reason) for one in get_facts(database, story, story.scania).why_not]
    assert ("Lost deal is back", "No lost deal with Scania AB") in said


def test_the_timeline_holds_visits_pages_actions_stages_and_alerts(database: Database, story: Story) -> None:
    kinds = {line.kind for line in get_lines(database, story.scania)}
    assert kinds == {"visit", "page", "action", "stage", "alert"}


def test_a_page_seen_again_in_a_visit_is_one_line(database: Database, story: Story) -> None:
    lines = [line for line in get_lines(database, story.nordlund) if line.title == "Customer case: Atlas"]
    assert [(line.times, line.engaged_ms) for line in lines] == [(3, 630_000)]


def test_the_timeline_is_newest_first_and_the_page_above_its_visit(database: Database, story: Story) -> None:
    lines = get_lines(database, story.topsoe)
    assert [line.at for line in lines] == sorted((line.at for line in lines), reverse=True)
    assert [line.kind for line in lines[-2:]] == ["page", "visit"]


def test_older_parts_of_the_timeline_do_not_repeat_alerts(database: Database, story: Story) -> None:
    with database.write() as session:
        story.session = session
        for number in range(60):
            story.visit(story.topsoe, timedelta(days=2, minutes=31 * number), [PRICING])
    with database.read() as session:
        first = get_company_timeline(session, story.topsoe.id, STOCKHOLM)
        second = get_company_timeline(session, story.topsoe.id, STOCKHOLM, first.older)
    shown = [line for part in (first, second) for day in part.days for line in day.lines]
    assert sum(line.kind == "visit" for line in shown) == 61
    assert sum(line.kind == "alert" for line in shown) == 1


def test_a_seller_changes_the_stage_and_leaves_a_receipt(
    as_jonas: Browser, story: Story, database: Database
) -> None:
    path = f"/companies/{story.topsoe.id}/stage"
    answer = as_jonas.post(path, data={"stage": "sql", "reason": "asked for a price"})
    with database.read() as session:
        receipt = session.scalars(select(StageChange).order_by(StageChange.id.desc())).first()
        assert session.get_one(Company, story.topsoe.id).stage == "sql"
    assert answer.status_code == 303
    assert receipt is not None
    assert (receipt.old_stage, receipt.reason, receipt.changed_by) == (
        "mql",
        "asked for a price",
        "jonas@ours.test",
    )


def test_a_stage_that_does_not_exist_is_refused(as_jonas: Browser, story: Story) -> None:
    assert as_jonas.post(f"/companies/{story.topsoe.id}/stage", data={"stage": "boss"}).status_code == 400


def test_a_seller_gives_the_company_to_a_colleague(
    as_jonas: Browser, story: Story, database: Database
) -> None:
    as_jonas.post(f"/companies/{story.topsoe.id}/owner", data={"owner": str(story.eva.id)})
    with database.read() as session:
        assert session.get_one(Company, story.topsoe.id).owner_id == story.eva.id


def test_a_disabled_user_cannot_become_the_owner(as_jonas: Browser, story: Story, database: Database) -> None:
    with database.write() as session:
        session.get_one(User, story.eva.id).disabled_at = story.now
    answer = as_jonas.post(f"/companies/{story.topsoe.id}/owner", data={"owner": str(story.eva.id)})
    assert answer.status_code == 404


def test_taking_a_company_takes_its_open_alerts(as_jonas: Browser, story: Story, database: Database) -> None:
    as_jonas.post(f"/companies/{story.topsoe.id}/take")
    with database.read() as session:
        taken = session.scalar(select(Alert.taken_by_id).where(Alert.company_id == story.topsoe.id))
        assert session.get_one(Company, story.topsoe.id).owner_id == story.jonas.id
    assert taken == story.jonas.id


@pytest.mark.parametrize("path", ["/companies/999", "/companies/99999999999999999999", "/contacts/999"])
def test_what_does_not_exist_is_not_found(as_jonas: Browser, path: str) -> None:
    assert as_jonas.get(path).status_code == 404


def test_hostile_words_stay_words(as_admin: Browser, cast: Cast, database: Database) -> None:
    with database.write() as session:
        company = session.get_one(Company, cast.acme.id)
        company.name = company.industry = HOSTILE
        company.tags = [HOSTILE]
        company.domain = "javascript:alert(3)//"
        session.add(
            Deal(external_id="X", name=HOSTILE, company_id=company.id, state="open", currency="XXX", amount=1)
        )
        session.add(
            Contact(
                email='"><script>@evil.test',
                name=HOSTILE,
                role=HOSTILE,
                phone="javascript:alert(4)",
                company_id=company.id,
                created_at=company.created_at,
            )
        )
    for path in (f"/companies/{cast.acme.id}", "/companies", "/contacts/1"):
        text = as_admin.get(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert 'href="javascript:' not in text
        assert '"><script>@' not in text
