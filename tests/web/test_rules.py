"""The pages of rules: the list, the form and its buttons, saving, and trying a rule on the past."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from alerts.conditions import CONDITIONS
from alerts.models import Rule
from alerts.specs import RuleSpec, parse_rule
from tests.conftest import make_settings
from tests.fakes.slack import FakeSlack
from tests.web.conftest import Browser, SignIn
from tests.web.story import PRICING, Story
from tracker.db import Database
from tracker.models import User, Visit
from tracker.settings import Settings
from web.app import create_app
from web.rule_trial import Trial, try_on_past

FORM: dict[str, Any] = {
    "name": "MQL reads a case",
    "version": "0",
    "when-0-field": "stage",
    "when-0-was": "stage",
    "when-0-value": ["mql"],
    "when-1-field": "page_group",
    "when-1-was": "page_group",
    "when-1-value": ["cases", "pricing"],
    "send-0-channel": "sales",
    "send-0-to": "owner",
    "repeat": "7",
    "unit": "d",
}


def find_rule(database: Database, name: str) -> Rule | None:
    with database.read() as session:
        return session.scalar(select(Rule).where(Rule.name == name))


def test_the_list_reads_each_rule_back_with_its_numbers(as_jonas: Browser) -> None:
    text = as_jonas.get("/rules").text
    assert "When a company at stage <b>MQL</b> opens a page in <b>Pricing</b>" in text
    assert "<b>1</b> alert in 30 days, <b>0</b> held back" in text
    assert "Draft, sends nothing" in text


def test_a_fresh_installation_is_offered_the_four_ready_rules(as_admin: Browser) -> None:
    text = as_admin.get("/rules").text
    assert "Nothing rings yet" in text
    assert re.findall(r'href="/rules/new\?ready=(\d)"', text) == ["0", "1", "2", "3"]


def test_a_ready_rule_opens_in_the_form_and_is_not_saved(as_eva: Browser, database: Database) -> None:
    text = as_eva.get("/rules/new?ready=2").text
    assert 'value="Lost deal is back"' in text
    assert "tell the owner of the deal in Slack" in text
    with database.read() as session:
        assert len(session.scalars(select(Rule)).all()) == 4


@pytest.mark.parametrize("ready", ["9", "-1", "x", "99999999999"])
def test_a_ready_rule_that_does_not_exist_gives_an_empty_form(as_eva: Browser, ready: str) -> None:
    assert as_eva.get(f"/rules/new?ready={ready}").status_code == 200


def test_a_seller_reads_the_list_and_opens_no_form(as_jonas: Browser, story: Story) -> None:
    assert "New rule" not in as_jonas.get("/rules").text
    assert as_jonas.get("/rules/new").status_code == 403
    assert as_jonas.post("/rules/new", data=FORM).status_code == 403
    assert as_jonas.post(f"/rules/{story.mql_rule.id}/pause").status_code == 403
    assert as_jonas.post(f"/rules/{story.mql_rule.id}/delete").status_code == 403


@pytest.mark.parametrize(("do", "state"), [("save", "on"), ("draft", "draft")])
def test_the_form_saves_the_rule(as_eva: Browser, database: Database, do: str, state: str) -> None:
    answer = as_eva.post("/rules/new", data=FORM | {"do": do})
    rule = find_rule(database, "MQL reads a case")
    assert answer.status_code == 303
    assert rule is not None
    assert (rule.state, rule.repeat_after_seconds, rule.updated_by) == (state, 7 * 86_400, "eva@ours.test")
    assert rule.when == {"stage": ["mql"], "page_group": ["cases", "pricing"]}
    assert rule.send == [{"channel": "sales", "to": "owner"}]


@pytest.mark.parametrize("do", ["check", "refresh", "add:when", "remove:when-0", "add:any", "nonsense", ""])
def test_no_other_button_saves(as_eva: Browser, database: Database, do: str) -> None:
    assert as_eva.post("/rules/new", data=FORM | {"do": do}).status_code == 200
    assert find_rule(database, "MQL reads a case") is None


def test_the_first_button_of_the_form_only_checks(as_eva: Browser) -> None:
    text = as_eva.get("/rules/new").text
    form = text[text.index('<form id="rule-form"') :]
    assert re.search(r"<button[^>]*>", form).group().count('value="check"') == 1  # type: ignore[union-attr]


def test_a_form_without_script_gets_new_rows_from_the_server(as_eva: Browser) -> None:
    text = as_eva.post("/rules/new", data=FORM | {"do": "add:any"}).text
    assert 'name="any-0-0-field"' in text
    assert re.search(r'id="any-0-0-field"[^>]*autofocus', text)
    assert 'value="MQL reads a case"' in text


def test_every_condition_can_be_chosen_and_has_a_place_for_its_value(as_eva: Browser) -> None:
    for key in CONDITIONS:
        chosen = FORM | {"do": "refresh", "when-0-field": key, "when-0-was": key, "when-0-value": []}
        answer = as_eva.post("/rules/new", data=chosen)
        assert answer.status_code == 200, key
        assert 'id="when-0-value"' in answer.text, key


def test_errors_keep_what_was_typed_and_link_to_their_fields(as_eva: Browser) -> None:
    answer = as_eva.post("/rules/new", data=FORM | {"do": "save", "when-0-value": [], "repeat": "soon"})
    assert answer.status_code == 422
    assert "<title>Error: New rule" in answer.text
    assert '<a href="#when-0-value">Choose at least one lifecycle stage</a>' in answer.text
    assert '<a href="#repeat">Enter after how long it may ring again, as a whole number</a>' in answer.text
    for target in ("when-0-value", "repeat"):
        assert f'id="{target}"' in answer.text
    assert 'value="soon"' in answer.text


def test_a_name_that_another_rule_has_is_refused(as_eva: Browser) -> None:
    answer = as_eva.post("/rules/new", data=FORM | {"do": "save", "name": "Lost deal is back"})
    assert answer.status_code == 422
    assert "Another rule has this name" in answer.text


def test_saving_over_a_colleagues_change_is_refused(
    as_eva: Browser, story: Story, database: Database
) -> None:
    path = f"/rules/{story.mql_rule.id}"
    assert as_eva.post(path, data=FORM | {"do": "save", "version": "1"}).status_code == 303
    late = as_eva.post(path, data=FORM | {"do": "save", "version": "1", "name": "Mine"})
    assert late.status_code == 422
    assert "A colleague changed this rule while you did" in late.text
    assert find_rule(database, "Mine") is None


def test_an_opened_rule_saves_as_it_was(as_eva: Browser, story: Story, database: Database) -> None:
    text = as_eva.get(f"/rules/{story.mql_rule.id}").text
    form: dict[str, Any] = {}
    for tag in re.findall(r"<(?:input|option)[^>]*>", text):
        found = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if found.get("name") and ("checked" in tag or found.get("type") in (None, "hidden")):
            form.setdefault(found["name"], []).append(found["value"])
    for name, options in re.findall(r'<select id="[^"]*" name="([^"]*)".*?>(.*?)</select>', text, re.DOTALL):
        form[name] = re.findall(r'value="([^"]*)" selected', options)
    as_eva.post(f"/rules/{story.mql_rule.id}", data=form | {"do": "save"})
    after = find_rule(database, story.mql_rule.name)
    assert after is not None
    assert (after.when, after.send, after.state, after.version) == (
        story.mql_rule.when,
        story.mql_rule.send,
        "on",
        2,
    )


def test_pausing_and_switching_on_change_the_state(as_eva: Browser, story: Story, database: Database) -> None:
    as_eva.post(f"/rules/{story.mql_rule.id}/pause")
    paused = find_rule(database, story.mql_rule.name)
    as_eva.post(f"/rules/{story.mql_rule.id}/on")
    switched_on = find_rule(database, story.mql_rule.name)
    assert paused is not None
    assert switched_on is not None
    assert (paused.state, switched_on.state, switched_on.version) == ("paused", "on", 3)


def test_deleting_asks_on_a_page_of_its_own(as_eva: Browser, story: Story, database: Database) -> None:
    path = f"/rules/{story.mql_rule.id}/delete"
    assert "what it decided about each visit are lost" in as_eva.get(path).text
    assert find_rule(database, story.mql_rule.name) is not None
    as_eva.post(path)
    assert find_rule(database, story.mql_rule.name) is None


def test_a_rule_that_cannot_be_read_says_so(as_eva: Browser, story: Story, database: Database) -> None:
    with database.write() as session:
        session.get_one(Rule, story.mql_rule.id).when = {"phase_of_the_moon": ["full"]}
    assert "This rule cannot be read, so it does not ring" in as_eva.get("/rules").text
    assert "there is no such condition" in as_eva.get(f"/rules/{story.mql_rule.id}").text


def test_a_page_group_that_was_removed_is_still_seen(
    as_eva: Browser, story: Story, database: Database
) -> None:
    with database.write() as session:
        session.get_one(Rule, story.mql_rule.id).when = {"page_group": ["prices"]}
    assert "prices (removed)" in as_eva.get(f"/rules/{story.mql_rule.id}").text


def test_hostile_words_stay_words(as_eva: Browser, story: Story) -> None:
    evil = '"><script>alert(1)</script>{{7*7}}\x00\u202e'
    form = FORM | {"name": evil, "when-0-value": [evil], "send-0-channel": evil, "send-0-to": evil}
    for do in ("save", "check", f"add:{evil}", f"remove:{evil}"):
        answer = as_eva.post("/rules/new", data=form | {"do": do})
        assert answer.status_code in (200, 422)
        assert "<script>alert" not in answer.text
        assert "49" not in re.sub(r"<svg.*?</svg>", "", answer.text, flags=re.DOTALL).split("<main")[1][:400]


def try_rule(database: Database, story: Story, **data: Any) -> Trial:
    rule: RuleSpec = parse_rule({"name": "Tried", "send": [], **data}, channels=[])
    with database.read() as session:
        return try_on_past(session, rule, story.now)


def test_the_past_says_what_the_rule_would_have_sent(database: Database, story: Story) -> None:
    trial = try_rule(database, story, when={"stage": ["mql"], "page_group": ["pricing", "cases"]})
    assert (trial.sent, trial.companies, [hit.name for hit in trial.latest]) == (1, 1, ["Topsoe A/S"])
    assert trial.per_day[-1] == 1


def test_the_repeat_interval_counts_in_the_past_too(database: Database, story: Story) -> None:
    once = try_rule(database, story, when={"stage": ["opportunity"]}, repeat_after="365d")
    daily = try_rule(database, story, when={"stage": ["opportunity"]}, repeat_after="1h")
    assert (once.sent, once.held) == (1, 9)
    assert daily.sent == 10


def test_visits_of_a_replayed_log_are_tried_as_if_they_had_been_live(
    as_eva: Browser, database: Database, story: Story
) -> None:
    with database.write() as session:
        session.execute(update(Visit).values(quiet=True))
    assert try_rule(database, story, when={"stage": ["opportunity"]}, repeat_after="1h").sent == 10
    assert "visits were replayed from a log" in as_eva.post("/rules/new", data=FORM | {"do": "check"}).text


def test_a_yes_or_no_that_was_not_chosen_does_not_look_chosen(as_eva: Browser) -> None:
    chosen = FORM | {"do": "refresh", "when-0-field": "company", "when-0-was": "company", "when-0-value": []}
    assert re.search(
        r'id="when-0-value"[^>]*><option value="">Choose', as_eva.post("/rules/new", data=chosen).text
    )


def test_near_misses_failed_one_condition_only(database: Database, story: Story) -> None:
    trial = try_rule(database, story, when={"page_group": ["pricing"], "deal": ["lost"]})
    assert {hit.name for hit in trial.near} == {"Scania AB", "Topsoe A/S"}


def test_the_narrowing_counts_visits_after_each_condition(database: Database, story: Story) -> None:
    trial = try_rule(database, story, when={"page_group": ["cases"], "deal": ["lost"]})
    assert [(step.name, step.visits) for step in trial.steps] == [
        ("Visits of known companies", 15),
        ("Page group", 2),
        ("Deal", 1),
        ("Sure enough who it is", 1),
    ]


def test_a_past_that_is_too_long_is_cut_and_said(
    database: Database, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.rule_trial.MOST", 3)
    assert try_rule(database, story, when={"stage": ["mql"]}).since is not None


NEVER = FORM | {"do": "check", "when-0-value": ["evangelist"], "when-1-value": ["contact"]}


def test_conditions_that_never_held_together_are_said_so(as_eva: Browser) -> None:
    assert "were never all true at once" in as_eva.post("/rules/new", data=NEVER).text


def test_a_missing_history_is_said_so(as_admin: Browser) -> None:
    form = {key: value for key, value in NEVER.items() if not key.startswith("send")}
    assert "There is no history to try it on" in as_admin.post("/rules/new", data=form).text


def test_a_rule_that_would_ring_too_often_is_said_to(
    as_eva: Browser, story: Story, database: Database
) -> None:
    with database.write() as session:
        story.session = session
        for number in range(25):
            story.visit(story.topsoe, timedelta(minutes=20 + number), [PRICING])
    text = as_eva.post("/rules/new", data=FORM | {"do": "check", "repeat": "0"}).text
    assert "That is more than most people read." in text


def test_a_test_goes_to_the_admin_alone_and_saves_nothing(
    settings: Settings, database: Database, story: Story, sign_in: SignIn
) -> None:
    with FakeSlack(token="xoxb-this-is-secret") as slack:
        app: Flask = create_app(
            make_settings(settings.data_dir, database.url, slack_api_url=slack.api_url), database
        )
        app.config["CLOCK"] = lambda: story.now
        app.test_client_class = Browser
        browser = sign_in(app.test_client(), story.eva)  # type: ignore[arg-type]
        text = browser.post("/rules/new", data=FORM | {"do": "test"}).text
        assert "Sent to you alone by sales: the message of its latest match." in text
        assert [message["channel"] for message in slack.accepted] == ["U024BE7LH"]
        assert "Topsoe" in slack.texts[0]
    assert find_rule(database, "MQL reads a case") is None


def test_a_test_without_a_way_to_the_admin_says_what_to_do(
    as_eva: Browser, story: Story, database: Database
) -> None:
    with database.write() as session:
        session.get_one(User, story.eva.id).slack_id = ""
    assert (
        "Put your Slack id or your phone in your profile"
        in as_eva.post("/rules/new", data=FORM | {"do": "test"}).text
    )
