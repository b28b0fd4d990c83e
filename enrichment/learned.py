"""What an address itself has taught us: whose proved contacts come from it, and whether it is a crowd's.

Two people of one e-mail domain who proved who they are from the same address make that address their
company's, until it fades; people of several domains, or a crowd, make every other answer less sure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import IPv6Address
from itertools import takewhile

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from enrichment.contacts import company_domain
from enrichment.kinds import ORGANISATIONS, Kind
from enrichment.models import Company, Contact, Proof, VisitorContact
from enrichment.providers.address import own_network, parse_address
from enrichment.providers.base import Evidence
from tracker.models import Visit

MEMORY = timedelta(days=90)
LEAST_CONTACTS = 2
WEIGHT = 0.7
# Visitors of one address within a day: more than nearly every office has on one website.
CROWD = 200
CROWD_WITHIN = timedelta(days=1)
DOMAINS_DOUBT = 0.4
CROWD_DOUBT = 0.2
# A phone's line has another owner an hour later. Names are the only sign where no GeoIP2 file tells.
_MOBILE = re.compile(r"mobil|wireless|cellular|\b(gsm|lte|umts|3g|4g|5g)\b|satel|starlink", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Proved:
    """A proved contact who was at an address."""

    contact_id: int
    domain: str
    at: datetime
    company: str = ""
    kind: str = Kind.COMPANY
    country: str = ""


@dataclass(frozen=True, slots=True)
class Learned:
    """By address: its proved contacts, and the visitors of its last day where they are a crowd."""

    proved: Mapping[str, Sequence[Proved]] = field(default_factory=dict)
    crowds: Mapping[str, int] = field(default_factory=dict)

    def evidence(self, address: str, others: Iterable[Evidence], now: datetime) -> tuple[Evidence, ...]:
        """The rows on one address; `others` tell whether its line may be learned at all."""
        rows = (
            learn(self.proved.get(address, ()), now) if is_fixed_line(others) else None,
            doubt_shared(self.proved.get(address, ()), self.crowds.get(address, 0)),
        )
        return tuple(row for row in rows if row)


def open_learned(session: Session, addresses: Iterable[str], now: datetime) -> Learned:
    """What is known of these addresses."""
    wanted = sorted({address for address in addresses if address})
    return Learned(_proved_on_lines(session, wanted, now), _crowds(session, wanted, now))


def _proved_on_lines(session: Session, addresses: Sequence[str], now: datetime) -> dict[str, list[Proved]]:
    """By address; an IPv6 host's own changes from day to day, so what was proved holds for its /64."""
    found = _proved(session, Visit.address.in_(addresses), now)
    lines = {text: line_of(text) for text in addresses if ":" in text}
    if not lines:
        return found
    by_line: dict[str, list[Proved]] = {}
    starts = {start_of(text) for text in lines}
    near = or_(*(Visit.address.startswith(start, autoescape=True) for start in starts))
    for text, proved in _proved(session, near, now).items():
        by_line.setdefault(line_of(text), []).extend(proved)
    return found | {text: by_line[line] for text, line in lines.items() if line in by_line}


def line_of(address: str) -> str:
    """The network of an address's own line; the text itself where it is no address."""
    try:
        return own_network(parse_address(address))
    except ValueError:
        return address


def start_of(address: str) -> str:
    """How the text of every IPv6 address on the same line begins, which a database can look for.

    Three groups of it, which 6to4 lines share too, or as many as come before the first zero: of zeros the
    text leaves some out (RFC 5952). What is no address begins like itself.
    """
    try:
        groups = [int(group, 16) for group in IPv6Address(address).exploded.split(":")[:3]]
    except ValueError:
        return address
    return "".join(f"{group:x}:" for group in takewhile(bool, groups))


def _proved(session: Session, where: ColumnElement[bool], now: datetime) -> dict[str, list[Proved]]:
    rows = session.execute(
        select(Visit.address, Contact.id, Contact.email, Visit.ended_at)
        .add_columns(Company.name, Company.kind, Company.country)
        .join(VisitorContact, VisitorContact.visitor_id == Visit.visitor_id)
        .join(Contact, Contact.id == VisitorContact.contact_id)
        .outerjoin(Company, Company.id == Contact.company_id)
        .where(where, Visit.ended_at > now - MEMORY)
        .where(VisitorContact.proof == Proof.PROVED)
    )
    found: dict[str, list[Proved]] = {}
    for address, contact_id, email, at, name, kind, country in rows:
        domain = company_domain(email)
        if domain:
            one = Proved(contact_id, domain, at, name or "", kind or Kind.COMPANY, country or "")
            found.setdefault(address, []).append(one)
    return found


def _crowds(session: Session, addresses: Sequence[str], now: datetime) -> dict[str, int]:
    visitors = func.count(Visit.visitor_id.distinct())
    rows = session.execute(
        select(Visit.address, visitors)
        .where(Visit.address.in_(addresses), Visit.ended_at > now - CROWD_WITHIN)
        .group_by(Visit.address)
        .having(visitors > CROWD)
    )
    return {row[0]: row[1] for row in rows}


def learn(proved: Sequence[Proved], now: datetime) -> Evidence | None:
    """Whose the address is, if two or more proved contacts are of one domain and none of another.

    The weight halves within 90 days from the latest of them.
    """
    domains = {one.domain for one in proved}
    people = {one.contact_id for one in proved}
    if len(domains) != 1 or len(people) < LEAST_CONTACTS:
        return None
    latest = max(proved, key=lambda one: one.at)
    age = max(timedelta(0), now - latest.at)
    return Evidence(
        source="learned address",
        basis="learned",
        kind=Kind(latest.kind) if latest.kind in set(ORGANISATIONS) else Kind.COMPANY,
        weight=round(WEIGHT * 0.5 ** (age / MEMORY), 3),
        why=f"{len(people)} people at {latest.domain} proved who they are from this address",
        data_date=latest.at.date().isoformat(),
        organisation=latest.company or latest.domain,
        domains=(latest.domain,),
        country=latest.country,
    )


def doubt_shared(proved: Sequence[Proved], visitors: int) -> Evidence | None:
    """A row that says the address is shared; None while nothing says so."""
    domains = len({one.domain for one in proved})
    reasons = []
    if domains > 1:
        reasons.append(f"people of {domains} e-mail domains proved who they are from it")
    if visitors > CROWD:
        reasons.append(f"{visitors} visitors came from it within a day")
    if not reasons:
        return None
    return Evidence(
        source="shared address",
        basis="shared",
        kind=Kind.UNKNOWN,
        weight=0.0,
        why=f"many share the address: {' and '.join(reasons)}",
        doubt=DOMAINS_DOUBT if domains > 1 else CROWD_DOUBT,
    )


def is_fixed_line(evidence: Iterable[Evidence]) -> bool:
    """False where the next one with the address may be anybody: mobile and satellite lines."""
    return not any(row.kind is Kind.ISP and _is_mobile(row) for row in evidence)


def _is_mobile(row: Evidence) -> bool:
    if row.basis == "maxmind-connection":
        return True
    return _MOBILE.search(f"{row.raw_name} {row.handle}") is not None
