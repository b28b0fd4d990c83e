from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from alerts.facts import LastAlert
from alerts.models import Outcome, Rule
from alerts.rules import RuleError, decide, fill_row, parse_rule, plain_rule, spec_of, subject_name
from alerts.specs import Known
from tests.alerts.facts_made import ANNA, SEEN, make_facts, make_rule

FULL: dict[str, Any] = {
    "name": "Everything",
    "state": "paused",
    "when": {"stage": ["mql"], "employees": {"between": [50, 200]}},
    "any": [{"target_list": ["Ideal customers"], "deal": ["open"]}],
    "unless": {"page": ["/jobs*"]},
    "send": [{"channel": "sales"}, {"channel": "sms", "to": "owner"}],
    "repeat_after": "7d",
}


def test_all_conditions_together_alert_with_every_reason() -> None:
    decided = decide(make_rule({"stage": "mql", "page_group": "pricing"}), make_facts(), SEEN)
    assert (decided.outcome, decided.subject) == (Outcome.ALERT, "company:12")
    assert decided.reason == ("Acme AB is at stage MQL; /pricing is in Pricing; we are 92% sure of Acme AB")


def test_one_condition_that_fails_is_the_reason_for_no() -> None:
    decided = decide(make_rule({"stage": "mql", "page_group": "jobs"}), make_facts(), SEEN)
    assert decided.outcome == Outcome.NO
    assert decided.reason == "/pricing is in Pricing, the rule asks for Jobs"


def test_one_condition_of_a_group_is_enough() -> None:
    rule = make_rule({"stage": "mql"}, any=[{"deal": "open", "country": "SE"}])
    assert decide(rule, make_facts(), SEEN).outcome == Outcome.ALERT


def test_every_group_must_hold() -> None:
    rule = make_rule({"stage": "mql"}, any=[{"country": "SE"}, {"deal": "open", "kind": "isp"}])
    decided = decide(rule, make_facts(), SEEN)
    assert decided.outcome == Outcome.NO
    assert decided.reason.startswith("none of these holds: ")


def test_an_exception_that_holds_is_a_no() -> None:
    rule = make_rule({"stage": "mql"}, unless={"page": "/pri*", "country": "DE"})
    decided = decide(rule, make_facts(), SEEN)
    assert (decided.outcome, decided.reason) == (Outcome.NO, "except when: /pricing matches /pri*")


def test_a_company_we_are_not_sure_of_does_not_alert() -> None:
    decided = decide(make_rule({"stage": "mql"}), make_facts(company={"confidence": 0.799}), SEEN)
    assert (decided.outcome, decided.reason) == (
        Outcome.NO,
        "we are 79% sure of Acme AB, 80% is asked for",
    )


def test_a_rule_may_say_itself_how_sure_we_must_be() -> None:
    rule = make_rule({"stage": "mql", "confidence": 0.6})
    assert decide(rule, make_facts(company={"confidence": 0.6}), SEEN).outcome == Outcome.ALERT
    assert decide(rule, make_facts(company={"confidence": 0.59}), SEEN).outcome == Outcome.NO


def test_a_contact_at_the_stage_alerts_without_a_company() -> None:
    facts = make_facts(company=None, contacts=(ANNA,))
    decided = decide(make_rule({"stage": "mql", "page_group": "pricing"}), facts, SEEN)
    assert (decided.outcome, decided.subject) == (Outcome.ALERT, "contact:7")


def test_of_two_people_the_alert_is_about_the_one_the_rule_asks_for() -> None:
    other = replace(ANNA, id=8, email="bob@globex.test", stage="", proof="proved")
    facts = make_facts(company=None, contacts=(other, ANNA))
    decided = decide(make_rule({"stage": "mql"}), facts, SEEN)
    assert (decided.subject, "bob@" in decided.reason) == ("contact:7", False)


def test_a_person_who_refused_is_not_named_in_a_reason() -> None:
    facts = make_facts(company=None, contacts=(replace(ANNA, consent="no"),))
    decided = decide(make_rule({"stage": "mql"}), facts, SEEN)
    assert decided.reason == (
        "a known contact (claimed) is at stage MQL; the person is claimed: a known contact"
    )
    assert subject_name(facts, decided.subject) == "a known contact"


def test_a_person_does_not_lend_their_certainty_to_a_company() -> None:
    facts = make_facts(company={"confidence": 0.6}, contacts=(ANNA,))
    assert decide(make_rule({"target_list": "Ideal customers"}), facts, SEEN).outcome == Outcome.NO


def test_nobody_known_is_a_no() -> None:
    decided = decide(make_rule({"page_group": "pricing"}), make_facts(company=None), SEEN)
    assert (decided.outcome, decided.reason) == (Outcome.NO, "neither the company nor the person is known")


