"""GeoLite2-ASN or GeoIP2 ASN (and files compatible with it): the announcing AS, fresher than ours."""

from __future__ import annotations

from typing import Any

from enrichment.classify import classify_name
from enrichment.kinds import ORGANISATIONS
from enrichment.providers.base import Evidence
from enrichment.providers.geoip_files import GeoipFile
from enrichment.providers.geoip_provider import GeoipProvider


class GeoipAsn(GeoipProvider):
    """MaxMind's table of AS numbers; knows no more than the embedded one but the latest changes."""

    METHODS = {"GeoLite2-ASN": "asn", "GeoIP2-ASN": "asn", "DBIP-ASN-Lite": "asn"}

    def read(self, file: GeoipFile, answer: Any) -> Evidence | None:
        name = answer.autonomous_system_organization
        if not name:
            return None
        judgement = classify_name(name)
        return Evidence(
            source=file.edition.partition(" ")[0],
            # It names the AS holder, as the embedded table does: no second opinion on the company.
            basis="routes",
            kind=judgement.kind,
            weight=judgement.weight,
            why=f"AS{answer.autonomous_system_number} announces the network; {judgement.why}",
            data_date=file.data_date,
            network=str(answer.network or ""),
            raw_name=name,
            organisation=name if judgement.kind in ORGANISATIONS else "",
            domains=judgement.domains,
            asn=answer.autonomous_system_number or 0,
        )
