"""Whom and what an alert speaks of, where there is more than one of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.engine import decide_waiting
from alerts.facts import DealFacts
from alerts.models import Alert, Outcome
from alerts.rules import Decided
from alerts.tell import deal_of, owner_of
from enrichment.models import Deal, DealProduct, Product
from tests.alerts.facts_made import ANNA, SEEN, make_facts, make_rule
from tests.alerts.scene import Scene
from tracker.settings import Settings

DEALS = (
    DealFacts(9, "Imported last, closed first", "lost", 3, closed_at=SEEN - timedelta(days=900)),
    DealFacts(5, "Closed last", "lost", 4, closed_at=SEEN - timedelta(days=90)),
    DealFacts(4, "Running", "open", 5),
)


@pytest.mark.parametrize(
    ("when", "name"),
    [({"deal": "lost"}, "Closed last"), ({"deal": "open"}, "Running"), ({"stage": "mql"}, "Closed last")],
)
def test_of_several_deals_the_rule_s_own_and_the_last_closed_is_told(when: dict[str, Any], name: str) -> None:
    deal = deal_of(make_rule(when), make_facts(company={"deals": DEALS}))
    assert deal and deal.name == name


def test_an_alert_about_a_person_goes_to_nobody_else_s_owner() -> None:
    other = replace(ANNA, id=8, owner_id=3)
    facts = make_facts(company=None, contacts=(other, ANNA))
    assert owner_of(facts, Decided(Outcome.ALERT, "", subject="contact:7")).user_id is None
    assert owner_of(facts, Decided(Outcome.ALERT, "", subject="contact:8")).user_id == 3


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_product_that_is_owned_is_not_said_to_be_missing(scene: Scene, settings: Settings) -> None:
    scene.rule({}, any=[{"product": "not_owned", "stage": ["customer"]}], send=[])
    with scene.database.write() as session:
        crm = Product(name="CRM", pages=["/crm*"])
        deal = Deal(external_id="D-2", name="CRM", company_id=scene.cast.globex.id, state="won")
        session.add_all([crm, deal])
        session.flush()
        session.add(DealProduct(deal_id=deal.id, product_id=crm.id))
    scene.see(scene.cast.globex, path="/crm", group="")
    decide_waiting(scene.database, settings, scene.now)
    [alert] = scene.all(Alert)
    assert alert.story["headline"] == "reading"
