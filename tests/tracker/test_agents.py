"""Browser, system and device from user agents."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tracker.hits import CHROME, FIREFOX
from tracker.agents import Agent, parse_agent
from tracker.filters import find_bot

IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.0 Mobile/15E148 Safari/604.1"
)
IPAD = IPHONE.replace("iPhone; CPU iPhone", "iPad; CPU")
GALAXY_TAB = (
    "Mozilla/5.0 (Linux; Android 13; SM-X906C) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    ("user_agent", "agent"),
    [
        (FIREFOX, Agent("Firefox", "Linux", "desktop")),
        (CHROME, Agent("Chrome", "Windows", "desktop")),
        (IPHONE, Agent("Mobile Safari", "iOS", "mobile")),
        (IPAD, Agent("Mobile Safari", "iOS", "tablet")),
        (GALAXY_TAB, Agent("Chrome", "Android", "tablet")),
        (GALAXY_TAB.replace("Safari/", "Mobile Safari/"), Agent("Chrome Mobile", "Android", "mobile")),
        ("", Agent()),
        ("something nobody knows", Agent()),
    ],
)
def test_an_agent_is_read(user_agent: str, agent: Agent) -> None:
    assert parse_agent(user_agent) == agent


def test_endless_agents_are_cut_to_their_columns() -> None:
    agent = parse_agent("Mozilla/5.0 " + "A" * 400 + "/1.0 Mobile")
    assert len(agent.browser) <= 60


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read_without_an_error(user_agent: str) -> None:
    assert parse_agent(user_agent).device in ("", "desktop", "mobile", "tablet")
    assert len(find_bot(user_agent)) <= 60
