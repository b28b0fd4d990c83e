"""GeoLite2-ASN or GeoIP2 ASN (and files compatible with it): the announcing AS, fresher than ours."""

from __future__ import annotations

from typing import Self

from enrichment.classify import classify_name
from enrichment.kinds import ORGANISATIONS
from enrichment.providers.address import Address
from enrichment.providers.base import Evidence, Sources
from enrichment.providers.geoip_files import GeoipFile


class GeoipAsn:
    """MaxMind's table of AS numbers; knows no more than the embedded one but the latest changes."""

    def __init__(self, file: GeoipFile) -> None:
        self.file = file

    @classmethod
    def open(cls, sources: Sources) -> Self | None:
        file = sources.newest_geoip("GeoLite2-ASN", "GeoIP2-ASN", "DBIP-ASN-Lite")
        return cls(file) if file else None

    def lookup(self, address: Address) -> Evidence | None:
        answer = self.file.ask("asn", address)
        name = answer.autonomous_system_organization if answer else None
        if answer is None or not name:
            return None
        judgement = classify_name(name)
        return Evidence(
            source=self.file.edition.partition(" ")[0],
            # It names the AS holder, as the embedded table does: no second opinion on the company.
            basis="routes",
            kind=judgement.kind,
            weight=judgement.weight,
            why=f"announced by AS{answer.autonomous_system_number}; {judgement.why}",
            data_date=self.file.data_date,
            network=str(answer.network or ""),
            raw_name=name,
            organisation=name if judgement.kind in ORGANISATIONS else "",
            domains=judgement.domains,
            asn=answer.autonomous_system_number or 0,
        )
