"""GeoIP2 or GeoLite2 City or Country: where the address is used; says nothing of whose it is."""

from __future__ import annotations

from typing import Any

from enrichment.kinds import Kind
from enrichment.providers.base import Evidence
from enrichment.providers.geoip_files import GeoipFile
from enrichment.providers.geoip_provider import GeoipProvider


class GeoipCountry(GeoipProvider):
    """The country of an address, better than the home country of the network's holder."""

    METHODS = {
        "GeoIP2-City": "city",
        "GeoIP2-Country": "country",
        "GeoLite2-City": "city",
        "GeoLite2-Country": "country",
    }

    def read(self, file: GeoipFile, answer: Any) -> Evidence | None:
        if not answer.country.iso_code:
            return None
        return Evidence(
            source=file.edition,
            basis="maxmind-place",
            kind=Kind.UNKNOWN,
            weight=0.0,
            why=f"used in {answer.country.iso_code}",
            data_date=file.data_date,
            network=str(answer.traits.network or ""),
            country=answer.country.iso_code,
        )
