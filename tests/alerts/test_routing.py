from __future__ import annotations

from typing import Any

import pytest

from alerts.routing import ChannelFacts, PersonFacts, Places, Problem, find_fallback, route
from alerts.specs import Send

SALES = ChannelFacts(1, "sales", "slack_id", "#sales")
SMS = ChannelFacts(2, "sms", "phone")
HOOK = ChannelFacts(3, "hook", "slack_id", fixed=True)
ALICE = PersonFacts(1, "Alice", "alice@ours.test", slack_id="UALICE", is_admin=True)
BOB = PersonFacts(2, "Bob", "bob@ours.test", slack_id="UBOB", phone="+46701740605")
CARIN = PersonFacts(3, "Carin", "carin@ours.test", language="sv")


def places(
    *channels: ChannelFacts, people: tuple[PersonFacts, ...] = (ALICE, BOB, CARIN), **more: Any
) -> Places:
    named = {channel.name: channel for channel in channels or (SALES, SMS)}
    return Places(named, people, subject="Acme", owned="Acme", **more)


def told(sends: list[Send], where: Places) -> list[tuple[str, str, str]]:
    return [(one.channel_name, one.target, one.why) for one in route(sends, where)]


def test_a_channel_is_told_at_its_target() -> None:
    assert told([Send("sales")], places()) == [("sales", "#sales", "the rule tells this channel")]


def test_the_owner_is_told_in_person() -> None:
    assert told([Send("sms", "owner")], places(owner_id=2)) == [("sms", "+46701740605", "you own Acme")]


def test_the_deal_s_owner_is_told_in_person() -> None:
    assert told([Send("sales", "deal_owner")], places(deal_owner_id=2)) == [
        ("sales", "UBOB", "you owned the deal")
    ]


def test_a_named_user_is_told_in_person() -> None:
    assert told([Send("sales", "bob@ours.test")], places()) == [("sales", "UBOB", "the rule names you")]


@pytest.mark.parametrize(
    ("send", "more", "expected"),
    [
        (Send("sales", "owner"), {}, ("sales", "#sales", "fallback: Acme has no owner")),
        (Send("sales", "deal_owner"), {}, ("sales", "#sales", "fallback: the deal has no owner")),
        (Send("sales", "eva@ours.test"), {}, ("sales", "#sales", "fallback: eva@ours.test is no user")),
        (Send("sales", "owner"), {"owner_id": 3}, ("sales", "#sales", "fallback: Carin has no Slack id")),
        (Send("sms", "owner"), {}, ("sales", "#sales", "fallback: Acme has no owner")),
        (Send("sms"), {}, ("sales", "#sales", "fallback: sms has no target of its own")),
        (Send("gone"), {}, ("sales", "#sales", "fallback: the channel gone does not exist")),
        (
            Send("sms", "owner"),
            {"owner_id": 1},
            ("sales", "UALICE", "fallback: Alice has no telephone number"),
        ),
    ],
)
def test_where_the_wanted_way_is_closed_another_is_found(
    send: Send, more: dict[str, Any], expected: tuple[str, str, str]
) -> None:
    assert told([send], places(**more)) == [expected]


def test_a_paused_channel_s_person_is_told_elsewhere() -> None:
    paused = ChannelFacts(1, "sales", "slack_id", "#sales", paused_reason="invalid_auth")
    where = places(paused, SMS, owner_id=2)
    assert told([Send("sales", "owner")], where) == [("sms", "+46701740605", "fallback: sales is paused")]


def test_without_any_target_the_admins_are_told() -> None:
    where = places(ChannelFacts(1, "sales", "slack_id"))
    assert told([Send("sales", "owner")], where) == [("sales", "UALICE", "fallback: Acme has no owner")]


def test_a_webhook_tells_its_own_channel_instead_of_a_person() -> None:
    assert told([Send("hook", "owner")], places(HOOK, owner_id=2)) == [
        ("hook", "hook", "fallback: hook cannot reach Bob alone")
    ]


def test_nobody_to_tell_is_a_route_that_says_so() -> None:
    [one] = route([Send("sales")], places(ChannelFacts(1, "sales", "slack_id", paused_reason="x"), people=()))
    assert (one.channel_id, one.why) == (None, "sales is paused")


def test_the_same_place_is_never_told_twice() -> None:
    sends = [Send("sales"), Send("sales", "owner"), Send("sms"), Send("sms", "bob@ours.test")]
    assert [one.target for one in route(sends, places())] == ["#sales", "+46701740605"]


def test_a_swedish_reader_gets_the_reason_in_swedish() -> None:
    carin = PersonFacts(3, "Carin", "carin@ours.test", slack_id="UCARIN", language="sv")
    assert told([Send("sales", "owner")], places(people=(carin,), owner_id=3)) == [
        ("sales", "UCARIN", "du äger Acme")
    ]


def test_a_fallback_is_never_where_it_was_sent_before() -> None:
    where = places(owner_id=2, used=frozenset({(1, "#sales"), (1, "UBOB")}))
    found = find_fallback(Problem("", {}, "Slack is gone"), where, failed="sales", user_id=2)
    assert found
    assert (found.channel_name, found.target, found.why) == ("sms", "+46701740605", "fallback: Slack is gone")


def test_there_is_no_fallback_when_every_way_was_used() -> None:
    where = places(SALES, people=(), used=frozenset({(1, "#sales")}))
    assert find_fallback(Problem("", {}, "no"), where, failed="sales") is None
