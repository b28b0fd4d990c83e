"""Addresses that belong to nobody on the internet: private, loopback, documentation, multicast."""

from __future__ import annotations

from functools import lru_cache
from typing import Self

from enrichment.kinds import Kind
from enrichment.providers.address import Address
from enrichment.providers.base import Evidence, Sources

_RESERVED = Evidence(
    source="reserved addresses",
    basis="iana",
    kind=Kind.RESERVED,
    weight=1.0,
    why="not an address of the public internet",
)


# `ipaddress` goes through its list of networks each time.
@lru_cache(maxsize=20_000)
def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast


class Reserved:
    """The registries of special-purpose addresses, as Python's `ipaddress` knows them."""

    @classmethod
    def open(cls, sources: Sources) -> Self:
        return cls()

    def lookup(self, address: Address) -> Evidence | None:
        return None if _is_public(address) else _RESERVED
