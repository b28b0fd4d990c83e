"""AS numbers reviewed by hand: `data/overrides.csv`."""

from __future__ import annotations

import csv
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Self

from enrichment.classify import KNOWN_WEIGHT
from enrichment.kinds import NEVER_NAMED, ORGANISATIONS, Kind
from enrichment.providers.address import Address
from enrichment.providers.base import Evidence, Sources
from enrichment.providers.routing_table import Route, RoutingTable

COLUMNS = ("asn", "kind", "organisation", "domains", "country", "reviewed", "basis")
# What a review can stand on, and the words of the evidence for it.
BASES = {
    "known organisation": "a known organisation",
    "listed company": "a company listed on an exchange",
    "public body": "a public body",
    "school or research": "a school or a research body",
    "name and handle": "by its name and handle",
    "sister networks": "its other networks show it",
    "sells access": "it sells access to the internet",
    "sells hosting": "it sells hosting or runs others' servers",
    "hides its users": "its users hide behind it",
    "person": "a person's or a club's network",
    "cannot tell": "its name does not tell a business from a provider",
}


@dataclass(frozen=True, slots=True)
class Review:
    """What a person found out about the holder of an AS number; an empty name means the registered one.

    `country` is where the holder is at home (ISO 3166, two letters), `basis` a key of `BASES`.
    """

    asn: int
    kind: Kind
    organisation: str
    domains: tuple[str, ...]
    country: str
    reviewed: str
    basis: str


class ReviewBook:
    """The rows of a file of reviews, kept as its bytes: of many thousand only a few are ever asked for."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.starts = array("I", _line_starts(raw))
        self.numbers = array("I", (int(raw[start : raw.index(b",", start)]) for start in self.starts))

    def find(self, asn: int) -> Review | None:
        """The review of an AS number; the rows are sorted by it."""
        at = bisect_left(self.numbers, asn)
        if at == len(self.numbers) or self.numbers[at] != asn:
            return None
        start = self.starts[at]
        return read_review(self.raw[start : self.raw.index(b"\n", start)].decode())


def _line_starts(raw: bytes) -> Iterator[int]:
    """Where each line but the first begins; the last one ends with a line feed as well."""
    start = raw.find(b"\n") + 1
    while 0 < start < len(raw):
        yield start
        start = raw.find(b"\n", start) + 1


def read_review(line: str) -> Review:
    """One line of `overrides.csv`."""
    row = dict(zip(COLUMNS, next(csv.reader([line])), strict=True))
    return Review(
        asn=int(row["asn"]),
        kind=Kind(row["kind"]),
        organisation=row["organisation"],
        domains=tuple(row["domains"].split("|")) if row["domains"] else (),
        country=row["country"],
        reviewed=row["reviewed"],
        basis=row["basis"],
    )


@cache
def reviews() -> ReviewBook:
    """The reviews that ship with Doorbell."""
    return ReviewBook((files("enrichment") / "data" / "overrides.csv").read_bytes())


@lru_cache(maxsize=5_000)
def find_review(asn: int) -> Review | None:
    """The shipped review of an AS number; None when nobody has looked at it."""
    return reviews().find(asn)


class ReviewedNetworks:
    """The reviewed AS numbers whose kind is not one that must win over all other sources."""

    def __init__(self, routing: RoutingTable) -> None:
        self.routing = routing

    @classmethod
    def open(cls, sources: Sources) -> Self:
        return cls(sources.routing)

    def lookup(self, address: Address) -> Evidence | None:
        route = self.routing.find(address)
        review = find_review(route.asn) if route else None
        if route is None or review is None or not self.wants(review.kind):
            return None
        return _evidence(route, review)

    def wants(self, kind: Kind) -> bool:
        return kind not in NEVER_NAMED


class DeniedNetworks(ReviewedNetworks):
    """The reviewed AS numbers of hosters and VPNs; asked before any source that names organisations."""

    def wants(self, kind: Kind) -> bool:
        return kind in NEVER_NAMED


def _evidence(route: Route, review: Review) -> Evidence:
    name = review.organisation or route.name
    return Evidence(
        source="reviewed networks",
        basis="routes",
        kind=review.kind,
        weight=KNOWN_WEIGHT,
        why=_why(review),
        data_date=review.reviewed,
        network=route.network,
        raw_name=route.name,
        handle=route.handle,
        organisation=name if review.kind in ORGANISATIONS else "",
        domains=review.domains,
        country=review.country or route.country,
        asn=route.asn,
    )


def _why(review: Review) -> str:
    if review.kind in ORGANISATIONS:
        return f"the network is its own (AS{review.asn}), checked by hand: {BASES[review.basis]}"
    return f"AS{review.asn} was checked by hand: {review.kind}, {BASES[review.basis]}"
