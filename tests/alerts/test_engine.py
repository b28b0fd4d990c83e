from __future__ import annotations

from datetime import timedelta

import pytest

from alerts.engine import decide_waiting
from alerts.models import Alert, Channel, Decision, Delivery, Rule
from alerts.story import read_story
from enrichment.merging import merge_companies
from enrichment.models import Company, Contact, Deal, DealProduct, Product
from tests.alerts.scene import Scene
from tracker.models import Action, PageView, User, Visit
from tracker.settings import Settings


def decisions(scene: Scene) -> list[tuple[str, str]]:
    with scene.database.read() as session:
        return [(row.outcome, row.reason) for row in session.query(Decision).order_by(Decision.visit_id)]


def test_a_matching_page_view_leaves_an_alert_with_its_delivery(scene: Scene, settings: Settings) -> None:
    scene.channel()
    scene.rule({"page_group": "pricing"})
    page = scene.see(scene.cast.acme)

    assert decide_waiting(scene.database, settings, scene.now) == 1

    [alert] = scene.all(Alert)
    [delivery] = scene.all(Delivery)
    assert (alert.company_id, alert.page_view_id) == (scene.cast.acme.id, page.id)
    assert (delivery.alert_id, delivery.target, delivery.state) == (alert.id, "#sales", "waiting")
    assert scene.all(PageView)[0].decided_at == scene.now


def test_nothing_waits_after_all_was_decided(scene: Scene, settings: Settings) -> None:
    scene.see(scene.cast.acme)
    decide_waiting(scene.database, settings, scene.now)
    assert decide_waiting(scene.database, settings, scene.now) == 0


def test_a_no_leaves_a_decision_with_its_reason(scene: Scene, settings: Settings) -> None:
    scene.rule({"stage": "mql"}, send=[])
    scene.see(scene.cast.acme)
    decide_waiting(scene.database, settings, scene.now)
    assert decisions(scene) == [("no", "Acme AB has no stage, the rule asks for MQL")]


def test_a_visit_of_nobody_known_leaves_no_decision(scene: Scene, settings: Settings) -> None:
    scene.rule({"page_group": "pricing"}, send=[])
    scene.see(None)
    assert decide_waiting(scene.database, settings, scene.now) == 1
    assert decisions(scene) == []


def test_a_visit_that_is_not_identified_yet_waits(scene: Scene, settings: Settings) -> None:
    scene.see(scene.cast.acme, identified=False)
    assert decide_waiting(scene.database, settings, scene.now) == 0


def test_a_visit_with_an_identify_call_left_to_link_waits(scene: Scene, settings: Settings) -> None:
    page = scene.see(scene.cast.acme)
    with scene.database.write() as session:
        session.add(
            Action(
                site_id=page.site_id,
                visit_id=page.visit_id,
                hit_id="identify-1",
                name="identify",
                seen_at=scene.now,
                received_at=scene.now,
            )
        )
    assert decide_waiting(scene.database, settings, scene.now) == 0


@pytest.mark.parametrize("state", ["draft", "paused"])
def test_a_rule_that_is_not_on_says_nothing(scene: Scene, settings: Settings, state: str) -> None:
    scene.rule({"page_group": "pricing"}, state=state, send=[])
    scene.see(scene.cast.acme)
    decide_waiting(scene.database, settings, scene.now)
    assert scene.all(Alert) == []


def test_many_page_views_of_one_batch_alert_once(scene: Scene, settings: Settings) -> None:
    scene.rule({"page_group": "pricing"}, send=[])
    page = scene.see(scene.cast.acme)
    scene.see(scene.cast.acme, visit_id=page.visit_id, at=scene.later(seconds=5))
    scene.see(scene.cast.acme, at=scene.later(minutes=1))
    decide_waiting(scene.database, settings, scene.now)
    assert len(scene.all(Alert)) == 1


