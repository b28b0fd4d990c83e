"""The rule form as values: reading, its buttons, and the way from a rule to the form and back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from alerts.conditions import CONDITIONS
from alerts.ready_made import READY_MADE
from alerts.specs import Known, RuleSpec, parse_rule, plain_rule
from web.rule_form import Draft, Row, change_draft, check_draft, draft_of, read_draft

KNOWN = Known(("pricing", "contact", "cases"), ("Ideal customers",), ("CRM", "Field app"))
CHANNELS = ("sales", "sms")
EXAMPLES: dict[str, Any] = {
    "stage": ["mql", "sql"],
    "page_group": ["pricing"],
    "page": ["/pricing*", "/kontakt"],
    "target_list": ["Ideal customers"],
    "deal": ["lost"],
    "product": ["not_owned"],
    "country": ["SE", "NO"],
    "employees": {"between": [50, 500]},
    "traffic_channel": ["Paid Search"],
    "visits": {"at_least": 3, "days": 30},
    "page_views": {"at_least": 10, "days": 7},
    "company": True,
    "kind": ["company", "education"],
    "confidence": 0.9,
}


def parse(**data: Any) -> RuleSpec:
    return parse_rule({"name": "A rule", "send": [{"channel": "sales"}], **data}, channels=CHANNELS)


def posted(draft: Draft) -> MultiDict[str, str]:
    """What a browser sends for a drawn draft."""
    form = [("name", draft.name), ("version", str(draft.version))]
    form += [("repeat", draft.repeat), ("unit", draft.unit)]
    for name, rows in draft.lists.items():
        for row in rows:
            at = f"{name}-{row.number}"
            form += [(f"{at}-field", row.field), (f"{at}-was", row.field), (f"{at}-how", row.how)]
            form += [(f"{at}-value", value) for value in row.values]
    for send in draft.send:
        form += [(f"send-{send.number}-channel", send.channel), (f"send-{send.number}-to", send.to)]
    return MultiDict(form)


def round_trip(rule: RuleSpec) -> RuleSpec | None:
    draft = read_draft(posted(draft_of(rule)))
    return check_draft(draft, rule.state, CHANNELS, KNOWN).rule


def test_every_condition_has_an_example() -> None:
    assert set(EXAMPLES) == set(CONDITIONS)


@pytest.mark.parametrize("key", CONDITIONS)
def test_each_condition_survives_the_form(key: str) -> None:
    rule = parse(when={key: EXAMPLES[key]})
    assert round_trip(rule) == rule


@pytest.mark.parametrize("value", [{"at_least": 50}, {"at_most": 9}, {"between": [1, 2]}])
def test_each_comparison_of_numbers_survives_the_form(value: dict[str, Any]) -> None:
    rule = parse(when={"employees": value})
    assert round_trip(rule) == rule


@pytest.mark.parametrize("ready", READY_MADE, ids=lambda one: str(one["name"]))
def test_each_ready_made_rule_survives_the_form(ready: Any) -> None:
    rule = parse_rule(ready, channels=CHANNELS)
    assert round_trip(rule) == rule


conditions = st.dictionaries(st.sampled_from(sorted(EXAMPLES)), st.none(), min_size=1, max_size=4).map(
    lambda keys: {key: EXAMPLES[key] for key in keys}
)


@settings(max_examples=50, deadline=None)
@given(
    when=conditions,
    any=st.lists(conditions, max_size=3),
    unless=st.one_of(st.just({}), conditions),
    repeat=st.sampled_from(["0", "30m", "24h", "7d"]),
    to=st.sampled_from(["", "owner", "deal_owner", "eva@ours.test"]),
)
def test_any_rule_survives_the_form(**data: Any) -> None:
    rule = parse(
        when=data["when"],
        any=data["any"],
        unless=data["unless"],
        repeat_after=data["repeat"],
        send=[{"channel": "sms", "to": data["to"]}],
    )
    back = round_trip(rule)
    assert back is not None
    assert plain_rule(back) == plain_rule(rule)


def test_gaps_in_the_numbers_are_fine() -> None:
    form = MultiDict([("when-7-field", "deal"), ("when-7-value", "lost"), ("when-2-field", "stage")])
    assert [row.field for row in read_draft(form).lists["when"]] == ["stage", "deal"]


def test_groups_keep_their_order_past_ten() -> None:
    form = MultiDict([(f"any-{number}-0-field", "deal") for number in range(12)])
    assert read_draft(form).groups == tuple(f"any-{number}" for number in range(12))


def test_values_of_the_condition_that_stood_there_before_are_dropped() -> None:
    form = MultiDict([("when-0-field", "deal"), ("when-0-was", "stage"), ("when-0-value", "mql")])
    assert read_draft(form).lists["when"] == (Row(0, "deal"),)


def test_fields_that_nobody_declared_are_left_out() -> None:
    form = MultiDict([("when-0-field", "__class__"), ("any-x-field", "stage"), ("when-99999-field", "stage")])
    draft = read_draft(form)
    assert draft.lists == {"when": (Row(0),), "unless": ()}


@pytest.mark.parametrize(
    ("do", "focus"),
    [
        ("add:when", "when-2-field"),
        ("add:unless", "unless-0-field"),
        ("add:any", "any-1-0-field"),
        ("add:any-0", "any-0-1-field"),
        ("add:send", "send-1-channel"),
        ("remove:when-0", "when-0-field"),
        ("remove:when-1", "add-when"),
        ("remove:any-0-0", "add-any"),
        ("remove:any-0", "add-any"),
        ("remove:send-0", "add-send"),
    ],
)
def test_after_a_button_the_focus_is_where_the_next_act_is(do: str, focus: str) -> None:
    rule = parse(when={"stage": ["mql"], "deal": ["lost"]}, any=[{"deal": ["won"]}])
    assert change_draft(draft_of(rule), do)[1] == focus


def test_removing_a_row_keeps_the_others() -> None:
    rule = parse(when={"stage": ["mql"], "deal": ["lost"], "page_group": ["pricing"]})
    draft, _ = change_draft(draft_of(rule), "remove:when-1")
    assert [(row.number, row.field) for row in draft.lists["when"]] == [(0, "stage"), (1, "page_group")]


@pytest.mark.parametrize(
    "do", ["remove:", "remove:when-9", "remove:nothing-0", "add:nothing", "x", "add:any-9", ""]
)
def test_a_button_that_does_not_exist_changes_nothing(do: str) -> None:
    draft = draft_of(parse(when={"stage": ["mql"]}))
    assert change_draft(draft, do)[0] == draft


def problems(**rows: Any) -> list[tuple[str, str]]:
    draft = Draft(name="A rule", lists={"when": (), "unless": (), **rows})
    return [(one.field, one.text) for one in check_draft(draft, "on", CHANNELS, KNOWN).problems]


@pytest.mark.parametrize(
    ("row", "field", "text"),
    [
        (Row(0), "when-0-field", "Choose what condition 1 looks at"),
        (Row(0, "stage"), "when-0-value", "Choose at least one lifecycle stage"),
        (
            Row(0, "page", "any_of", ("https://www.acme.com/pricing",)),
            "when-0-value",
            "Write pages one a line, such as /pricing*, without https://",
        ),
        (
            Row(0, "visits", "at_least", ("3", "900")),
            "when-0-value",
            "Enter how many times, and a number of days from 1 to 365",
        ),
        (
            Row(0, "employees", "at_least", ("many",)),
            "when-0-value",
            "Enter a whole number for employees; of two, the smaller first",
        ),
        (
            Row(0, "confidence", "at_least", ("140",)),
            "when-0-value",
            "Enter per cent from 0 to 100 for confidence",
        ),
        (
            Row(0, "page_group", "any_of", ("Prices",)),
            "when-0-value",
            "There is no page group Prices; choose another",
        ),
    ],
)
def test_an_error_is_said_in_the_words_of_the_form(row: Row, field: str, text: str) -> None:
    assert problems(when=(row,)) == [(field, text)]


def test_the_same_condition_twice_is_an_error_at_the_second() -> None:
    rows = (Row(0, "stage", "any_of", ("mql",)), Row(1, "stage", "any_of", ("sql",)))
    assert problems(when=rows) == [
        ("when-1-field", "Lifecycle stage is there twice: put its values in one condition")
    ]


def test_a_rule_without_conditions_is_an_error_at_the_button_that_adds_one() -> None:
    assert problems() == [("add-when", "Add at least one condition")]


def test_an_error_in_a_group_points_into_the_group() -> None:
    whole = {
        "when": (Row(0, "stage", "any_of", ("mql",)),),
        "any-0": (Row(0, "target_list", "any_of", ("Gone",)),),
    }
    assert problems(**whole)[0][0] == "any-0-0-value"
