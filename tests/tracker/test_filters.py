"""Each step that drops hits, and their order."""

from __future__ import annotations

import re
from ipaddress import ip_network
from pathlib import Path

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from tests.tracker.hits import CHROME, FIREFOX, make_envelope, make_hit
from tracker.filters import (
    STEPS,
    Drop,
    DropReason,
    drop_bot,
    drop_prerender,
    drop_staff,
    drop_webdriver,
    find_bot,
    find_drop,
    parse_networks,
)

DOCS = Path(__file__).parent.parent.parent / "docs" / "visits.md"
STAFF = (ip_network("203.0.113.0/24"), ip_network("2001:db8:5::/48"))
PEOPLE = [
    FIREFOX,
    CHROME,
    CHROME.replace("126.0.0.0", "126.0.0.0 Edg/126.0.0.0"),
    "Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/96 Mobile",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 LinkedInApp",
    "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
]


def test_a_person_is_not_dropped() -> None:
    assert find_drop(make_envelope(make_hit()), STAFF) is None


def test_a_page_that_was_only_prefetched_is_dropped() -> None:
    envelope = make_envelope(make_hit(), prerender=True)
    assert drop_prerender(envelope, ()) == Drop(DropReason.PRERENDER)


def test_a_bot_is_dropped_by_its_name() -> None:
    envelope = make_envelope(
        make_hit(), user_agent="Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
    )
    assert drop_bot(envelope, ()) == Drop(DropReason.BOT, "Googlebot")


def test_a_headless_browser_is_a_bot() -> None:
    envelope = make_envelope(make_hit(), user_agent=CHROME.replace("Chrome", "HeadlessChrome"))
    assert drop_bot(envelope, ()) == Drop(DropReason.BOT, "HeadlessChrome")


def test_a_browser_without_a_name_is_a_bot() -> None:
    assert drop_bot(make_envelope(make_hit(), user_agent=" "), ()) == Drop(DropReason.BOT, "no user agent")


@pytest.mark.parametrize("source", ["server", "replay"])
def test_a_server_need_not_tell_an_agent(source: str) -> None:
    assert drop_bot(make_envelope(make_hit(), user_agent="", source=source), ()) is None


def test_a_browser_driven_by_a_program_is_dropped() -> None:
    assert drop_webdriver(make_envelope(make_hit(), webdriver=True), ()) == Drop(DropReason.WEBDRIVER)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.0/24"),
        ("::ffff:203.0.113.9", "203.0.113.0/24"),
        ("2001:0DB8:0005::1", "2001:db8:5::/48"),
    ],
)
def test_staff_are_dropped_by_their_network(address: str, network: str) -> None:
    assert drop_staff(make_envelope(make_hit(), address=address), STAFF) == Drop(DropReason.STAFF, network)


@pytest.mark.parametrize("address", ["203.0.114.9", "2001:db8:6::1", "::cb00:7109", "nonsense", ""])
def test_others_are_no_staff(address: str) -> None:
    assert drop_staff(make_envelope(make_hit(), address=address), STAFF) is None


def test_networks_are_understood_as_an_admin_writes_them() -> None:
    texts = (" 203.0.113.7", "203.0.113.9/24", "::ffff:192.0.2.0/120", "2001:db8::/32", "our office")
    assert [str(network) for network in parse_networks(texts)] == [
        "203.0.113.7/32",
        "203.0.113.0/24",
        "192.0.2.0/24",
        "2001:db8::/32",
    ]


def test_the_first_reason_is_the_one_told() -> None:
    envelope = make_envelope(make_hit(), prerender=True, webdriver=True, user_agent="", address="203.0.113.1")
    assert find_drop(envelope, STAFF) == Drop(DropReason.PRERENDER)


@pytest.mark.parametrize("user_agent", PEOPLE)
def test_a_browser_is_no_bot(user_agent: str) -> None:
    assert find_bot(user_agent) == ""


def test_every_agent_known_to_be_a_bot_is_found() -> None:
    agents = [agent for crawler in CRAWLER_USER_AGENTS_DATA for agent in crawler["instances"]]
    assert len(agents) > 1000
    assert [agent for agent in agents if not find_bot(agent)] == []


def test_every_step_has_a_reason_of_its_own_name() -> None:
    named = {step.__name__.removeprefix("drop_") for step in STEPS}
    assert named | {"unknown_site"} == set(DropReason)


def test_every_reason_is_documented() -> None:
    told = set(re.findall(r"^\| `(\w+)` \|", DOCS.read_text(), flags=re.MULTILINE))
    assert set(DropReason) <= told
