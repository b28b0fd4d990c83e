from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from alerts.channels import DeliveryError
from alerts.models import Alert, Channel, Delivery
from alerts.outbox import Outbox, Sender, resume_channel, retry_delivery, send_test, send_waiting
from alerts.redirect import redirect_waiting
from tests.alerts.scene import Scene
from tests.conftest import wait_until
from tests.fakes.elks import PASSWORD, USERNAME, Fake46elks
from tests.fakes.server import Answer
from tests.fakes.slack import FakeSlack, not_ok, rate_limited
from tracker.db import Database
from tracker.models import User
from tracker.settings import Settings

ELKS = {"provider": "46elks", "username": USERNAME, "password": PASSWORD, "from": "Doorbell"}
PHONE = "+46701740605"


def send(scene: Scene, settings: Settings, **later: float) -> int:
    return send_waiting(scene.database, settings, scene.later(**later), until_done=True)


def test_a_waiting_delivery_reaches_slack(scene: Scene, far_ends: Settings, slack: FakeSlack) -> None:
    [delivery] = scene.deliveries(channel=scene.channel())
    assert send(scene, far_ends) == 1
    assert slack.accepted[0]["channel"] == "#sales"
    row = scene.get(delivery)
    assert (row.state, row.tries, row.leased_until, row.last_error) == ("delivered", 1, None, "")
    assert [one.outcome for one in scene.tries(delivery)] == ["delivered"]


def test_what_was_delivered_is_not_sent_again(scene: Scene, far_ends: Settings, slack: FakeSlack) -> None:
    scene.deliveries(channel=scene.channel())
    send(scene, far_ends)
    assert send(scene, far_ends, hours=2) == 0
    assert len(slack.received) == 1


def test_the_try_is_saved_before_the_request_leaves(
    scene: Scene, far_ends: Settings, slack: FakeSlack
) -> None:
    [delivery] = scene.deliveries(channel=scene.channel())
    slack.hold.clear()
    send_waiting(scene.database, far_ends, scene.now)
    wait_until(lambda: slack.received, what="the request")
    assert scene.get(delivery).state == "sending"
    assert [one.ended_at for one in scene.tries(delivery)] == [None]
    slack.hold.set()
    wait_until(lambda: scene.get(delivery).state == "delivered", what="the answer")


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_far_end_in_trouble_is_tried_again_later(
    scene: Scene, far_ends: Settings, slack: FakeSlack, status: int
) -> None:
    [delivery] = scene.deliveries(channel=scene.channel())
    slack.answers = [Answer(status, "<html>trouble</html>")]
    send(scene, far_ends)
    row = scene.get(delivery)
    assert (row.state, row.possible_repeat) == ("waiting", False)
    assert timedelta(seconds=0.7) < row.next_try_at - scene.now < timedelta(seconds=2)
    send(scene, far_ends, seconds=5)
    assert scene.get(delivery).state == "delivered"


def test_what_arrives_after_an_hour_of_trouble_says_so(
    scene: Scene, far_ends: Settings, slack: FakeSlack
) -> None:
    scene.deliveries(channel=scene.channel())
    slack.answers = [Answer(503)]
    send(scene, far_ends)
    send(scene, far_ends, hours=1, minutes=1)
    assert slack.texts[-1].startswith("(Late: this was 1 hour ago) ")


def test_waits_grow_to_five_minutes_and_end_after_a_day(
    scene: Scene, far_ends: Settings, slack: FakeSlack
) -> None:
    [delivery] = scene.deliveries(channel=scene.channel())
    slack.always = Answer(503)
    at, waits = scene.now, []
    for _ in range(12):
        send_waiting(scene.database, far_ends, at, until_done=True)
        waits.append((scene.get(delivery).next_try_at - at).total_seconds())
        at = scene.get(delivery).next_try_at + timedelta(seconds=1)
    assert waits == sorted(waits) or waits[-1] > 220
    assert max(waits) < 302
    send(scene, far_ends, hours=25)
    row = scene.get(delivery)
    assert (row.state, row.last_error.startswith("gave up after 24 hours")) == ("failed", True)


