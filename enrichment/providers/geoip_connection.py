"""GeoIP2 Connection-Type: mobile and satellite lines are nobody's office; "Corporate" is only a hint."""

from __future__ import annotations

from typing import Any

from enrichment.kinds import Kind
from enrichment.providers.base import Evidence
from enrichment.providers.geoip_files import GeoipFile
from enrichment.providers.geoip_provider import GeoipProvider

PROVIDER_TYPES = frozenset({"Cellular", "Satellite", "Dialup"})
WEIGHT = 0.9
HINT_WEIGHT = 0.3


class GeoipConnection(GeoipProvider):
    """MaxMind's type of line."""

    METHODS = {"GeoIP2-Connection-Type": "connection_type"}

    def read(self, file: GeoipFile, answer: Any) -> Evidence | None:
        if not answer.connection_type:
            return None
        is_provider = answer.connection_type in PROVIDER_TYPES
        return Evidence(
            source="GeoIP2 Connection-Type",
            basis="maxmind-connection",
            kind=Kind.ISP if is_provider else Kind.UNKNOWN,
            weight=WEIGHT if is_provider else HINT_WEIGHT,
            why=f"the line is {answer.connection_type}",
            data_date=file.data_date,
            network=str(answer.network or ""),
        )
