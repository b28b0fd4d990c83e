"""Tables of routes: our own, and the public one it is built from, which knows less of the holders.

The public table (`origin-asn.mmdb` of the ip-location-db project) has a number and a raw name for each
network. What else there is to say of a number comes from our own table, as far as it knows it.
"""

from __future__ import annotations

import ipaddress
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import maxminddb
from maxminddb.decoder import Decoder

from enrichment.providers.address import Address
from enrichment.providers.swaps import Content, Facts, check_content, find_doubt

OWN_EDITION = "Doorbell-ASN"
PUBLIC_EDITION = "asn ipvAll"
_METADATA = b"\xab\xcd\xefMaxMind.com"
# Between the tree and the records of every such file.
_SEPARATOR = 16
# What the public table writes where a registry gave no name.
_NO_NAME = "IDDQD"
# Networks over all of IPv4; from one week to the next few of them change hands.
SAMPLES = 400
LEAST_ALIKE = 0.8


@dataclass(frozen=True, slots=True)
class Route:
    """The network an address lies in and the AS that announces it; `size` is log2 of its IPv4 addresses."""

    network: str
    asn: int
    name: str
    handle: str
    country: str
    size: int


class Table(Protocol):
    """An open table of routes."""

    facts: Facts

    def read(self, address: Address) -> Route | None: ...


class OwnTable:
    """A table in one file, in memory and not mapped: a file cut short under a mapping kills the process."""

    def __init__(self, path: Path) -> None:
        content = Content(path.read_bytes(), path)
        self.facts = check_content(content)
        content.seek(0)
        self.reader = maxminddb.open_database(content, maxminddb.MODE_FD)
        self._content = content

    def read(self, address: Address) -> Route | None:
        record, prefix = self.reader.get_with_prefix_len(address)
        return make_route(_network(address, prefix), record) if isinstance(record, dict) else None

    def records(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each holder's record with its place in the file; a second's work."""
        data = self._content.getvalue()
        start, end = self.reader.metadata().search_tree_size + _SEPARATOR, data.rfind(_METADATA)
        decoder, at = Decoder(data, start), start
        while at < end:
            record, after = decoder.decode(at)
            if isinstance(record, dict):
                yield at, record
            at = after

    def record_at(self, place: int) -> dict[str, Any]:
        data = self._content.getvalue()
        start = self.reader.metadata().search_tree_size + _SEPARATOR
        record: Any = Decoder(data, start).decode(place)[0]
        return dict(record)


class PublicTable:
    """The public table, with our own for what it does not know: home country, size and a clean name."""

    def __init__(self, table: OwnTable, own: OwnTable) -> None:
        self.facts = table.facts
        self._table = table
        self._own = own
        places = sorted((record.get("autonomous_system_number", 0), at) for at, record in own.records())
        self._numbers = array("I", (number for number, _ in places))
        self._places = array("I", (at for _, at in places))

    def read(self, address: Address) -> Route | None:
        found = self._table.read(address)
        if found is None:
            return None
        before = self._own.read(address)
        if before is not None and before.asn == found.asn:
            return replace(before, network=found.network)
        return self._known(found) or _unknown(found, before)

    def _known(self, found: Route) -> Route | None:
        """The holder as our own table knows it from other networks."""
        at = bisect_left(self._numbers, found.asn)
        if at == len(self._numbers) or self._numbers[at] != found.asn:
            return None
        return make_route(found.network, self._own.record_at(self._places[at]))


def _unknown(found: Route, before: Route | None) -> Route:
    """A holder our own table has never heard of, at home where the network was so far."""
    name = found.name.removesuffix(f" - {_NO_NAME}")
    return replace(found, name="" if name == _NO_NAME else name, country=before.country if before else "")


def make_route(network: str, record: dict[str, Any]) -> Route:
    return Route(
        network=network,
        asn=record["autonomous_system_number"],
        name=record.get("autonomous_system_organization", ""),
        handle=record.get("handle", ""),
        country=record.get("country", ""),
        size=record.get("size", 0),
    )


def _network(address: Address, prefix: int) -> str:
    return str(ipaddress.ip_network((address, prefix), strict=False))


def find_route_doubt(old: Table, new: Table) -> str:
    """Why a new table should not take the place of the old one; empty when nothing speaks against it."""
    editions = (OWN_EDITION, PUBLIC_EDITION)
    if new.facts.edition not in editions:
        return f"it is {new.facts.edition}, and no table of routes"
    if doubt := find_doubt(replace(old.facts, edition=new.facts.edition), new.facts):
        return doubt
    alike = share_alike(old, new)
    return "" if alike >= LEAST_ALIKE else f"only {alike:.0%} of the networks have the holder they had"


def share_alike(old: Table, new: Table) -> float:
    """The share of sampled addresses with a holder that have the same one in both tables."""
    before = ((address, old.read(address)) for address in sample_addresses())
    held = [(address, route) for address, route in before if route is not None]
    same = sum((found := new.read(address)) is not None and found.asn == route.asn for address, route in held)
    return same / len(held) if held else 0.0


def sample_addresses() -> Iterator[ipaddress.IPv4Address]:
    first, last = int(ipaddress.IPv4Address("1.0.0.0")), int(ipaddress.IPv4Address("223.255.255.255"))
    step = (last - first) // SAMPLES
    return (ipaddress.IPv4Address(value) for value in range(first, last, step))
