"""GeoIP2 Connection-Type: mobile and satellite lines are nobody's office; "Corporate" is only a hint."""

from __future__ import annotations

from typing import Self

from enrichment.kinds import Kind
from enrichment.providers.address import Address
from enrichment.providers.base import Evidence, Sources
from enrichment.providers.geoip_files import GeoipFile

PROVIDER_TYPES = frozenset({"Cellular", "Satellite", "Dialup"})
WEIGHT = 0.9
HINT_WEIGHT = 0.3


class GeoipConnection:
    """MaxMind's type of line."""

    def __init__(self, file: GeoipFile) -> None:
        self.file = file

    @classmethod
    def open(cls, sources: Sources) -> Self | None:
        file = sources.newest_geoip("GeoIP2-Connection-Type")
        return cls(file) if file else None

    def lookup(self, address: Address) -> Evidence | None:
        answer = self.file.ask("connection_type", address)
        if answer is None or not answer.connection_type:
            return None
        is_provider = answer.connection_type in PROVIDER_TYPES
        return Evidence(
            source="GeoIP2 Connection-Type",
            basis="maxmind-connection",
            kind=Kind.ISP if is_provider else Kind.UNKNOWN,
            weight=WEIGHT if is_provider else HINT_WEIGHT,
            why=f"the line is {answer.connection_type}",
            data_date=self.file.data_date,
            network=str(answer.network or ""),
        )
