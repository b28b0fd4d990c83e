"""The same questions to every channel: what each answer means, and that no secret is in any error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from alerts.channels import CHANNELS, ChannelKind, DeliveryError, channel_class, make_channel
from alerts.channels.base import read_retry_after
from alerts.message import Message
from tests.fakes import elks as elks_fake
from tests.fakes import twilio as twilio_fake
from tests.fakes.elks import Fake46elks
from tests.fakes.server import Answer, FakeServer
from tests.fakes.slack import TOKEN, FakeSlack, not_ok
from tests.fakes.twilio import FakeTwilio
from tracker import outbound
from tracker.settings import Settings

MESSAGE = Message("Acme (MQL) is reading Pricing.", ({"type": "divider"},))


@dataclass(frozen=True)
class Far:
    """A channel with the server it talks to."""

    channel: ChannelKind
    server: FakeServer
    target: str
    secrets: tuple[str, ...]

    def send(self) -> str:
        return self.channel.send(self.target, MESSAGE)

    def fail(self) -> DeliveryError:
        with pytest.raises(DeliveryError) as caught:
            self.send()
        return caught.value


def _slack(settings: Settings, server: FakeSlack) -> Far:
    return Far(make_channel("slack", {"token": TOKEN}, settings), server, "#sales", (TOKEN,))


def _webhook(settings: Settings, server: FakeSlack) -> Far:
    return Far(
        make_channel("slack", {"webhook_url": server.webhook_url}, settings),
        server,
        "",
        (server.webhook_url,),
    )


def _twilio(settings: Settings, server: FakeTwilio) -> Far:
    values = {
        "provider": "twilio",
        "username": twilio_fake.ACCOUNT,
        "password": twilio_fake.PASSWORD,
        "from": "+15005550006",
    }
    return Far(make_channel("sms", values, settings), server, "+46701740605", (values["password"],))


def _46elks(settings: Settings, server: Fake46elks) -> Far:
    values = {
        "provider": "46elks",
        "username": elks_fake.USERNAME,
        "password": elks_fake.PASSWORD,
        "from": "Doorbell",
    }
    return Far(make_channel("sms", values, settings), server, "+46701740605", (values["password"],))


@pytest.fixture
def database_url() -> str:
    """No test here needs a database."""
    return ""


KINDS: dict[str, tuple[Callable[..., Far], str]] = {
    "slack": (_slack, "slack"),
    "webhook": (_webhook, "slack"),
    "twilio": (_twilio, "twilio"),
    "46elks": (_46elks, "elks"),
}


@pytest.fixture(params=KINDS)
def far(request: pytest.FixtureRequest, far_ends: Settings) -> Iterator[Far]:
    make, server = KINDS[request.param]
    yield make(far_ends, request.getfixturevalue(server))


# status: (permanent, scope, ambiguous); what it means is the same for every channel
RETRY_TABLE = {
    401: (True, "channel", False),
    403: (True, "channel", False),
    404: (True, "channel", False),
    408: (True, "recipient", False),
    429: (False, "recipient", False),
    500: (False, "recipient", False),
    502: (False, "recipient", False),
    503: (False, "recipient", False),
    504: (False, "recipient", False),
}


@pytest.mark.parametrize("status", RETRY_TABLE)
def test_a_status_means_the_same_on_every_channel(far: Far, status: int) -> None:
    far.server.answers = [Answer(status, "<html>a page of some proxy</html>")]
    error = far.fail()
    assert (error.permanent, error.scope, error.ambiguous) == RETRY_TABLE[status]
    assert len(far.server.received) == 1


def test_a_right_answer_is_a_delivery(far: Far) -> None:
    assert far.send() == ""
    assert len(far.server.accepted) == 1


def test_an_answer_of_garbage_is_no_delivery(far: Far) -> None:
    far.server.answers = [Answer(418, "[1, 2")]
    assert far.fail().permanent


@pytest.mark.parametrize("body", ["", "<html>a page of some proxy</html>", "[]"])
def test_a_yes_that_cannot_be_read_may_be_a_delivery(far: Far, body: str) -> None:
    far.server.answers = [Answer(200, body)]
    error = far.fail()
    assert (error.ambiguous, error.permanent) == (True, False)


def test_a_message_that_failed_at_once_is_no_delivery(far_ends: Settings, twilio: FakeTwilio) -> None:
    far = _twilio(far_ends, twilio)
    said = '{"status": "failed", "error_code": 30034, "error_message": "The sender is not registered"}'
    far.server.answers = [Answer(201, said)]
    error = far.fail()
    assert (error.permanent, "not registered" in str(error)) == (True, True)


def test_a_broken_connection_after_the_request_is_ambiguous_and_sent_once(far: Far) -> None:
    far.server.answers = [Answer(reset=True, counts=True)]
    error = far.fail()
    assert (error.ambiguous, error.permanent) == (True, False)
    assert len(far.server.received) == 1


def test_a_slow_answer_is_ambiguous_and_sent_once(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "TIMEOUT", (3.05, 0.2))
    far.server.hold.clear()
    error = far.fail()
    far.server.hold.set()
    assert (error.ambiguous, error.permanent) == (True, False)
    assert len(far.server.received) == 1


def test_a_far_end_that_is_down_is_not_ambiguous(far: Far) -> None:
    far.server.stop()
    error = far.fail()
    assert (error.ambiguous, error.permanent) == (False, False)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 429, 500])
def test_no_secret_is_in_any_error(far: Far, status: int) -> None:
    """Also when the far end repeats what it got, and where the error is cut."""
    echo = " ".join(far.secrets * 20)
    far.server.answers = [
        Answer(status, echo),
        Answer(status, f'{{"ok":false,"error":"{echo}","message":"{echo}"}}'),
    ]
    for error in (far.fail(), far.fail()):
        assert not any(secret[:12] in f"{error} {error!r}" for secret in far.secrets)
        assert error.__cause__ is None


def test_a_redirect_is_not_followed(far: Far) -> None:
    far.server.answers = [Answer(302, "", {"Location": f"{far.server.url}/elsewhere"})]
    assert far.fail().permanent
    assert len(far.server.received) == 1


def test_a_wait_is_handed_on(far: Far) -> None:
    far.server.answers = [Answer(429, "", {"Retry-After": "120"})]
    assert far.fail().retry_after == 120


SLACK_CODES = {
    "invalid_auth": (True, "channel"),
    "account_inactive": (True, "channel"),
    "token_revoked": (True, "channel"),
    "missing_scope": (True, "channel"),
    "ekm_access_denied": (True, "channel"),
    "channel_not_found": (True, "channel"),
    "not_in_channel": (True, "channel"),
    "is_archived": (True, "channel"),
    "no_text": (True, "recipient"),
    "something_new": (True, "recipient"),
    "internal_error": (False, "recipient"),
    "ratelimited": (False, "recipient"),
    "service_unavailable": (False, "recipient"),
}


@pytest.mark.parametrize("code", SLACK_CODES)
def test_what_slack_s_codes_mean(far_ends: Settings, slack: FakeSlack, code: str) -> None:
    slack.answers = [not_ok(code)]
    error = _slack(far_ends, slack).fail()
    assert (error.permanent, error.scope) == SLACK_CODES[code]


@pytest.mark.parametrize(
    ("answer", "scope"),
    [
        (Answer(404, "no_service"), "channel"),
        (Answer(403, "action_prohibited"), "channel"),
        (Answer(403, "invalid_token"), "channel"),
        (Answer(410, "channel_is_archived"), "channel"),
        (Answer(404, "channel_not_found"), "channel"),
        (Answer(400, "no_text"), "recipient"),
    ],
    ids=lambda value: value.body if isinstance(value, Answer) else value,
)
def test_what_a_webhook_s_words_mean(
    far_ends: Settings, slack: FakeSlack, answer: Answer, scope: str
) -> None:
    slack.answers = [answer]
    error = _webhook(far_ends, slack).fail()
    assert (error.permanent, error.scope) == (True, scope)


def test_a_webhook_that_refuses_the_blocks_gets_plain_text(far_ends: Settings, slack: FakeSlack) -> None:
    slack.answers = [Answer(400, "invalid_payload")]
    assert _webhook(far_ends, slack).send() == "sent as plain text: invalid_payload"
    assert "blocks" not in slack.accepted[0]


def test_blocks_that_are_refused_twice_are_parked(far_ends: Settings, slack: FakeSlack) -> None:
    slack.answers = [not_ok("invalid_blocks"), not_ok("invalid_blocks")]
    error = _slack(far_ends, slack).fail()
    assert (error.permanent, error.scope) == (True, "recipient")
    assert len(slack.received) == 2


@pytest.mark.parametrize(
    ("status", "code", "scope"),
    [
        (401, 20003, "channel"),
        (400, 21211, "recipient"),
        (400, 21610, "recipient"),
        (400, 21614, "recipient"),
        (400, 21408, "recipient"),
        (400, 21606, "channel"),
        (400, 30007, "recipient"),
    ],
)
def test_what_twilio_s_codes_mean(
    far_ends: Settings, twilio: FakeTwilio, status: int, code: int, scope: str
) -> None:
    twilio.answers = [twilio_fake.error(status, code, "A sentence of Twilio's")]
    error = _twilio(far_ends, twilio).fail()
    assert (error.permanent, error.scope) == (True, scope)
    assert str(code) in str(error)


def test_twilio_is_called_as_it_wants(far_ends: Settings, twilio: FakeTwilio) -> None:
    _twilio(far_ends, twilio).send()
    assert twilio.accepted == [{"To": "+46701740605", "From": "+15005550006", "Body": MESSAGE.text}]


def test_twilio_refuses_a_wrong_password(far_ends: Settings, twilio: FakeTwilio) -> None:
    far = _twilio(far_ends, twilio)
    wrong = make_channel("sms", {**vars(far.channel)["values"], "password": "another password"}, far_ends)
    with pytest.raises(DeliveryError, match="the user name or password is wrong") as caught:
        wrong.send(far.target, MESSAGE)
    assert caught.value.scope == "channel"


def test_46elks_is_called_as_it_wants(far_ends: Settings, elks: Fake46elks) -> None:
    _46elks(far_ends, elks).send()
    assert elks.accepted == [{"from": "Doorbell", "to": "+46701740605", "message": MESSAGE.text}]


def test_slack_gets_names_and_links_switched_off(far_ends: Settings, slack: FakeSlack) -> None:
    _slack(far_ends, slack).send()
    sent = slack.accepted[0]
    assert (sent["parse"], sent["link_names"], sent["unfurl_links"]) == ("none", False, False)


def test_slack_s_own_retrying_is_off(far_ends: Settings, slack: FakeSlack) -> None:
    slack.always = Answer(reset=True)
    _slack(far_ends, slack).fail()
    assert len(slack.received) == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1", 1),
        ("0", 1),
        ("86400", 3600),
        (None, 30),
        ("", 30),
        ("abc", 30),
        ("1e9", 30),
        ("-1", 30),
        ("9" * 5000, 30),
    ],
)
def test_retry_after_is_read_whatever_it_holds(text: str | None, seconds: float) -> None:
    assert read_retry_after(text) == seconds


def test_retry_after_may_be_a_date() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=90)
    assert 80 < read_retry_after(format_datetime(moment, usegmt=True)) <= 91
    assert read_retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 1


@pytest.mark.parametrize("kind", CHANNELS)
def test_every_channel_declares_its_form(kind: str) -> None:
    declared = channel_class(kind)
    assert declared.kind == kind
    assert all(field.label for field in (*declared.fields, declared.target_field))
    # What reaches nobody outside needs no secret.
    assert any(field.secret for field in declared.fields) or kind == "console"


BAD_FIELDS: list[tuple[str, dict[str, Any], str, str]] = [
    ("slack", {}, "#sales", "token"),
    ("slack", {"token": "xoxb-ä"}, "#sales", "token"),
    ("slack", {"token": "xoxb-1\n2"}, "#sales", "token"),
    ("slack", {"token": "abc"}, "#sales", "token"),
    ("slack", {"token": "xoxb-1", "per_second": "-1"}, "#sales", "per_second"),
    ("slack", {"token": "xoxb-1", "per_second": "two"}, "#sales", "per_second"),
    ("slack", {"token": "xoxb-1", "per_second": "nan"}, "#sales", "per_second"),
    ("slack", {"token": "xoxb-1"}, "#sales, #ops", "target"),
    ("slack", {"webhook_url": "ftp://hooks.slack.com/x"}, "", "webhook_url"),
    ("sms", {"username": "u", "password": "p", "from": "D"}, "", "provider"),
    ("sms", {"provider": "pigeon", "username": "u", "password": "p", "from": "D"}, "", "provider"),
    (
        "sms",
        {"provider": "twilio", "username": "u", "password": "p", "from": "Far too long a name"},
        "",
        "from",
    ),
    ("sms", {"provider": "twilio", "username": "u", "password": "p", "from": "D"}, "0701740605", "target"),
]


@pytest.mark.parametrize(("kind", "values", "target", "field"), BAD_FIELDS)
def test_a_wrong_field_is_named(
    settings: Settings, kind: str, values: dict[str, Any], target: str, field: str
) -> None:
    errors = channel_class(kind).check(values, target, settings)
    assert field in [name for name, _ in errors]


def test_the_log_channel_writes_the_alert_into_the_log(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", logger="alerts.channels.console"):
        make_channel("console", {}, settings).send("Eva", Message("Acme is reading Pricing."))
    assert "alert to='Eva' text=Acme is reading Pricing." in caplog.text
