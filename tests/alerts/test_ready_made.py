from __future__ import annotations

from alerts.ready_made import READY_MADE
from alerts.rules import decide, parse_rule, plain_rule
from tests.alerts.facts_made import SEEN, make_facts


def test_the_four_rules_are_written_as_yaml_would_show_them() -> None:
    for data in READY_MADE:
        assert plain_rule(parse_rule(data, channels=["sales", "sms"])) == data


def test_each_of_the_four_alerts_on_its_own_scenario() -> None:
    not_owned = {"page": {"products": ("Field app",)}, "company": {"stage": "customer"}}
    scenes = [make_facts(), make_facts(), make_facts(), make_facts(**not_owned)]
    rules = [parse_rule(data, channels=["sales", "sms"]) for data in READY_MADE]
    outcomes = [decide(rule, facts, SEEN).outcome for rule, facts in zip(rules, scenes, strict=True)]
    assert outcomes == ["alert"] * 4
