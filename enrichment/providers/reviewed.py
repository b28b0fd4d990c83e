"""AS numbers reviewed by hand: `data/overrides.csv`."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Self

from enrichment.classify import KNOWN_WEIGHT
from enrichment.kinds import NEVER_NAMED, ORGANISATIONS, Kind
from enrichment.providers.address import Address
from enrichment.providers.base import Evidence, Sources
from enrichment.providers.routing_table import Route, RoutingTable


@dataclass(frozen=True, slots=True)
class Review:
    """What a person found out about the holder of an AS number; an empty name means the registered one."""

    kind: Kind
    organisation: str
    domains: tuple[str, ...]
    reviewed: str


@cache
def reviews() -> dict[int, Review]:
    """`overrides.csv` by AS number."""
    with (files("enrichment") / "data" / "overrides.csv").open(encoding="utf-8") as file:
        return {
            int(row["asn"]): Review(
                kind=Kind(row["kind"]),
                organisation=row["organisation"],
                domains=tuple(row["domains"].split("|")) if row["domains"] else (),
                reviewed=row["reviewed"],
            )
            for row in csv.DictReader(file)
        }


class ReviewedNetworks:
    """The reviewed AS numbers whose kind is not one that must win over all other sources."""

    def __init__(self, routing: RoutingTable) -> None:
        self.routing = routing

    @classmethod
    def open(cls, sources: Sources) -> Self:
        return cls(sources.routing)

    def lookup(self, address: Address) -> Evidence | None:
        route = self.routing.find(address)
        review = reviews().get(route.asn) if route else None
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
        why=_why(route, review.kind),
        data_date=review.reviewed,
        network=route.network,
        raw_name=route.name,
        handle=route.handle,
        organisation=name if review.kind in ORGANISATIONS else "",
        domains=review.domains,
        country=route.country,
        asn=route.asn,
    )


def _why(route: Route, kind: Kind) -> str:
    if kind in ORGANISATIONS:
        return f"the network is its own (AS{route.asn}), checked by hand"
    return f"AS{route.asn} was checked by hand: {kind}"
