"""The holder of the announcing AS, judged by its name: the embedded default that needs no key."""

from __future__ import annotations

from functools import lru_cache
from typing import Self

from enrichment.classify import classify_name
from enrichment.kinds import ORGANISATIONS
from enrichment.providers.address import Address
from enrichment.providers.base import Evidence, Sources
from enrichment.providers.routing_table import Route, RoutingTable


class Routes:
    """The embedded table of routes with the names of the AS holders."""

    def __init__(self, routing: RoutingTable) -> None:
        self.routing = routing
        self._evidence = lru_cache(maxsize=20_000)(self._judge)

    @classmethod
    def open(cls, sources: Sources) -> Self:
        return cls(sources.routing)

    def lookup(self, address: Address) -> Evidence | None:
        route = self.routing.find(address)
        return self._evidence(route, self.routing.data_date) if route else None

    def refresh(self) -> bool:
        return self.routing.refresh()

    def _judge(self, route: Route, data_date: str) -> Evidence:
        judgement = classify_name(route.name, route.handle, route.country, route.size)
        return Evidence(
            source="routing table",
            basis="routes",
            kind=judgement.kind,
            weight=judgement.weight,
            why=f"AS{route.asn} announces the network; {judgement.why}",
            data_date=data_date,
            network=route.network,
            raw_name=route.name,
            handle=route.handle,
            organisation=route.name if judgement.kind in ORGANISATIONS else "",
            domains=judgement.domains,
            country=route.country,
            asn=route.asn,
        )