@pytest.mark.parametrize(
    ("header", "seconds"), [("30", 30), (None, 30), ("abc", 30), ("86400", 3600), ("-5", 30), ("0", 1)]
)
def test_no_call_before_the_time_slack_asks_for(
    scene: Scene, far_ends: Settings, slack: FakeSlack, header: str | None, seconds: int
) -> None:
    channel = scene.channel()
    first, second = scene.deliveries(channel=channel, count=2)
    slack.answers = [rate_limited(header)]
    send(scene, far_ends)
    assert len(slack.received) == 1
    send(scene, far_ends, seconds=seconds - 1)
    assert len(slack.received) == 1
    send(scene, far_ends, seconds=seconds + 2)
    assert [scene.get(one).state for one in (first, second)] == ["delivered", "delivered"]
    assert not scene.get(first).possible_repeat


def test_order_is_kept_over_a_failure(scene: Scene, far_ends: Settings, slack: FakeSlack) -> None:
    scene.deliveries(channel=scene.channel(), count=3)
    slack.answers = [Answer(500)]
    send(scene, far_ends)
    send(scene, far_ends, seconds=5)
    assert [text.split("Rule")[0] for text in slack.texts] == [slack.texts[0]] * 3
    rules = [str(message["blocks"]) for message in slack.accepted]
    assert [f"Rule {number}" in rules[number] for number in range(3)] == [True] * 3


def test_a_message_that_always_fails_does_not_stop_those_behind_it(
    scene: Scene, far_ends: Settings, slack: FakeSlack
) -> None:
    channel = scene.channel()
    first, second = scene.deliveries(channel=channel, count=2)
    slack.answers = [Answer(500)] * 4
    for minutes in range(4):
        send(scene, far_ends, minutes=minutes)
    slack.answers = []
    with scene.change(Delivery, first) as row:
        row.next_try_at = scene.later(hours=1)
    send(scene, far_ends, minutes=5)
    assert (scene.get(first).state, scene.get(second).state) == ("waiting", "delivered")


@pytest.mark.parametrize(
    "code",
    ["invalid_auth", "account_inactive", "token_revoked", "missing_scope", "is_archived", "not_in_channel"],
)
def test_a_permanent_error_pauses_the_channel_and_tells_elsewhere(
    scene: Scene, far_ends: Settings, slack: FakeSlack, elks: Fake46elks, code: str
) -> None:
    channel = scene.channel()
    scene.channel("sms", "sms", PHONE, **ELKS)
    first, second = scene.deliveries(channel=channel, count=2)
    slack.always = not_ok(code)
    send(scene, far_ends)
    send(scene, far_ends, seconds=2)
    assert len(slack.received) == 1
    paused = scene.all(Channel)[0]
    assert (paused.paused_at is not None, code in paused.paused_reason) == (True, True)
    assert [scene.get(one).state for one in (first, second)] == ["failed", "failed"]
    assert [form["to"] for form in elks.accepted] == [PHONE, PHONE]
    assert "Fallback: sales:" in elks.accepted[0]["message"]


def test_a_person_who_cannot_be_reached_does_not_pause_the_channel(
    scene: Scene, far_ends: Settings, slack: FakeSlack
) -> None:
    channel = scene.channel()
    [delivery] = scene.deliveries(channel=channel, target="U0GONE")
    slack.answers = [not_ok("channel_not_found")]
    send(scene, far_ends)
    send(scene, far_ends, seconds=2)
    assert scene.all(Channel)[0].paused_at is None
    assert scene.get(delivery).state == "failed"
    assert [message["channel"] for message in slack.accepted] == ["#sales"]


def test_refused_blocks_are_sent_once_more_as_plain_text(
    scene: Scene, far_ends: Settings, slack: FakeSlack
) -> None:
    [delivery] = scene.deliveries(channel=scene.channel())
    slack.answers = [not_ok("invalid_blocks")]
    send(scene, far_ends)
    assert scene.get(delivery).state == "delivered"
    assert "blocks" not in slack.accepted[0]
    assert scene.tries(delivery)[0].error == "sent as plain text: invalid_blocks"


