from __future__ import annotations

from typing import Any

import pytest

from alerts.conditions import CONDITIONS, Check, Condition
from tests.alerts.facts_made import ANNA, make_facts

CASES: list[tuple[str, Any, dict[str, Any], dict[str, Any]]] = [
    # condition, value, facts for which it holds, facts for which it does not
    ("stage", "MQL", {}, {"company": {"stage": "lead"}}),
    ("stage", ["customer"], {"company": {"stage": "customer"}}, {"company": {"stage": ""}}),
    ("stage", ["mql"], {"company": None, "contacts": (ANNA,)}, {"company": None}),
    ("page_group", ["Pricing", "cases"], {}, {"page": {"group": "jobs"}}),
    ("page_group", "pricing", {}, {"page": {"group": ""}}),
    ("page", "/pri*", {}, {"page": {"url": "https://www.ours.test/jobs", "path": "/jobs"}}),
    ("target_list", "ideal customers", {}, {"company": {"target_lists": ()}}),
    ("target_list", "Ideal customers", {}, {"company": None}),
    ("deal", "lost", {}, {"company": {"deals": ()}}),
    ("product", "not_owned", {"page": {"products": ("Field app",)}}, {"page": {"products": ("CRM",)}}),
    ("product", "not_owned", {"page": {"products": ("CRM", "Field app")}}, {"page": {"products": ()}}),
    ("product", "owned", {"page": {"products": ("CRM",)}}, {"page": {"products": ("Field app",)}}),
    ("product", ["crm"], {"page": {"products": ("CRM",)}}, {"page": {"products": ("Field app",)}}),
    ("product", "not_owned", {"page": {"products": ("X",)}}, {"page": {"products": ("X",)}, "company": None}),
    ("country", ["se", "Norge"], {}, {"company": {"country": "DE"}}),
    ("country", "Sweden", {"company": None, "visit": {"country": "SE"}}, {"company": None}),
    ("employees", {"at_least": 250}, {}, {"company": {"employees": 249}}),
    ("employees", {"between": [100, 300]}, {}, {"company": {"employees": None}}),
    ("employees", {"at_most": 300}, {}, {"company": {"employees": 301}}),
    ("traffic_channel", "paid search", {"visit": {"traffic_channel": "Paid Search"}}, {}),
    ("visits", {"at_least": 3, "days": 30}, {"visits": {30: 3}}, {"visits": {30: 2}}),
    ("page_views", {"at_least": 3, "days": 7}, {"page_views": {7: 3}}, {"page_views": {30: 3}}),
    ("company", True, {}, {"company": None}),
    ("company", "no", {"company": None}, {}),
    ("kind", ["education", "company"], {}, {"visit": {"kind": "isp"}}),
    ("confidence", 0.92, {}, {"company": {"confidence": 0.919}}),
    ("confidence", "80 %", {}, {"company": None}),
]


@pytest.mark.parametrize(("key", "raw", "facts", "_"), CASES)
def test_a_condition_holds_and_says_why(key: str, raw: Any, facts: dict[str, Any], _: object) -> None:
    check = _hold(key, raw, facts)
    assert (check.holds, check.condition) == (True, key)
    assert check.reason


@pytest.mark.parametrize(("key", "raw", "_", "facts"), CASES)
def test_a_condition_does_not_hold_and_says_why(key: str, raw: Any, _: object, facts: dict[str, Any]) -> None:
    check = _hold(key, raw, facts)
    assert not check.holds
    assert check.reason


def test_every_condition_has_a_case() -> None:
    assert {case[0] for case in CASES} == set(CONDITIONS)


@pytest.mark.parametrize("key", CONDITIONS)
def test_every_condition_has_words_in_both_languages(key: str) -> None:
    condition = CONDITIONS[key]
    assert {"en", "sv"} == set(condition.label) == set(condition.phrases)
    assert condition.help


def test_the_reason_for_a_no_names_what_is_and_what_is_asked_for() -> None:
    check = _hold("stage", ["mql", "sql"], {"company": {"stage": "lead"}})
    assert check.reason == "Acme AB has stage Lead, the rule asks for MQL or SQL"


def test_a_claimed_person_is_called_claimed_in_the_reason() -> None:
    check = _hold("stage", "mql", {"company": None, "contacts": (ANNA,)})
    assert check.reason == "anna@acme.test (claimed) is at stage MQL"


def test_a_person_counts_where_the_company_is_not_sure() -> None:
    check = _hold("stage", "mql", {"company": {"confidence": 0.6}, "contacts": (ANNA,)})
    assert (check.holds, check.of_company) == (True, False)


@pytest.mark.parametrize("condition", CONDITIONS.values(), ids=lambda condition: condition.key)
def test_every_fixed_choice_has_a_label_in_both_languages(condition: Condition) -> None:
    for locale in ("en", "sv"):
        assert all(condition.choice_label(choice, locale) for choice in condition.choices)


def _hold(key: str, raw: Any, facts: dict[str, Any]) -> Check:
    condition = CONDITIONS[key]
    return condition.holds(make_facts(**facts), condition.parse(raw))
