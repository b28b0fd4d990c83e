"""The names that addresses have in the DNS, and what they say of who has the address.

Every name here was confirmed: it leads back to the same address, so the owner of the domain agrees.
Names of providers' lines (`dsl-1-2-3-4.example`) say nothing, and neither do domains on many networks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enrichment.classify import classify_name, find_known
from enrichment.domain_names import is_free_mail, registered_domain
from enrichment.kinds import ORGANISATIONS, Kind
from enrichment.models import HostName
from enrichment.providers.address import parse_address
from enrichment.providers.base import Evidence

WEIGHT = 0.6
# A domain on more addresses than this is a provider's, or an office we know otherwise by now.
MOST_ADDRESSES = 20
_LINE = re.compile(
    r"(^|[^a-z])(x?dsl|dyn|dynamic|dialup|dial|pool|static|cust|customer|dhcp|ppp|pppoe|cable|ftth|fttx|fiber|"
    r"broadband|bb|mobile|cgn|nat|vpn|tor|exit|relay|vps|server|host|hosted|cloud|ip|client|clients|lo|rev)"
    r"([^a-z]|$)"
)


@dataclass(frozen=True, slots=True)
class Names:
    """By address: its confirmed name. `asked` are the addresses that need not be asked about now."""

    names: Mapping[str, str] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    crowded: frozenset[str] = frozenset()

    def evidence(self, address: str) -> tuple[Evidence, ...]:
        row = read_name(address, self.names.get(address, ""), self.crowded)
        return (row,) if row else ()


def open_names(session: Session, addresses: Iterable[str]) -> Names:
    """What is known of the names of these addresses."""
    wanted = sorted({address for address in addresses if address})
    rows = session.execute(select(HostName.address, HostName.name).where(HostName.address.in_(wanted))).all()
    names = {address: name for address, name in rows if name}
    domains = {registered_domain(name) or "" for name in names.values()}
    return Names(
        names, frozenset(row[0] for row in rows), _crowded(session, domains) if domains else frozenset()
    )


def _crowded(session: Session, domains: Iterable[str]) -> frozenset[str]:
    found = session.scalars(
        select(HostName.domain)
        .where(HostName.domain.in_(sorted(domains)))
        .group_by(HostName.domain)
        .having(func.count() > MOST_ADDRESSES)
    )
    return frozenset(found)


def note_waiting(session: Session, names: Names, addresses: Iterable[str], now: datetime) -> None:
    """Puts addresses that were never asked about in the queue of the job that asks."""
    for address in sorted({address for address in addresses if is_askable(address)} - names.asked):
        session.add(HostName(address=address, next_try_at=now))


def is_askable(address: str) -> bool:
    """Whether the address has a name in the public DNS at all."""
    try:
        return parse_address(address).is_global
    except ValueError:
        return False


def read_name(address: str, name: str, crowded: frozenset[str] = frozenset()) -> Evidence | None:
    """What a confirmed name says; None when it is a line's name or a provider's."""
    domain = registered_domain(name) if name else None
    if not domain or domain in crowded or is_free_mail(domain) or is_line(address, name, domain):
        return None
    if is_provider(domain):
        return None
    return Evidence(
        source="reverse DNS",
        basis="dns",
        kind=Kind.COMPANY,
        weight=WEIGHT,
        why=f"the address is called {name}, and that name leads back to it",
        network=address,
        raw_name=name,
        organisation=domain,
        domains=(domain,),
    )


def is_line(address: str, name: str, domain: str) -> bool:
    """Whether the name was made for a line: it holds the address's digits or a word of the trade."""
    host = name.lower().removesuffix(domain).rstrip(".")
    if _LINE.search(host) or _LINE.search(f"{host}."):
        return True
    digits = "".join(sign for sign in host if sign.isdigit())
    octets = [part.lstrip("0") for part in re.split(r"[.:]", address) if part.lstrip("0")]
    return len(digits) >= 4 and sum(octet in host for octet in octets) >= 2


def is_provider(domain: str) -> bool:
    """Whether the domain's own label reads as a provider's name."""
    label = domain.partition(".")[0].replace("-", " ")
    known = find_known(label)
    if known is not None:
        return known.kind not in ORGANISATIONS
    judged = classify_name(label)
    return judged.kind not in ORGANISATIONS and judged.kind is not Kind.UNKNOWN