@pytest.mark.parametrize(
    "answer", [Answer(reset=True, counts=True), not_ok("fatal_error")], ids=["reset", "fatal_error"]
)
def test_an_answer_that_was_lost_is_sent_again_and_marked(
    scene: Scene, far_ends: Settings, slack: FakeSlack, answer: Answer
) -> None:
    [delivery] = scene.deliveries(channel=scene.channel())
    slack.answers = [answer]
    send(scene, far_ends)
    assert (scene.get(delivery).state, scene.get(delivery).possible_repeat) == ("waiting", True)
    assert scene.tries(delivery)[0].outcome == "unknown"
    send(scene, far_ends, seconds=5)
    assert scene.get(delivery).state == "delivered"
    assert len(slack.received) == 2
    assert "(Possible repeat)" in slack.texts[-1]


def test_an_sms_that_may_have_arrived_is_not_sent_again_but_told_elsewhere(
    scene: Scene, far_ends: Settings, slack: FakeSlack, elks: Fake46elks
) -> None:
    scene.channel()
    [delivery] = scene.deliveries(channel=scene.channel("sms", "sms", PHONE, **ELKS))
    elks.answers = [Answer(reset=True, counts=True)]
    send(scene, far_ends)
    send(scene, far_ends, hours=1)
    assert len(elks.received) == 1
    assert scene.get(delivery).state == "unknown"
    assert "may not have reached" in str(slack.accepted[0]["blocks"])


def test_an_sms_waits_for_the_end_of_quiet_hours_and_holds_nobody_else_back(
    scene: Scene, far_ends: Settings, elks: Fake46elks
) -> None:
    asleep, awake = scene.deliveries(channel=scene.channel("sms", "sms", PHONE, **ELKS), count=2)
    end = scene.later(hours=2)
    with scene.change(User, scene.cast.bob.id) as bob:
        bob.quiet_from, bob.quiet_to, bob.time_zone = f"{scene.now:%H:%M}", f"{end:%H:%M}", "UTC"
    with scene.change(Delivery, asleep) as row:
        row.user_id, row.tries = scene.cast.bob.id, 1
    send(scene, far_ends)
    assert [scene.get(one).state for one in (asleep, awake)] == ["waiting", "delivered"]
    assert scene.get(asleep).last_error.startswith("the quiet hours of Bob last until")
    send(scene, far_ends, hours=1, minutes=59)
    assert len(elks.accepted) == 1
    send(scene, far_ends, hours=2)
    assert scene.get(asleep).state == "delivered"
    assert "2 hours ago" in elks.accepted[1]["message"]


def test_slack_does_not_wait_for_quiet_hours(scene: Scene, far_ends: Settings, slack: FakeSlack) -> None:
    [delivery] = scene.deliveries(channel=scene.channel())
    with scene.change(User, scene.cast.bob.id) as bob:
        bob.quiet_from, bob.quiet_to = "00:00", "23:59"
    with scene.change(Delivery, delivery) as row:
        row.user_id = scene.cast.bob.id
    send(scene, far_ends)
    assert scene.get(delivery).state == "delivered"


def test_a_number_that_opted_out_is_told_elsewhere(
    scene: Scene, far_ends: Settings, slack: FakeSlack
) -> None:
    scene.channel()
    sms = scene.channel("sms", "sms", "", **ELKS)
    [delivery] = scene.deliveries(channel=sms, target="not a number")
    send(scene, far_ends)
    send(scene, far_ends, seconds=1)
    assert scene.get(delivery).state == "failed"
    assert len(slack.accepted) == 1


def test_a_sender_that_died_is_made_good_once_and_marked(
    scene: Scene, far_ends: Settings, slack: FakeSlack
) -> None:
    [delivery] = scene.deliveries(channel=scene.channel())
    with scene.change(Delivery, delivery) as row:
        row.state, row.leased_until, row.tries = "sending", scene.later(seconds=60), 1
    send(scene, far_ends, seconds=59)
    assert slack.received == []
    send(scene, far_ends, seconds=61)
    assert scene.get(delivery).state == "delivered"
    assert scene.get(delivery).possible_repeat
    assert "(Possible repeat)" in slack.texts[0]


