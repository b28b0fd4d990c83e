"""Channels: the list, the form that a kind declares, secrets, tests and what stops a channel."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from alerts.channels import CHANNELS, channel_class
from alerts.models import Channel, Rule
from tests.conftest import make_settings
from tests.fakes.slack import FakeSlack
from tests.web.conftest import Browser, SignIn
from tests.web.story import Story
from tracker.db import Database
from tracker.settings import Settings
from web.app import create_app
from web.channel_rows import state_of

SMS = {
    "name": "on-call",
    "set_provider": "46elks",
    "set_username": "u2",
    "set_password": "open-sesame",
    "set_from": "Doorbell",
    "target": "+46701740605",
}


def find_channel(database: Database, name: str) -> Channel | None:
    with database.read() as session:
        return session.scalar(select(Channel).where(Channel.name == name))


def test_the_list_says_whether_each_can_be_reached_and_why_not(as_jonas: Browser) -> None:
    text = as_jonas.get("/channels").text
    for said in ("Ready", "Paused", "46elks refused the password.", "401 API access", "3 rules", "1 rule"):
        assert said in text


def test_a_seller_sees_the_list_and_changes_nothing(as_jonas: Browser, story: Story) -> None:
    assert "Send a test" not in as_jonas.get("/channels").text
    assert as_jonas.get(f"/channels/{story.sales.id}").status_code == 403
    for act in ("test", "pause", "resume", "delete"):
        assert as_jonas.post(f"/channels/{story.sales.id}/{act}").status_code == 403


@pytest.mark.parametrize("kind", CHANNELS)
def test_each_kind_gets_a_form_with_the_fields_it_declares(as_eva: Browser, kind: str) -> None:
    text = as_eva.get(f"/channels/new/{kind}").text
    for field in channel_class(kind).fields:
        assert f'name="set_{field.name}"' in text
        assert f">{field.label}</label>" in text


def test_a_kind_that_does_not_exist_is_not_found(as_eva: Browser) -> None:
    assert as_eva.get("/channels/new/pigeon").status_code == 404


def test_a_new_channel_is_saved_with_its_own_fields(as_eva: Browser, database: Database) -> None:
    assert as_eva.post("/channels/new/sms", data=SMS).status_code == 303
    channel = find_channel(database, "on-call")
    assert channel is not None
    assert (channel.kind, channel.target) == ("sms", "+46701740605")
    assert channel.settings == {
        "provider": "46elks",
        "username": "u2",
        "password": "open-sesame",
        "from": "Doorbell",
    }


def test_what_the_kind_refuses_stands_at_its_field(as_eva: Browser, database: Database) -> None:
    answer = as_eva.post("/channels/new/sms", data=SMS | {"set_password": "", "target": "0701"})
    assert answer.status_code == 422
    assert '<a href="#set_password">Password is needed</a>' in answer.text
    assert '<a href="#target">' in answer.text
    assert find_channel(database, "on-call") is None


def test_a_secret_is_never_shown_again(as_eva: Browser, story: Story) -> None:
    for path in ("/channels", f"/channels/{story.sms.id}", f"/channels/{story.sales.id}"):
        text = as_eva.get(path).text
        assert "hush-hush" not in text
        assert "xoxb-this-is-secret" not in text
    refused = as_eva.post("/channels/new/sms", data=SMS | {"name": ""})
    assert "open-sesame" not in refused.text


def test_a_secret_that_is_left_empty_stays(as_eva: Browser, story: Story, database: Database) -> None:
    form = SMS | {"name": "sms", "set_username": "u9", "set_password": ""}
    as_eva.post(f"/channels/{story.sms.id}", data=form)
    channel = find_channel(database, "sms")
    assert channel is not None
    assert (channel.settings["username"], channel.settings["password"]) == ("u9", "hush-hush")


def test_a_new_name_reaches_the_rules_that_use_it(as_eva: Browser, story: Story, database: Database) -> None:
    form = SMS | {"name": "texts", "set_password": ""}
    as_eva.post(f"/channels/{story.sms.id}", data=form)
    with database.read() as session:
        rule = session.get_one(Rule, story.draft_rule.id)
    assert rule.send == [{"channel": "texts", "to": "owner"}]
    assert rule.version == 2


def test_everything_that_is_wrong_is_said_at_once(as_eva: Browser) -> None:
    text = as_eva.post("/channels/new/sms", data=SMS | {"name": "", "target": "0701"}).text
    assert '<a href="#name">Give the channel a name</a>' in text
    assert '<a href="#target">' in text


def test_a_name_that_another_channel_has_is_refused(as_eva: Browser, story: Story) -> None:
    answer = as_eva.post("/channels/new/sms", data=SMS | {"name": "sales"})
    assert answer.status_code == 422
    assert "Another channel has this name" in answer.text


def test_pausing_and_resuming(as_eva: Browser, story: Story, database: Database) -> None:
    as_eva.post(f"/channels/{story.sales.id}/pause")
    paused = find_channel(database, "sales")
    as_eva.post(f"/channels/{story.sales.id}/resume")
    resumed = find_channel(database, "sales")
    assert paused is not None
    assert resumed is not None
    assert (paused.paused_at, paused.paused_reason) == (story.now, "Paused by an admin.")
    assert (resumed.paused_at, resumed.paused_reason) == (None, "")


def test_a_channel_that_rules_send_to_is_not_deleted(
    as_eva: Browser, story: Story, database: Database
) -> None:
    path = f"/channels/{story.sales.id}/delete"
    assert "3 rules send to it" in as_eva.get(path).text
    as_eva.post(path)
    assert find_channel(database, "sales") is not None


def test_an_unused_channel_is_deleted_after_a_second_page(as_eva: Browser, database: Database) -> None:
    as_eva.post("/channels/new/sms", data=SMS)
    channel = find_channel(database, "on-call")
    assert channel is not None
    path = f"/channels/{channel.id}/delete"
    assert "Its settings and secrets are lost" in as_eva.get(path).text
    as_eva.post(path)
    assert find_channel(database, "on-call") is None


@pytest.mark.parametrize(
    ("token", "said"), [("xoxb-this-is-secret", "accepted for #sales"), ("xoxb-other", "")]
)
def test_a_test_shows_what_the_far_end_answered(
    settings: Settings, database: Database, story: Story, sign_in: SignIn, token: str, said: str
) -> None:
    with FakeSlack(token=token) as slack:
        app = create_app(
            make_settings(settings.data_dir, database.url, slack_api_url=slack.api_url), database
        )
        app.config["CLOCK"] = lambda: story.now
        app.test_client_class = Browser
        browser = sign_in(app.test_client(), story.eva)  # type: ignore[arg-type]
        browser.post(f"/channels/{story.sales.id}/test")
        text = browser.get("/channels").text
    assert (said or "the test was not delivered") in text
    assert "xoxb" not in text


def test_the_state_of_a_channel_follows_its_last_try(story: Story) -> None:
    now = story.now
    never = Channel(name="a")
    ready = Channel(name="b", delivered_at=now, failed_at=now - timedelta(hours=1))
    failing = Channel(name="c", delivered_at=now - timedelta(hours=1), failed_at=now)
    paused = Channel(name="d", delivered_at=now, paused_at=now)
    assert [state_of(one).word for one in (never, ready, failing, paused)] == [
        "Never tried",
        "Ready",
        "Failing",
        "Paused",
    ]
