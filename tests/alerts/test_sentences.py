from __future__ import annotations

import random
from typing import Any

import pytest

from alerts.conditions import CONDITIONS
from alerts.ready_made import READY_MADE
from alerts.rules import Names, RuleSpec, parse_rule, plain_rule, read_back, read_back_pieces
from tests.alerts.test_values import GOOD

NAMES = Names(channels={"sales": ("slack", "#sales"), "sms": ("sms", "")}, users={"eva@ours.test": "Eva"})


def make(data: dict[str, Any]) -> RuleSpec:
    return parse_rule({"name": "x", "send": [{"channel": "sales"}]} | data, channels=["sales", "sms"])


@pytest.mark.parametrize("place", ["when", "any", "unless"])
@pytest.mark.parametrize(("key", "raw"), GOOD)
def test_every_condition_makes_a_sentence_in_every_place(key: str, raw: Any, place: str) -> None:
    clause = {key: raw}
    data = {"when": {"stage": ["other"]}, "any": [clause], "unless": clause} if place != "when" else {}
    rule = make({"when": clause} if place == "when" else {k: data[k] for k in ("when", place)})
    bare = make({"when": {"stage": ["other"]}})
    for locale in ("en", "sv"):
        sentence = read_back(rule, NAMES, locale)
        assert sentence.endswith(".")
        assert "{" not in sentence
        assert sentence != read_back(bare, NAMES, locale)


def test_the_first_ready_made_rule_reads_as_a_person_would_say_it() -> None:
    rule = parse_rule(READY_MADE[0], channels=["sales", "sms"])
    assert read_back(rule, NAMES) == (
        "When a company at stage MQL opens a page in Pricing, Contact or Cases, "
        "and we are at least 80% sure who it is: tell #sales in Slack, at most once in 24 hours per company."
    )


def test_a_rule_reads_in_swedish() -> None:
    rule = parse_rule(READY_MADE[1], channels=["sales", "sms"])
    assert read_back(rule, NAMES, "sv-SE") == (
        "När ett företag på listan Ideal customers är på webbplatsen, och vi är minst 80\u00a0% säkra på "
        "vem det är: skicka till ägaren via SMS, högst en gång per 7 dagar och företag."
    )


def test_values_stand_apart_for_the_page_to_show_in_bold() -> None:
    pieces = read_back_pieces(make({"when": {"stage": ["mql"]}}), NAMES)
    assert "".join(piece.text for piece in pieces) == read_back(make({"when": {"stage": ["mql"]}}), NAMES)
    assert [piece.text for piece in pieces if piece.is_value] == ["MQL", "80%", "#sales", "24 hours"]


def test_a_name_cannot_pass_for_a_part_of_the_sentence() -> None:
    one = make({"when": {"target_list": ["A or B"]}})
    two = make({"when": {"target_list": ["A", "B"]}})
    assert read_back(one, NAMES) != read_back(two, NAMES)


def test_nobody_is_said_to_be_sure_of_a_company_that_is_not_known() -> None:
    assert read_back(make({"when": {"company": False}}), NAMES) == (
        "When a company that is not identified is on the site: tell #sales in Slack, "
        "at most once in 24 hours per company."
    )


def test_rules_that_differ_never_read_the_same() -> None:
    chance = random.Random(20261121)
    said: dict[tuple[str, str], dict[str, Any]] = {}
    for _ in range(700):
        rule = make(_random_rule(chance))
        for locale in ("en", "sv"):
            before = said.setdefault((locale, read_back(rule, NAMES, locale)), _meaning(rule))
            assert before == _meaning(rule)


def _meaning(rule: RuleSpec) -> dict[str, Any]:
    """The rule as YAML, with what has no order sorted."""
    plain = plain_rule(rule)
    return plain | {"when": dict(sorted(plain["when"].items()))}


def _random_rule(chance: random.Random) -> dict[str, Any]:
    data: dict[str, Any] = {"when": _random_clauses(chance, 1)}
    if chance.random() < 0.5:
        data["any"] = [_random_clauses(chance, 1) for _ in range(chance.randint(1, 2))]
    if chance.random() < 0.5:
        data["unless"] = _random_clauses(chance, 1)
    to = chance.choice(["", "owner", "deal_owner", "eva@ours.test", "bob@ours.test"])
    data["send"] = [{"channel": chance.choice(["sales", "sms"]), "to": to}] if chance.random() < 0.9 else []
    data["repeat_after"] = chance.choice(["0", "30m", "24h", "36h", "2d", "7d"])
    return data


def _random_clauses(chance: random.Random, least: int) -> dict[str, Any]:
    keys = chance.sample(sorted(CONDITIONS), chance.randint(least, 4))
    return {key: _random_value(chance, key) for key in keys}


def _random_value(chance: random.Random, key: str) -> Any:
    condition = CONDITIONS[key]
    if key == "product":
        return chance.choice([["owned"], ["not_owned"], ["CRM"], ["CRM", "Field app"]])
    if condition.choices:
        return chance.sample(condition.choices, chance.randint(1, min(3, len(condition.choices))))
    return {
        "texts": lambda: chance.sample(["pricing", "cases", "A or B", "A, B", "contact us"], 2),
        "patterns": lambda: chance.sample(["/a*", "/b", "/a, /b", "shop.test/*"], 2),
        "range": lambda: chance.choice([{"at_least": 5}, {"at_most": 5}, {"between": [5, 50]}]),
        "often": lambda: {"at_least": chance.randint(1, 3), "days": chance.randint(1, 3)},
        "yes_no": lambda: chance.random() < 0.5,
        "share": lambda: chance.choice([0.5, 0.8, 0.9]),
    }[condition.kind.name]()