def test_a_decision_that_alerted_is_not_hidden_by_a_later_one(scene: Scene, settings: Settings) -> None:
    scene.rule({"page_group": "pricing"}, send=[])
    page = scene.see(scene.cast.acme)
    decide_waiting(scene.database, settings, scene.now)
    scene.see(scene.cast.acme, visit_id=page.visit_id, group="jobs", path="/jobs")
    decide_waiting(scene.database, settings, scene.now)
    assert [outcome for outcome, _ in decisions(scene)] == ["alert"]


def test_the_same_again_is_held_back_and_says_so(scene: Scene, settings: Settings) -> None:
    scene.rule({"page_group": "pricing"}, send=[])
    scene.see(scene.cast.acme)
    decide_waiting(scene.database, settings, scene.now)
    scene.see(scene.cast.acme, at=scene.later(hours=3))
    decide_waiting(scene.database, settings, scene.later(hours=3))
    assert decisions(scene)[1] == (
        "held",
        "held back: this rule alerted for Acme AB 3 hours ago, repeat interval 24 hours",
    )


def test_after_the_repeat_interval_it_alerts_again_and_knows_the_alert_before(
    scene: Scene, settings: Settings
) -> None:
    scene.rule({"page_group": "pricing"}, send=[])
    for hours in (0, 25):
        scene.see(scene.cast.acme, at=scene.later(hours=hours))
        decide_waiting(scene.database, settings, scene.later(hours=hours))
    first, second = scene.all(Alert)
    assert (first.previous_alert_id, second.previous_alert_id) == (0, first.id)


def test_a_replayed_visit_never_alerts(scene: Scene, settings: Settings) -> None:
    scene.rule({"page_group": "pricing"}, send=[])
    scene.see(scene.cast.acme, quiet=True)
    decide_waiting(scene.database, settings, scene.now)
    assert scene.all(Alert) == []


def test_a_claimed_contact_alerts_as_claimed(scene: Scene, settings: Settings) -> None:
    scene.rule({"stage": "mql", "page_group": "pricing"}, send=[])
    page = scene.see(None)
    contact = scene.link(page, stage="mql", company=scene.cast.globex)
    decide_waiting(scene.database, settings, scene.now)
    [alert] = scene.all(Alert)
    assert (alert.subject, alert.company_id) == (f"contact:{contact.id}", None)
    story = read_story(alert.story)
    assert story.contact and (story.contact.proof, story.contact.company) == ("claimed", "Globex Oy")


def test_a_proved_contact_stands_for_their_company(scene: Scene, settings: Settings) -> None:
    scene.rule({"stage": "customer"}, send=[])
    scene.link(scene.see(None), proof="proved", company=scene.cast.globex)
    decide_waiting(scene.database, settings, scene.now)
    [alert] = scene.all(Alert)
    assert alert.company_id == scene.cast.globex.id
    assert alert.story["company"]["confidence"] == 95


def test_a_lost_deal_is_told_to_its_owner(scene: Scene, settings: Settings) -> None:
    scene.channel()
    scene.rule({"deal": "lost"}, send=[{"channel": "sales", "to": "deal_owner"}])
    scene.see(scene.cast.initech)
    decide_waiting(scene.database, settings, scene.now)
    [delivery] = scene.all(Delivery)
    assert (delivery.target, delivery.user_id, delivery.why) == (
        "UBOB",
        scene.cast.bob.id,
        "you owned the deal",
    )


def test_a_customer_on_a_product_they_do_not_own_alerts(scene: Scene, settings: Settings) -> None:
    scene.rule({"stage": "customer", "product": "not_owned"}, send=[])
    with scene.database.write() as session:
        crm, app = Product(name="CRM", pages=["/crm*"]), Product(name="Field app", pages=["/app*"])
        won = Deal(external_id="D-2", name="CRM", company_id=scene.cast.globex.id, state="won")
        lost = Deal(external_id="D-3", name="App", company_id=scene.cast.globex.id, state="lost")
        session.add_all([crm, app, won, lost])
        session.flush()
        session.add(DealProduct(deal_id=won.id, product_id=crm.id))
        session.add(DealProduct(deal_id=lost.id, product_id=app.id))
    scene.see(scene.cast.globex, path="/crm/intro", group="")
    scene.see(scene.cast.globex, path="/app/intro", group="")
    decide_waiting(scene.database, settings, scene.now)
    [alert] = scene.all(Alert)
    assert (alert.story["headline"], alert.story["product"]) == ("product", "Field app")


