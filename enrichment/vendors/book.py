"""What vendors have said so far: kept by network, found again by address, turned into evidence."""

from __future__ import annotations

import ipaddress
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from enrichment.combine import find_decisive
from enrichment.company_names import name_key
from enrichment.domain_names import registered_domain
from enrichment.kinds import NEVER_NAMED, ORGANISATIONS, Kind
from enrichment.models import VendorAccount, VendorAnswer
from enrichment.providers.address import Address, own_network, parse_address
from enrichment.providers.base import Evidence
from enrichment.vendors import REGISTRIES, VENDORS, vendor_class
from enrichment.vendors.base import Found
from tracker.models import Site

KEEP_FOUND = timedelta(days=30)
KEEP_NOT_FOUND = timedelta(days=7)
# How long a visit waits for a vendor that cannot be asked.
GIVE_UP_AFTER = timedelta(days=7)
WIDEST_PREFIX = {4: 12, 6: 24}
_CHUNK = 500

FOUND, NOT_FOUND, QUEUED = "found", "not_found", "queued"


@dataclass(frozen=True, slots=True)
class Said:
    """One vendor's answer on an address; `found` is None when it knew nothing or has not answered yet."""

    vendor: str
    outcome: str
    found: Found | None
    network: str
    asked_at: datetime
    expires_at: datetime

    @property
    def names_company(self) -> bool:
        return self.found is not None and self.found.is_company


class VendorBook:
    """The answers that are still fresh, for the addresses it was opened for, and who may be asked where."""

    def __init__(self, said: Mapping[str, Sequence[Said]], asked_for: Mapping[int, frozenset[str]]) -> None:
        self._said = said
        self._asked_for = asked_for

    def said(self, address: str) -> Sequence[Said]:
        return self._said.get(address, ())

    def evidence(self, address: str) -> tuple[Evidence, ...]:
        """What the vendors found, in the order of the table of vendors."""
        order = [kind for kind in VENDORS if kind not in REGISTRIES]
        found = [one for one in self.said(address) if one.found is not None and one.vendor in order]
        return tuple(_evidence(one) for one in sorted(found, key=lambda one: order.index(one.vendor)))

    def registries(self, address: str) -> tuple[Evidence, ...]:
        """What the registries said."""
        return tuple(
            _evidence(one) for one in self.said(address) if one.found is not None and one.vendor in REGISTRIES
        )

    def profiles(self, address: str, domain: str | None, name: str) -> Iterator[Said]:
        """Answers that are about this very company, for its profile."""
        for one in self.said(address):
            if one.found is not None and one.found.is_company:
                same = registered_domain(one.found.domain) == domain if domain and one.found.domain else False
                if same or name_key(one.found.organisation) == name_key(name):
                    yield one

    def waits(self, address: str, site_id: int) -> bool:
        """Whether a vendor that may have this site's addresses still owes an answer on this one."""
        return bool(self.owing(address, site_id))

    def owing(self, address: str, site_id: int, *, queued: bool = True) -> list[str]:
        """Vendors that may be asked and have not answered, in the order of the table of vendors.

        Those that queued the address owe an answer too, but asking them now is no use (`queued=False`).
        """
        said, parsed = self.said(address), parse(address)
        if parsed is None or any(one.names_company for one in said if one.vendor not in REGISTRIES):
            return []
        answered = {one.vendor for one in said if one.outcome != QUEUED or not queued}
        owing = self._asked_for.get(site_id, frozenset()) - answered
        return [
            kind
            for kind in VENDORS
            if kind in owing and (parsed.version == 4 or vendor_class(kind).knows_ipv6)
        ]


def open_book(session: Session, addresses: Iterable[str], now: datetime) -> VendorBook:
    """The book for these addresses; two small questions where no vendor was ever asked."""
    wanted = {text: address for text in set(addresses) if (address := parse(text)) is not None}
    return VendorBook(find_said(session, wanted, now), _vendors_by_site(session))