def test_an_sms_whose_sender_died_is_not_sent_again(
    scene: Scene, far_ends: Settings, slack: FakeSlack, elks: Fake46elks
) -> None:
    scene.channel()
    [delivery] = scene.deliveries(channel=scene.channel("sms", "sms", PHONE, **ELKS))
    with scene.change(Delivery, delivery) as row:
        row.state, row.leased_until, row.tries = "sending", scene.now, 1
    send(scene, far_ends, seconds=1)
    send(scene, far_ends, seconds=2)
    assert (scene.get(delivery).state, elks.received) == ("unknown", [])
    assert len(slack.accepted) == 1


def test_two_senders_at_once_never_double(scene: Scene, far_ends: Settings, slack: FakeSlack) -> None:
    ids = scene.deliveries(channel=scene.channel(), count=12)
    slack.always = None
    databases = [Database(scene.database.url) for _ in range(3)]
    outboxes = [(Outbox(), database) for database in databases]

    def work(outbox: Outbox, database: Database) -> None:
        for round_ in range(8):
            sender = Sender(database, far_ends, scene.later(milliseconds=round_))
            outbox.send_due(sender, until_done=True)

    threads = [threading.Thread(target=work, args=one) for one in outboxes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: send(scene, far_ends, seconds=3) == 0, what="the rest")
    for database in databases:
        database.close()
    assert [scene.get(one).state for one in ids] == ["delivered"] * 12
    assert len(slack.accepted) == 12


def test_a_slow_channel_delays_no_other(scene: Scene, far_ends: Settings, slack: FakeSlack) -> None:
    with FakeSlack() as slow:
        slow.hold.clear()
        stuck = scene.channel("slow", webhook_url=slow.webhook_url)
        [waiting] = scene.deliveries(channel=stuck)
        send_waiting(scene.database, far_ends, scene.now)
        wait_until(lambda: slow.received, what="the slow channel's request")
        [quick] = scene.deliveries(channel=scene.channel())
        send_waiting(scene.database, far_ends, scene.now)
        wait_until(lambda: scene.get(quick).state == "delivered", what="the quick channel")
        assert scene.get(waiting).state == "sending"
        slow.hold.set()
        wait_until(lambda: scene.get(waiting).state == "delivered", what="the slow channel")


def test_a_burst_goes_at_once_and_the_rest_at_the_channel_s_rate(
    scene: Scene, far_ends: Settings, slack: FakeSlack
) -> None:
    channel = scene.channel()
    with scene.change(Channel, channel.id) as row:
        row.settings = row.settings | {"per_second": "10"}
    scene.deliveries(channel=channel, count=8)
    send(scene, far_ends)
    times = [request.at for request in slack.received]
    assert len(times) == 8
    assert times[-1] - times[0] > 0.25


@pytest.mark.parametrize("hand", ["paused", "deleted"])
def test_what_waits_for_a_channel_that_is_gone_takes_another_way(
    scene: Scene, far_ends: Settings, slack: FakeSlack, hand: str
) -> None:
    channel = scene.channel("old", target="#old")
    scene.channel()
    [delivery] = scene.deliveries(channel=channel)
    with scene.database.write() as session:
        row = session.get_one(Channel, channel.id)
        if hand == "paused":
            row.paused_at, row.paused_reason = scene.now, "Paused by an admin."
        else:
            session.delete(row)
    send(scene, far_ends)
    send(scene, far_ends, seconds=1)
    assert scene.get(delivery).state == "failed"
    assert [message["channel"] for message in slack.accepted] == ["#sales"]


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_two_workers_send_what_waits_for_a_deleted_channel_another_way_once(scene: Scene) -> None:
    channel = scene.channel("old", target="#old")
    scene.channel()
    scene.channel("leads", target="#leads")
    scene.deliveries(channel=channel)
    with scene.database.write() as session:
        session.delete(session.get_one(Channel, channel.id))
    with scene.database.write() as one, scene.database.write() as other:
        redirect_waiting(one, None, scene.now)
        other.execute(text("SET lock_timeout = '200ms'"))
        redirect_waiting(other, None, scene.now)
    assert [row.target for row in scene.all(Delivery)] == ["#old", "#sales"]