def test_visits_and_page_views_are_counted_for_the_company(scene: Scene, settings: Settings) -> None:
    scene.rule({"visits": {"at_least": 3, "days": 30}, "page_views": {"at_least": 2, "days": 7}}, send=[])
    for days in (40, 20, 3, 0):
        scene.see(scene.cast.acme, at=scene.now - timedelta(days=days))
    decide_waiting(scene.database, settings, scene.now)
    [alert] = scene.all(Alert)
    assert alert.seen_at == scene.now


def test_a_company_without_an_owner_is_told_to_the_channel(scene: Scene, settings: Settings) -> None:
    scene.channel()
    scene.rule({"page_group": "pricing"}, send=[{"channel": "sales", "to": "owner"}])
    scene.see(scene.cast.initech)
    decide_waiting(scene.database, settings, scene.now)
    [delivery] = scene.all(Delivery)
    assert (delivery.target, delivery.why) == ("#sales", "fallback: Initech A/S has no owner")


def test_the_owner_of_a_person_is_told_that_it_is_the_person_they_own(
    scene: Scene, settings: Settings
) -> None:
    scene.channel()
    scene.rule({"page_group": "pricing"}, send=[{"channel": "sales", "to": "owner"}])
    contact = scene.link(scene.see(scene.cast.initech), owner_id=scene.cast.bob.id)
    decide_waiting(scene.database, settings, scene.now)
    [delivery] = scene.all(Delivery)
    assert (delivery.target, delivery.why) == ("UBOB", f"you own {contact.email}")


def test_a_deleted_channel_and_no_other_way_is_said_on_the_alert(scene: Scene, settings: Settings) -> None:
    scene.rule({"page_group": "pricing"})
    scene.see(scene.cast.acme)
    decide_waiting(scene.database, settings, scene.now)
    [delivery] = scene.all(Delivery)
    assert delivery.state == "failed"
    assert "the channel sales does not exist" in delivery.last_error


def test_a_paused_channel_gives_way_to_another(scene: Scene, settings: Settings) -> None:
    channel = scene.channel()
    scene.channel("ops", target="#ops")
    with scene.change(Channel, channel.id) as row:
        row.paused_at, row.paused_reason = scene.now, "invalid_auth"
    scene.rule({"page_group": "pricing"})
    scene.see(scene.cast.acme)
    decide_waiting(scene.database, settings, scene.now)
    [delivery] = scene.all(Delivery)
    assert (delivery.channel_name, delivery.why) == ("ops", "fallback: sales is paused")


def test_the_story_holds_who_what_why_and_who_else(scene: Scene, settings: Settings) -> None:
    scene.rule({"target_list": "Ideal customers"}, send=[])
    scene.see(scene.cast.acme, at=scene.now - timedelta(days=4))
    page = scene.see(scene.cast.acme, at=scene.now - timedelta(minutes=6), path="/cases/atlas", group="cases")
    with scene.change(PageView, page.id) as row:
        row.decided_at = scene.now
    scene.link(page, proof="claimed", company=scene.cast.acme, role="CFO")
    scene.see(scene.cast.acme, visit_id=page.visit_id)
    with scene.database.write() as session:
        session.query(PageView).filter(PageView.visit_id != page.visit_id).update({"decided_at": scene.now})

    decide_waiting(scene.database, settings, scene.now)

    [alert] = scene.all(Alert)
    story = read_story(alert.story)
    assert story.company and story.contact
    assert (story.headline, story.list_name, story.company.name) == ("ideal", "Ideal customers", "Acme AB")
    assert (story.page, story.pages, story.minutes, story.looked_at) == (
        "Pricing",
        2,
        6,
        ("Pricing", "Cases"),
    )
    assert (story.visits, story.owner) == (2, "Bob")
    assert (story.contact.name, story.contact.proof) == ("Anna Ek", "claimed")
    assert [person.role for person in story.people] == ["CFO"]
    assert story.alert_url == f"http://bell.acme.test/a/{alert.public_id}"
    assert story.company_url == f"http://bell.acme.test/companies/{scene.cast.acme.id}"


