"""Asks the DNS for the names of addresses, in a job of its own and never on the way of a page view.

PTR, then A or AAAA of what it says: only a name that leads back to the address is kept. Answers without
a name are kept too (the negative cache); a resolver that does not answer is left alone for a while.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import dns.asyncresolver
import dns.exception
import dns.resolver
import dns.reversename
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from enrichment.domain_names import registered_domain
from enrichment.models import HostName, Identification
from enrichment.providers.address import parse_address
from tracker.db import Database, work_lock
from tracker.models import Visit

logger = logging.getLogger(__name__)

BATCH = 50
# For one question, and for all questions about one address together.
QUESTION_SECONDS = 2.0
ADDRESS_SECONDS = 4.0
KEEP_NAME = timedelta(days=30)
KEEP_NOTHING = timedelta(days=7)
FIRST_RETRY = timedelta(minutes=5)
MOST_TRIES = 3
# Every question of a batch without an answer: the resolver is away, not the names.
SHORTEST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)
# Visits longer ago than this keep their answer.
FOLLOW = timedelta(days=2)


@dataclass
class Breaker:
    """How long the resolver is left alone after a batch in which nothing was answered."""

    until: datetime | None = None
    failures: int = 0

    def is_open(self, now: datetime) -> bool:
        return self.until is not None and now < self.until

    def note(self, now: datetime, *, answered: bool) -> None:
        self.failures = 0 if answered else self.failures + 1
        pause = (
            min(SHORTEST_PAUSE * 2 ** min(self.failures - 1, 10), LONGEST_PAUSE) if self.failures else None
        )
        self.until = now + pause if pause else None


@dataclass
class NameAsker:
    """The resolver and its breaker; `resolver` is system, off, or an address with or without a port."""

    resolver: str = "system"
    breaker: Breaker = field(default_factory=Breaker)

    def ask_waiting(self, database: Database, now: datetime) -> int:
        """Asks about up to a batch of addresses that are due; how many were asked about."""
        if self.resolver == "off" or self.breaker.is_open(now):
            return 0
        with database.read() as session:
            due = list(
                session.scalars(
                    select(HostName.address)
                    .where(HostName.next_try_at <= now)
                    .order_by(HostName.next_try_at)
                    .limit(BATCH)
                )
            )
        if not due:
            return 0
        answers = self._ask(due)
        self.breaker.note(now, answered=any(answer is not None for answer in answers))
        with database.write() as session:
            work_lock(session)
            _keep(session, dict(zip(due, answers, strict=True)), now)
        return len(due)

    def _ask(self, addresses: Sequence[str]) -> list[str | None]:
        try:
            resolver = make_resolver(self.resolver)
        except (dns.exception.DNSException, OSError, ValueError) as error:
            logger.warning("no resolver for reverse DNS: %s", error)
            return [None] * len(addresses)
        return asyncio.run(_find_names(resolver, addresses))


def make_resolver(text: str) -> dns.asyncresolver.Resolver:
    """The machine's own resolver for "system", else the one at an address such as 192.0.2.53:5353."""
    if text == "system":
        resolver = dns.asyncresolver.Resolver()
    else:
        host, _, port = text.rpartition(":") if text.count(":") == 1 else (text, "", "")
        resolver = dns.asyncresolver.Resolver(configure=False)
        resolver.nameservers = [host]
        resolver.port = int(port or 53)
    resolver.lifetime = resolver.timeout = QUESTION_SECONDS
    return resolver


async def _find_names(resolver: dns.asyncresolver.Resolver, addresses: Sequence[str]) -> list[str | None]:
    return list(await asyncio.gather(*(_find_in_time(resolver, address) for address in addresses)))


async def _find_in_time(resolver: dns.asyncresolver.Resolver, address: str) -> str | None:
    try:
        return await asyncio.wait_for(find_name(resolver, address), ADDRESS_SECONDS)
    except TimeoutError:
        return None


async def find_name(resolver: dns.asyncresolver.Resolver, address: str) -> str | None:
    """The confirmed name, empty when there is none; None when nobody answered."""
    wanted = parse_address(address)
    try:
        pointers = await resolver.resolve(dns.reversename.from_address(str(wanted)), "PTR")
        # Some addresses carry dozens of names; the first ones tell as much.
        names = [str(row.target).rstrip(".").lower() for row in list(pointers)[:3]]
        for name in names:
            if str(wanted) in await _addresses(resolver, name, "A" if wanted.version == 4 else "AAAA"):
                return name[:253]
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ""
    except (dns.exception.DNSException, OSError, ValueError):
        return None
    return ""


async def _addresses(resolver: dns.asyncresolver.Resolver, name: str, kind: str) -> set[str]:
    try:
        return {row.address for row in await resolver.resolve(name, kind)}
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return set()


def _keep(session: Session, answers: dict[str, str | None], now: datetime) -> None:
    rows = session.scalars(select(HostName).where(HostName.address.in_(list(answers)))).all()
    for row in rows:
        _keep_answer(row, answers[row.address], now)
    _identify_anew(session, [row.address for row in rows if row.name], now)


def _keep_answer(row: HostName, answer: str | None, now: datetime) -> None:
    if answer is None:
        row.tries += 1
        given_up = row.tries >= MOST_TRIES
        row.next_try_at = now + (KEEP_NOTHING if given_up else FIRST_RETRY * 2**row.tries)
        return
    row.name, row.asked_at, row.tries = answer, now, 0
    row.domain = (registered_domain(answer) or "")[:253] if answer else ""
    row.next_try_at = now + (KEEP_NAME if answer else KEEP_NOTHING)


def _identify_anew(session: Session, addresses: Sequence[str], now: datetime) -> None:
    """Visits of these addresses that nobody was found for wait for identification again."""
    nobody = select(Identification.visit_id).where(Identification.company_id.is_(None))
    session.execute(
        update(Visit)
        .where(Visit.address.in_(addresses), Visit.ended_at > now - FOLLOW, Visit.id.in_(nobody))
        .values(identified_at=None)
    )


def delete_old_names(database: Database, now: datetime) -> None:
    """Forgets the names of addresses that nobody came from for as long as a name is kept."""
    seen = select(Visit.address).where(Visit.ended_at > now - KEEP_NAME)
    with database.write() as session:
        session.execute(delete(HostName).where(HostName.next_try_at <= now, HostName.address.not_in(seen)))
