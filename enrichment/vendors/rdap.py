"""The registries' own databases, asked by RDAP (RFC 9082): off until an admin has confirmed their terms.

Each registry is left alone by itself when it asks for that; the others are asked on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urljoin, urlsplit

from enrichment.providers.address import Address
from enrichment.vendors.base import (
    RATE_SECONDS,
    TROUBLE_SECONDS,
    Answer,
    AuthError,
    Field,
    NotFound,
    Retry,
    Term,
)
from enrichment.vendors.rdap_answer import read_network
from enrichment.vendors.rdap_list import IANA, RdapListError, find_server
from tracker.db import utc_now
from tracker.outbound import AddressRefused, OutboundError, Reply, check_url, get, read_retry_after
from tracker.settings import Settings

LONGEST_PAUSE = timedelta(hours=1)
MOST_REDIRECTS = 2
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# One of them says: not this address. All others are trouble, or a wish to be left alone.
_NOT_FOUND = frozenset({400, 404, 422})
CONFIRMED = ("confirmed_by", "confirmed_at")

TERMS = (
    Term(
        "RIPE NCC (Europe, Middle East)",
        "Article 4.4 of the RIPE Database terms: nobody may use the database for advertising, direct "
        "marketing, marketing research or anything like it.",
        "https://www.ripe.net/publications/news/incorrect-use-of-the-ripe-database/",
    ),
    Term(
        "ARIN (North America)",
        "The terms of use: not as part of a commercial service or product, which includes winning and "
        "serving customers, and not for direct marketing.",
        "https://www.arin.net/resources/registry/whois/tou/",
    ),
    Term(
        "APNIC, LACNIC, AFRINIC",
        "Policies of their own on acceptable use, and limits on how much may be asked; who asks too much is "
        "shut out.",
        "https://www.nro.net/",
    ),
)


@dataclass
class Pauses:
    """How long each registry's server is left alone; kept in the memory of the process that asks."""

    until: dict[str, datetime] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)

    def seconds_left(self, host: str, now: datetime) -> float:
        until = self.until.get(host)
        return max(0.0, (until - now).total_seconds()) if until else 0.0

    def note_trouble(self, host: str, after: float, now: datetime) -> float:
        """At least the seconds it asks for, and longer after each failure in a row; the pause in seconds."""
        count = self.failures[host] = self.failures.get(host, 0) + 1
        grown = timedelta(seconds=after * (1 << min(count - 1, 10)))
        pause = max(timedelta(seconds=after), min(grown, LONGEST_PAUSE))
        self.until[host] = now + pause
        return pause.total_seconds()

    def note_answer(self, host: str) -> None:
        self.until.pop(host, None)
        self.failures.pop(host, None)


PAUSES = Pauses()


class Rdap:
    """All registries together; IANA's list says which one is asked about an address."""

    kind = "rdap"
    label = "Registries (RDAP)"
    fields = (Field("url", "Address of the list of registries", f"Empty for {IANA}"),)
    knows_ipv6 = True
    terms = TERMS

    def __init__(self, values: Mapping[str, Any], settings: Settings) -> None:
        self.values = values
        self.settings = settings

    @classmethod
    def check(cls, values: Mapping[str, Any], settings: Settings) -> list[tuple[str, str]]:
        """What is wrong with the fields: pairs of the field's name and what would be right."""
        try:
            check_url(str(values.get("url") or IANA), settings)
        except AddressRefused as error:
            return [("url", str(error))]
        return []

    def lookup(self, address: Address) -> Answer:
        """One question to one registry at most, and its redirects; never raises for what a far end does."""
        if not all(self.values.get(name) for name in CONFIRMED):
            return AuthError("nobody has confirmed the registries' terms")
        now = utc_now()
        try:
            place = str(self.values.get("url") or "").rstrip("/")
            server = find_server(address, self.settings, place, now)
        except RdapListError as error:
            return Retry(TROUBLE_SECONDS, str(error))
        if not server:
            return NotFound()
        return self._ask(f"{server}ip/{address}", address, now)

    def _ask(self, url: str, address: Address, now: datetime) -> Answer:
        host = urlsplit(url).netloc
        if wait := PAUSES.seconds_left(host, now):
            return Retry(wait, f"{host} is left alone for now; nothing was sent", queued=True)
        try:
            reply = self._get(url)
        except OutboundError as error:
            return _trouble(host, str(error), TROUBLE_SECONDS, now)
        return _understand(reply, host, address, now)

    def _get(self, url: str) -> Reply:
        """The answer, also where the network has moved to another registry."""
        for _ in range(MOST_REDIRECTS + 1):
            reply = get(url, self.settings, headers={"Accept": "application/rdap+json, application/json"})
            if reply.status not in _REDIRECTS or not reply.headers.get("location"):
                return reply
            url = urljoin(url, reply.headers["location"])
        return reply


def _understand(reply: Reply, host: str, address: Address, now: datetime) -> Answer:
    if reply.status == 429:
        said = reply.headers.get("retry-after")
        wait = read_retry_after(said) if said else RATE_SECONDS
        return _trouble(host, f"{host} wants to be asked less", wait, now)
    if reply.status in _NOT_FOUND:
        PAUSES.note_answer(host)
        return NotFound()
    if reply.status != 200:
        return _trouble(host, f"{host} answered {reply.status}", TROUBLE_SECONDS, now)
    try:
        data = json.loads(reply.text)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        return _trouble(host, f"{host} answered in a way that cannot be read", TROUBLE_SECONDS, now)
    PAUSES.note_answer(host)
    return read_network(data, address)


def _trouble(host: str, reason: str, after: float, now: datetime) -> Retry:
    """The address waits, and so do the others of that registry; other registries are asked on."""
    return Retry(PAUSES.note_trouble(host, after, now), reason, queued=True)
