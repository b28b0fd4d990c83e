"""GeoIP2 or GeoLite2 City or Country: where the address is used; says nothing of whose it is."""

from __future__ import annotations

from typing import Self

from enrichment.kinds import Kind
from enrichment.providers.address import Address
from enrichment.providers.base import Evidence, Sources
from enrichment.providers.geoip_files import GeoipFile


class GeoipCountry:
    """The country of an address, better than the home country of the network's holder."""

    def __init__(self, file: GeoipFile) -> None:
        self.file = file
        self.method = "city" if "City" in file.edition else "country"

    @classmethod
    def open(cls, sources: Sources) -> Self | None:
        editions = ("GeoIP2-City", "GeoIP2-Country", "GeoLite2-City", "GeoLite2-Country")
        file = sources.newest_geoip(*editions)
        return cls(file) if file else None

    def lookup(self, address: Address) -> Evidence | None:
        answer = self.file.ask(self.method, address)
        if answer is None or not answer.country.iso_code:
            return None
        return Evidence(
            source=self.file.edition,
            basis="maxmind-place",
            kind=Kind.UNKNOWN,
            weight=0.0,
            why=f"used in {answer.country.iso_code}",
            data_date=self.file.data_date,
            network=str(answer.traits.network or ""),
            country=answer.country.iso_code,
        )
