"""What is not counted as a visit: the steps that drop hits, in order, each with its reason.

All of them decide on the envelope, so the hits of one request are kept or dropped together.
"""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from typing import Any

import re2
from crawleruseragents import CRAWLER_USER_AGENTS_DATA

from tracker.records import Envelope
from tracker.settings import Network

logger = logging.getLogger(__name__)

BOT_NAME_LENGTH = 60


class DropReason(StrEnum):
    """Why a hit was refused. Closed: a new reason needs its step, its test and its line in the docs."""

    UNKNOWN_SITE = "unknown_site"
    PRERENDER = "prerender"
    BOT = "bot"
    WEBDRIVER = "webdriver"
    STAFF = "staff"


@dataclass(frozen=True, slots=True)
class Drop:
    """A refusal: the reason, and what matched (the bot's name, the network)."""

    reason: DropReason
    detail: str = ""


Step = Callable[[Envelope, Sequence[Network]], Drop | None]


def find_drop(envelope: Envelope, staff: Sequence[Network]) -> Drop | None:
    """The first step's refusal, or nothing when the hits count. `staff`: networks of our own people."""
    for step in STEPS:
        if drop := step(envelope, staff):
            return drop
    return None


def drop_prerender(envelope: Envelope, staff: Sequence[Network]) -> Drop | None:
    """The browser fetched the page in case somebody opens it; nobody has seen it."""
    return Drop(DropReason.PRERENDER) if envelope.prerender else None


def drop_bot(envelope: Envelope, staff: Sequence[Network]) -> Drop | None:
    """A known crawler, or a page view from a browser that does not say what it is."""
    if not envelope.user_agent.strip():
        return Drop(DropReason.BOT, "no user agent") if envelope.source == "snippet" else None
    name = find_bot(envelope.user_agent)
    return Drop(DropReason.BOT, name) if name else None


def drop_webdriver(envelope: Envelope, staff: Sequence[Network]) -> Drop | None:
    """The browser itself said that a program drives it, though its user agent looks like a person's."""
    return Drop(DropReason.WEBDRIVER) if envelope.webdriver else None


def drop_staff(envelope: Envelope, staff: Sequence[Network]) -> Drop | None:
    """Our own people, known by their network."""
    if not staff:
        return None
    address = normal_address(envelope.address)
    if address is None:
        return None
    inside = (network for network in staff if network.version == address.version and address in network)
    found = next(inside, None)
    return Drop(DropReason.STAFF, str(found)) if found else None


STEPS: tuple[Step, ...] = (drop_prerender, drop_bot, drop_webdriver, drop_staff)


@lru_cache(maxsize=4096)
def find_bot(user_agent: str) -> str:
    """The words by which a known bot gave itself away, or empty."""
    found = _bots().Match(user_agent)
    if not found:
        return ""
    match = re2.search(CRAWLER_USER_AGENTS_DATA[min(found)]["pattern"], user_agent)
    # A few patterns span the whole agent; their first words are name enough.
    return (match.group(0) if match else user_agent).strip(" /;()+")[:BOT_NAME_LENGTH] or "bot"


@cache
def _bots() -> Any:
    """All patterns of the crawler-user-agents project as one automaton: one pass over an agent."""
    patterns = re2.Set.SearchSet()
    for crawler in CRAWLER_USER_AGENTS_DATA:
        patterns.Add(crawler["pattern"])
    patterns.Compile()
    return patterns


def normal_address(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address, as IPv4 also when it came wrapped in IPv6 (::ffff:192.0.2.1); None when it is none."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        return parsed.ipv4_mapped
    return parsed


@lru_cache(maxsize=1024)
def parse_networks(texts: tuple[str, ...]) -> tuple[Network, ...]:
    """Networks or single addresses as an admin wrote them; one that is neither is left out and logged."""
    return tuple(network for text in texts if (network := _parse_network(text)))


def _parse_network(text: str) -> Network | None:
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        logger.warning("staff network is no network network=%r", text)
        return None
    mapped = normal_address(str(network.network_address))
    if network.version == 6 and network.prefixlen >= 96 and isinstance(mapped, ipaddress.IPv4Address):
        return ipaddress.ip_network(f"{mapped}/{network.prefixlen - 96}")
    return network