def find_said(
    session: Session, addresses: Mapping[str, Address], now: datetime
) -> Mapping[str, Sequence[Said]]:
    """Fresh answers by the address as it was written."""
    prefixes = set(session.scalars(select(VendorAnswer.prefix).distinct()))
    by_network: dict[str, list[str]] = defaultdict(list)
    for text, address in addresses.items():
        for prefix in prefixes:
            if (prefix < 0) == (address.version == 4):
                by_network[network_of(address, abs(prefix))].append(text)
    said: dict[str, list[Said]] = defaultdict(list)
    networks = list(by_network)
    for start in range(0, len(networks), _CHUNK):
        rows = select(VendorAnswer).where(
            VendorAnswer.network.in_(networks[start : start + _CHUNK]), VendorAnswer.expires_at > now
        )
        for row in session.scalars(rows):
            for text in by_network[row.network]:
                said[text].append(_read(row))
    return said


def network_of(address: Address, prefix: int) -> str:
    return str(ipaddress.ip_network((address, prefix), strict=False))


def answer_network(found: Found | None, address: Address) -> str:
    """The network an answer holds for: the vendor's own word, if it is a sane one around the address.

    Else the line's own, because a neighbour in the same range of a provider may be anybody.
    """
    try:
        network = ipaddress.ip_network(found.network if found else "", strict=False)
    except ValueError:
        return own_network(address)
    if address not in network or network.prefixlen < WIDEST_PREFIX[address.version]:
        return own_network(address)
    return str(network)


def prefix_of(network: str) -> int:
    """The length as VendorAnswer keeps it: below 0 for IPv4."""
    parsed = ipaddress.ip_network(network)
    return -parsed.prefixlen if parsed.version == 4 else parsed.prefixlen


def with_vendors(
    evidence: Sequence[Evidence], vendors: Sequence[Evidence], weak: Sequence[Evidence] = ()
) -> tuple[Evidence, ...]:
    """Vendors know customers inside a provider's network, so they speak before data on whole networks.

    They never speak before an admin's word, and never where nobody must be named. `weak` sources name
    somebody only where no data does, and else support or contradict it.
    """
    if any(row.kind in NEVER_NAMED for row in evidence):
        return (*evidence, *vendors, *weak)
    first = [row for row in evidence if row.basis in ("admin", "first party")]
    rest = [row for row in evidence if row.basis not in ("admin", "first party")]
    decisive = find_decisive(rest)
    if decisive is not None and decisive.kind in ORGANISATIONS:
        return (*first, *vendors, *rest, *weak)
    return (*first, *vendors, *weak, *rest)


def parse(text: str) -> Address | None:
    try:
        return parse_address(text)
    except ValueError:
        return None


def _vendors_by_site(session: Session) -> dict[int, frozenset[str]]:
    from_key = select(VendorAccount.kind, VendorAccount.sites).where(VendorAccount.enabled)
    accounts = [(kind, frozenset(sites)) for kind, sites in session.execute(from_key) if kind in VENDORS]
    if not accounts:
        return {}
    return {
        site_id: frozenset(kind for kind, sites in accounts if key in sites)
        for site_id, key in session.execute(select(Site.id, Site.key))
    }


def _read(row: VendorAnswer) -> Said:
    found = msgspec.convert(row.found, Found) if row.outcome == FOUND else None
    return Said(row.vendor, row.outcome, found, row.network, row.asked_at, row.expires_at)


def _evidence(said: Said) -> Evidence:
    found = said.found or Found(Kind.UNKNOWN)
    label = vendor_class(said.vendor).label
    return Evidence(
        source=label,
        basis=f"vendor {said.vendor}",
        kind=found.kind,
        weight=found.confidence,
        why=f"{label} was asked and says so" if found.is_company else f"{label} calls it: {found.kind}",
        data_date=said.asked_at.date().isoformat(),
        network=said.network,
        raw_name=found.organisation,
        organisation=found.organisation if found.is_company else "",
        domains=(found.domain,) if found.domain and found.is_company else (),
        country=found.country,
    )