def test_decision_makers_are_named_first(scene: Scene, settings: Settings) -> None:
    scene.rule({"page_group": "pricing"}, send=[])
    scene.see(scene.cast.acme)
    with scene.database.write() as session:
        for role in ("Utvecklare", "", "Inköpschef", "VD"):
            company = scene.cast.acme.id
            email = f"{role or 'x'}@acme.test"
            session.add(Contact(email=email, role=role, company_id=company, created_at=scene.now))
    decide_waiting(scene.database, settings, scene.now)
    [alert] = scene.all(Alert)
    people = read_story(alert.story).people
    assert [person.role for person in people] == ["VD", "Inköpschef", "Utvecklare", ""]


def test_a_person_who_refused_is_not_named(scene: Scene, settings: Settings) -> None:
    scene.rule({"page_group": "pricing"}, send=[])
    scene.link(scene.see(scene.cast.acme), company=scene.cast.acme, consent="no")
    decide_waiting(scene.database, settings, scene.now)
    [alert] = scene.all(Alert)
    assert "Anna" not in str(alert.story)


def test_a_rule_that_cannot_be_read_does_not_stop_the_others(scene: Scene, settings: Settings) -> None:
    broken = scene.rule({"page_group": "pricing"}, send=[])
    with scene.change(Rule, broken.id) as row:
        row.when = {"a condition of yesterday": 1}
    scene.rule({"page_group": "pricing"}, name="Another", send=[])
    scene.see(scene.cast.acme)
    decide_waiting(scene.database, settings, scene.now)
    assert [alert.rule_name for alert in scene.all(Alert)] == ["Another"]


def test_a_user_who_is_switched_off_is_not_told(scene: Scene, settings: Settings) -> None:
    scene.channel()
    with scene.change(User, scene.cast.bob.id) as bob:
        bob.disabled_at = scene.now
    scene.rule({"page_group": "pricing"}, send=[{"channel": "sales", "to": "owner"}])
    scene.see(scene.cast.acme)
    decide_waiting(scene.database, settings, scene.now)
    [delivery] = scene.all(Delivery)
    assert (delivery.target, delivery.why) == ("#sales", "fallback: Bob is switched off")


def test_a_visit_that_was_joined_to_another_counts_once(scene: Scene, settings: Settings) -> None:
    scene.rule({"visits": {"at_least": 2, "days": 30}}, send=[])
    empty = scene.see(scene.cast.acme)
    page = scene.see(scene.cast.acme)
    with scene.change(PageView, empty.id) as row:
        row.visit_id = page.visit_id
    with scene.change(Visit, empty.visit_id) as visit:
        visit.merged_into_id = page.visit_id
    decide_waiting(scene.database, settings, scene.now)
    assert scene.all(Alert) == []


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_the_repeat_interval_holds_for_a_company_that_was_merged(scene: Scene, settings: Settings) -> None:
    scene.rule({"page_group": "pricing"}, send=[])
    scene.see(scene.cast.initech)
    decide_waiting(scene.database, settings, scene.now)
    with scene.database.write() as session:
        source, into = (session.get_one(Company, one.id) for one in (scene.cast.initech, scene.cast.acme))
        merge_companies(session, source, into, "alice@ours.test", scene.now, also=(Alert,))
    scene.see(scene.cast.acme, at=scene.later(minutes=5))
    decide_waiting(scene.database, settings, scene.later(minutes=5))
    assert [alert.held_count for alert in scene.all(Alert)] == [1]


def test_an_alert_counts_the_page_views_that_it_holds_back(scene: Scene, settings: Settings) -> None:
    scene.channel()
    scene.rule({"page_group": "pricing"})
    for minutes in range(3):
        scene.see(scene.cast.acme, at=scene.now + timedelta(minutes=minutes))
    decide_waiting(scene.database, settings, scene.now)
    [alert] = scene.all(Alert)
    assert (alert.held_count, alert.held_at) == (2, scene.now + timedelta(minutes=2))