def test_a_channel_that_was_resumed_sends_again(scene: Scene, far_ends: Settings, slack: FakeSlack) -> None:
    channel = scene.channel()
    [delivery] = scene.deliveries(channel=channel)
    slack.answers = [not_ok("invalid_auth")]
    send(scene, far_ends)
    with scene.change(Channel, channel.id) as row:
        resume_channel(row)
    with scene.database.write() as session:
        assert retry_delivery(session, delivery, scene.later(hours=30))
    send(scene, far_ends, hours=30)
    assert scene.get(delivery).state == "delivered"


def test_what_is_sent_again_goes_to_the_target_the_channel_has_now(
    scene: Scene, far_ends: Settings, slack: FakeSlack
) -> None:
    channel = scene.channel(target="#old")
    [delivery] = scene.deliveries(channel=channel)
    slack.answers = [not_ok("is_archived")]
    send(scene, far_ends)
    with scene.change(Channel, channel.id) as row:
        row.target = "#new"
        resume_channel(row)
    with scene.database.write() as session:
        assert retry_delivery(session, delivery, scene.now)
    send(scene, far_ends)
    assert [message["channel"] for message in slack.accepted] == ["#new"]


def test_a_user_who_is_switched_off_gets_nothing_that_still_waits(
    scene: Scene, far_ends: Settings, slack: FakeSlack
) -> None:
    [delivery] = scene.deliveries(channel=scene.channel(), target="UBOB")
    with scene.change(Delivery, delivery) as row:
        row.user_id = scene.cast.bob.id
    with scene.change(User, scene.cast.bob.id) as user:
        user.disabled_at = scene.now
    send(scene, far_ends)
    send(scene, far_ends, seconds=1)
    assert scene.get(delivery).last_error == "Bob is switched off"
    assert [message["channel"] for message in slack.accepted] == ["#sales"]


def test_what_was_delivered_cannot_be_put_back(scene: Scene, far_ends: Settings) -> None:
    [delivery] = scene.deliveries(channel=scene.channel())
    send(scene, far_ends)
    with scene.database.write() as session:
        assert not retry_delivery(session, delivery, scene.now)


def test_a_story_that_cannot_be_read_fails_with_words(scene: Scene, far_ends: Settings) -> None:
    [delivery] = scene.deliveries(channel=scene.channel())
    with scene.database.write() as session:
        row = session.get_one(Delivery, delivery)
        session.get_one(Alert, row.alert_id).story = {"of": "another version"}
    send(scene, far_ends)
    assert scene.get(delivery).state == "failed"
    assert "could not be written" in scene.get(delivery).last_error


def test_an_admin_s_test_goes_to_the_channel_at_once(
    scene: Scene, far_ends: Settings, slack: FakeSlack
) -> None:
    channel = scene.channel()
    assert send_test(scene.database, far_ends, channel.id, scene.cast.alice.id, scene.now) == "#sales"
    assert slack.texts[0].startswith("[Test] Example Industries (MQL) is reading Pricing.")


def test_an_admin_s_test_goes_to_the_admin_where_the_channel_has_no_target(
    scene: Scene, far_ends: Settings, slack: FakeSlack
) -> None:
    channel = scene.channel(target="")
    send_test(scene.database, far_ends, channel.id, scene.cast.alice.id, scene.now)
    assert slack.accepted[0]["channel"] == "UALICE"


def test_an_admin_s_test_says_what_went_wrong(scene: Scene, far_ends: Settings, slack: FakeSlack) -> None:
    slack.answers = [not_ok("invalid_auth")]
    with pytest.raises(DeliveryError, match="the token is not valid"):
        send_test(scene.database, far_ends, scene.channel().id, scene.cast.alice.id, scene.now)


def test_nothing_leaves_for_a_far_end_that_is_down(
    scene: Scene, far_ends: Settings, slack: FakeSlack
) -> None:
    [delivery] = scene.deliveries(channel=scene.channel())
    send(scene, replace(far_ends, slack_api_url="http://127.0.0.1:9"))
    row = scene.get(delivery)
    assert (row.state, row.possible_repeat, row.last_error) == (
        "waiting",
        False,
        "127.0.0.1 cannot be reached",
    )
