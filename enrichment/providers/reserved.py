"""Addresses that belong to nobody on the internet: private, loopback, documentation, multicast."""

from __future__ import annotations

from typing import Self

from enrichment.kinds import Kind
from enrichment.providers.address import Address
from enrichment.providers.base import Evidence, Sources


class Reserved:
    """The registries of special-purpose addresses, as Python's `ipaddress` knows them."""

    @classmethod
    def open(cls, sources: Sources) -> Self:
        return cls()

    def lookup(self, address: Address) -> Evidence | None:
        if address.is_global and not address.is_multicast:
            return None
        return Evidence(
            source="reserved addresses",
            basis="iana",
            kind=Kind.RESERVED,
            weight=1.0,
            why="not an address of the public internet",
        )
