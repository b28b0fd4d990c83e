"""People Data Labs, IP enrichment (https://docs.peopledatalabs.com/docs/ip-enrichment-api)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from enrichment.kinds import Kind
from enrichment.vendors.bands import exactly, read_band
from enrichment.vendors.base import Answer, HttpVendor, NotFound, dig, make_found, text_at

# Their words, and what we make of them.
CONFIDENCE = {"very high": 0.9, "high": 0.85, "moderate": 0.6, "low": 0.4, "very low": 0.2}
_FLAGS = (("tor", Kind.TOR), ("vpn", Kind.VPN), ("proxy", Kind.VPN), ("hosting", Kind.HOSTING))


class PeopleDataLabs(HttpVendor):
    kind = "people_data_labs"
    label = "People Data Labs"
    url = "https://api.peopledatalabs.com/v5/ip/enrich?return_ip_metadata=true&ip={ip}"
    key_help = "An API key; each match is charged."

    def headers(self) -> dict[str, str]:
        return {"X-Api-Key": self.key}

    def read(self, data: Mapping[str, Any]) -> Answer:
        answer = dig(data, "data")
        metadata = dig(answer, "ip", "metadata")
        flagged = next((kind for flag, kind in _FLAGS if dig(metadata, flag) is True), None)
        if flagged is not None:
            return make_found(flagged, "", "", 0.0)
        company = dig(answer, "company")
        name = text_at(company, "display_name") or text_at(company, "name")
        weight = CONFIDENCE.get(text_at(company, "confidence"), 0.0)
        if not name or not weight:
            return NotFound()
        return make_found(Kind.COMPANY, name, text_at(company, "website"), weight, profile=_profile(company))


def _profile(company: Any) -> dict[str, Any]:
    said = {
        "employees": exactly(dig(company, "employee_count")) or read_band(text_at(company, "size")),
        "industry": text_at(company, "industry"),
        "city": text_at(company, "location", "locality", most=100).title(),
        "linkedin": text_at(company, "linkedin_url"),
    }
    return {name: value for name, value in said.items() if value}
