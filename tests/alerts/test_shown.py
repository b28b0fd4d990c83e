from __future__ import annotations

from dataclasses import replace

from alerts.messages import slack_message, sms_message
from alerts.shown import plain_lines
from tests.alerts.test_messages import BASE, EVA, story


def test_a_slack_message_reads_without_its_markup() -> None:
    lines = plain_lines(slack_message(BASE, EVA))
    assert lines[0] == "Scania (MQL) is reading Pricing"
    assert "People: Maria Ek, CFO" in lines
    assert lines[-1].startswith("To you because you own Scania. Rule: MQL on a buying page.")
    assert lines[-1].endswith("/pricing is in Pricing")
    assert not any(sign in line for line in lines for sign in ("*", "<", "|", "http"))


def test_names_that_slack_had_to_escape_read_as_they_are() -> None:
    lines = plain_lines(slack_message(story(page="A & B <i>"), EVA))
    assert "A & B <i>" in lines[0]


def test_an_sms_is_shown_as_it_was_sent() -> None:
    sent = sms_message(BASE, EVA)
    assert plain_lines(sent) == (sent.text,)
    assert plain_lines(replace(sent, text="Short")) == ("Short",)