def test_a_replayed_visit_never_alerts() -> None:
    decided = decide(make_rule({"stage": "mql"}), make_facts(visit={"quiet": True}), SEEN)
    assert (decided.outcome, "replayed" in decided.reason) == (Outcome.NO, True)


def test_the_same_again_inside_the_repeat_interval_is_held_back() -> None:
    last = {(5, "company:12"): LastAlert(1, SEEN - timedelta(hours=3))}
    decided = decide(make_rule({"stage": "mql"}), make_facts(last_alerts=last), SEEN)
    assert (decided.outcome, decided.reason) == (
        Outcome.HELD,
        "held back: this rule alerted for Acme AB 3 hours ago, repeat interval 24 hours",
    )


def test_the_repeat_interval_counts_between_page_views_and_not_from_now() -> None:
    last = {(5, "company:12"): LastAlert(1, SEEN - timedelta(hours=25))}
    facts = make_facts(last_alerts=last)
    assert decide(make_rule({"stage": "mql"}), facts, SEEN - timedelta(days=9)).outcome == Outcome.ALERT


def test_a_late_page_view_from_before_the_alert_is_held_back() -> None:
    last = {(5, "company:12"): LastAlert(1, SEEN + timedelta(minutes=3))}
    assert decide(make_rule({"stage": "mql"}), make_facts(last_alerts=last), SEEN).outcome == Outcome.HELD


def test_no_repeat_interval_alerts_every_time() -> None:
    last = {(5, "company:12"): LastAlert(1, SEEN)}
    rule = make_rule({"stage": "mql"}, repeat_after=0)
    assert decide(rule, make_facts(last_alerts=last), SEEN).outcome == Outcome.ALERT


def test_another_rule_s_alert_holds_nothing_back() -> None:
    last = {(6, "company:12"): LastAlert(1, SEEN), (5, "company:13"): LastAlert(2, SEEN)}
    assert decide(make_rule({"stage": "mql"}), make_facts(last_alerts=last), SEEN).outcome == Outcome.ALERT


def test_a_rule_is_the_same_after_it_was_written_and_read() -> None:
    rule = parse_rule(FULL, channels=["sales", "sms"])
    assert plain_rule(rule) == FULL
    assert parse_rule(plain_rule(rule), channels=["sales", "sms"]) == rule


def test_a_rule_is_the_same_after_its_row_was_read() -> None:
    rule = parse_rule(FULL, channels=["sales", "sms"])
    row = Rule(id=9, version=3)
    fill_row(row, rule)
    assert spec_of(row) == replace(rule, id=9, version=3)


def test_all_errors_of_a_rule_are_told_at_once() -> None:
    with pytest.raises(RuleError) as caught:
        parse_rule(
            {
                "name": " ",
                "when": {"stage": "x", "nope": 1},
                "any": [{}],
                "send": [{"channel": "z"}, {"channel": "sales", "to": "someone"}, "sales"],
                "repeat_after": "soon",
                "colour": "red",
            },
            channels=["sales"],
        )
    paths = [path for path, _ in caught.value.errors]
    assert paths == [
        "colour",
        "name",
        "when.stage",
        "when.nope",
        "any.0",
        "send.0.channel",
        "send.1.to",
        "send.2",
        "repeat_after",
    ]


@pytest.mark.parametrize("data", [None, [], "rule", {"name": "x"}, {"name": "x", "unless": {"stage": "mql"}}])
def test_what_is_no_rule_is_refused(data: Any) -> None:
    with pytest.raises(RuleError):
        parse_rule(data, channels=[])


def test_names_that_do_not_exist_are_refused_where_they_are_known() -> None:
    known = Known(page_groups=("pricing",), target_lists=("Ideal customers",), products=("CRM",))
    data = {"name": "x", "when": {"page_group": ["Pricing", "Prices"], "product": "not_owned"}}
    with pytest.raises(RuleError) as caught:
        parse_rule(data, channels=[], known=known)
    assert caught.value.errors == [("when.page_group", "there is no page group Prices; choose another")]


def test_a_pattern_that_no_page_fits_is_refused_where_names_are_known() -> None:
    data = {"name": "x", "when": {"page": ["pricing*", "/a?b=1", "/a", "*/a", "a.test", "intranet/*"]}}
    with pytest.raises(RuleError) as refused:
        parse_rule(data, channels=[], known=Known())
    assert [message.split(":")[0] for _, message in refused.value.errors] == [
        "no page is like pricing*",
        "no page is like /a?b=1",
    ]
    assert parse_rule(data, channels=[])


def test_yaml_s_on_and_off_are_states() -> None:
    data = {"name": "x", "when": {"stage": "mql"}}
    assert parse_rule(data | {"state": True}, channels=[]).state == "on"
    assert parse_rule(data | {"state": False}, channels=[]).state == "paused"
