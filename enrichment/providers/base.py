"""What every provider is and gives: a source that turns an address into evidence of who has it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self, runtime_checkable

from enrichment.kinds import Kind
from enrichment.providers.address import Address
from enrichment.providers.geoip_files import GeoipFolder
from enrichment.providers.routing_table import RoutingTable


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one source says of an address, and how far it can be trusted (weight, 0 to 1).

    `basis` names the data under it: two sources on the same basis do not confirm each other.
    `doubt` (0 to 1) is for rows that say the address is shared by many, whoever they are.
    `raw_name` and `handle` are what the data calls the holder; `organisation` is whom the source would name.
    """

    source: str
    basis: str
    kind: Kind
    weight: float
    why: str
    data_date: str = ""
    network: str = ""
    raw_name: str = ""
    handle: str = ""
    organisation: str = ""
    domains: tuple[str, ...] = ()
    country: str = ""
    asn: int = 0
    doubt: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """The row as pages, the database and `doorbell identify --json` show it."""
        return {
            "source": self.source,
            "kind": str(self.kind),
            "weight": round(self.weight, 2),
            "why": self.why,
            "data_date": self.data_date,
            "network": self.network,
            "raw_name": self.raw_name,
            "handle": self.handle,
            "organisation": self.organisation,
            "domain": self.domains[0] if self.domains else None,
            "asn": self.asn or None,
        }


@dataclass(frozen=True, slots=True)
class Sources:
    """What providers are opened from: the embedded table, the admin's directory and GeoIP files."""

    routing: RoutingTable
    data_dir: Path | None
    geoip: GeoipFolder


class Provider(Protocol):
    """One source. A source without data here just never answers; `lookup` never raises."""

    @classmethod
    def open(cls, sources: Sources) -> Self: ...

    def lookup(self, address: Address) -> Evidence | None: ...


@runtime_checkable
class Refreshable(Protocol):
    """A source over files that may be swapped while it runs."""

    def refresh(self) -> bool:
        """Looks at the files now; whether they changed since it was last asked."""
        ...
