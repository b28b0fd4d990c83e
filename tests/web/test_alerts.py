"""Alerts: the list, the page with its reasons and hops, and what a seller does with one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from alerts.models import Alert, Delivery
from alerts.story import plain_story
from tests.alerts.test_messages import BASE
from tests.web.conftest import Browser
from tests.web.story import Story
from tracker.db import Database
from tracker.settings import Settings
from web.alert_facts import AlertFacts, find_alert_facts, make_hops
from web.alert_rows import AlertFilter, get_alerts


def list_companies(database: Database, story: Story, **wanted: object) -> list[str]:
    with database.read() as session:
        found = get_alerts(session, AlertFilter(**wanted), story.jonas.id)  # type: ignore[arg-type]
    return [row.company for row in found.rows]


def get_facts(database: Database, alert: Alert, settings: Settings) -> AlertFacts:
    with database.read() as session:
        facts = find_alert_facts(session, alert.public_id, settings)
    assert facts is not None
    return facts


def test_the_newest_alert_stands_first(database: Database, story: Story) -> None:
    assert list_companies(database, story) == ["Nordlund Industri AB", "Topsoe A/S", "Scania AB"]


@pytest.mark.parametrize(
    ("state", "companies"),
    [
        ("open", ["Topsoe A/S", "Scania AB"]),
        ("taken", ["Nordlund Industri AB"]),
        ("failed", ["Topsoe A/S"]),
        ("waiting", []),
        ("held", ["Bravida AB"]),
    ],
)
def test_each_state_shows_its_alerts(
    database: Database, story: Story, state: str, companies: list[str]
) -> None:
    assert list_companies(database, story, state=state) == companies


def test_mine_are_those_i_own_took_or_was_told(database: Database, story: Story) -> None:
    assert list_companies(database, story, mine=True) == ["Nordlund Industri AB"]


def test_the_list_can_show_one_rule(database: Database, story: Story) -> None:
    assert list_companies(database, story, rule=story.mql_rule.id) == ["Topsoe A/S"]


def test_the_page_says_why_it_rang_and_why_you(as_jonas: Browser, story: Story) -> None:
    text = as_jonas.get(f"/a/{story.scania_alert.public_id}").text
    assert "On the list Ideal customers: scania.com" in text
    assert "To you as owner." in text
    assert "Delivered in 0.6 s" in text
    assert "No lost deal with Scania AB" in text


def test_the_page_shows_the_message_in_the_words_it_was_sent_in(
    as_jonas: Browser, story: Story, database: Database
) -> None:
    with database.write() as session:
        session.get_one(Alert, story.scania_alert.id).story = plain_story(BASE)
    text = as_jonas.get(f"/a/{story.scania_alert.public_id}").text
    assert "<p>Scania (MQL) is reading Pricing</p>" in text


def test_facts_that_make_no_message_leave_the_rest_of_the_page(
    as_jonas: Browser, story: Story, database: Database
) -> None:
    with database.write() as session:
        session.get_one(Alert, story.scania_alert.id).story = plain_story(BASE) | {"headline": "unheard of"}
    answer = as_jonas.get(f"/a/{story.scania_alert.public_id}")
    assert answer.status_code == 200
    assert "The message" not in answer.text


def test_the_hops_run_from_the_page_view_to_the_acceptance(
    database: Database, story: Story, settings: Settings
) -> None:
    hops = get_facts(database, story.scania_alert, settings).hops
    assert [(hop.name, hop.since_ms) for hop in hops] == [
        ("Page seen", 0),
        ("On disk, answered 202", 26),
        ("Visit saved", 59),
        ("Decided", 71),
        ("Queued", 74),
        ("Sent to sales, try 1", 199),
        ("sales accepted", 608),
    ]
    assert max(hop.share for hop in hops) == 1.0


def test_hops_without_any_step_do_not_divide_by_nothing(story: Story) -> None:
    assert [hop.share for hop in make_hops([("Page seen", story.now)])] == [0.0]
    assert make_hops([]) == ()


def test_the_first_to_take_it_has_it(
    as_jonas: Browser, as_eva: Browser, story: Story, database: Database
) -> None:
    path = f"/a/{story.scania_alert.public_id}"
    as_jonas.post(f"{path}/take")
    late = as_eva.post(f"{path}/take")
    with database.read() as session:
        assert session.get_one(Alert, story.scania_alert.id).taken_by_id == story.jonas.id
    assert "A colleague took it before you." in as_eva.get(late.location).text
    assert "Jonas Berg took it" in as_eva.get(path).text


def test_a_seller_says_it_was_not_useful(as_jonas: Browser, story: Story, database: Database) -> None:
    path = f"/a/{story.scania_alert.public_id}/verdict"
    as_jonas.post(path, data={"verdict": "not_useful"})
    with database.read() as session:
        assert session.get_one(Alert, story.scania_alert.id).useful is False
    assert as_jonas.post(path, data={"verdict": "maybe"}).status_code == 400


def test_a_failed_delivery_shows_its_error_and_is_sent_again(
    as_jonas: Browser, story: Story, database: Database
) -> None:
    path = f"/a/{story.topsoe_alert.public_id}"
    assert "not_in_channel: invite the app with /invite" in as_jonas.get(path).text
    with database.read() as session:
        failed = session.scalar(select(Delivery.id).where(Delivery.alert_id == story.topsoe_alert.id))
    as_jonas.post(f"{path}/deliveries/{failed}/again")
    with database.read() as session:
        again = session.scalar(select(Delivery).where(Delivery.id == failed))
    assert again is not None
    assert (again.state, again.next_try_at) == ("waiting", story.now)


def test_a_delivery_of_another_alert_is_not_found(
    as_jonas: Browser, story: Story, database: Database
) -> None:
    with database.read() as session:
        failed = session.scalar(select(Delivery.id).where(Delivery.alert_id == story.topsoe_alert.id))
    path = f"/a/{story.scania_alert.public_id}/deliveries/{failed}/again"
    assert as_jonas.post(path).status_code == 404


def test_a_delivered_one_is_not_offered_again(as_jonas: Browser, story: Story) -> None:
    assert "Send again" not in as_jonas.get(f"/a/{story.scania_alert.public_id}").text


def test_an_alert_that_does_not_exist_is_not_found(as_jonas: Browser) -> None:
    assert as_jonas.get("/a/nothing").status_code == 404


def test_a_later_page_of_a_visit_does_not_claim_the_company_was_found_after_it(
    database: Database, story: Story, settings: Settings
) -> None:
    names = [hop.name for hop in get_facts(database, story.topsoe_alert, settings).hops]
    assert "Company found" not in names


def test_a_waiting_delivery_says_so(as_jonas: Browser, story: Story, database: Database) -> None:
    with database.write() as session:
        delivery = session.scalars(select(Delivery).where(Delivery.alert_id == story.topsoe_alert.id)).one()
        delivery.state, delivery.next_try_at = "waiting", story.now + timedelta(minutes=5)
    assert "Waiting to be sent" in as_jonas.get(f"/a/{story.topsoe_alert.public_id}").text
