"""Dealfront (Leadfeeder), IP enrich (https://docs.leadfeeder.com/connectors/ip-enrich-api/).

Its contract hands out no new keys; a holder of one goes on using it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from enrichment.kinds import Kind
from enrichment.vendors.bands import exactly, read_band
from enrichment.vendors.base import FUZZY, SURE, Answer, HttpVendor, dig, make_found, text_at

# Their words, and what we make of them.
CONFIDENCE = {"very_high": 0.9, "high": 0.85, "medium": 0.6, "low": 0.4, "very_low": 0.2}


class Dealfront(HttpVendor):
    kind = "dealfront"
    label = "Dealfront"
    url = "https://api.lf-discover.com/companies?ip={ip}"
    key_help = "An API key of the IP Enrich API."

    def headers(self) -> dict[str, str]:
        return {"X-API-KEY": self.key}

    def read(self, data: Mapping[str, Any]) -> Answer:
        company = dig(data, "company")
        return make_found(
            Kind.COMPANY,
            text_at(company, "name"),
            text_at(company, "domain"),
            _weight(dig(data, "confidence_score")),
            country=text_at(company, "address", "country_code", most=2),
            profile=_profile(company),
        )


def _weight(score: Any) -> float:
    """A word, a share or a percentage; unknown counts as sure when there is none."""
    if isinstance(score, int | float) and not isinstance(score, bool):
        return float(score) if score <= 1 else float(score) / 100
    return CONFIDENCE.get(score, FUZZY) if isinstance(score, str) else SURE


def _profile(company: Any) -> dict[str, Any]:
    band = dig(company, "employees_range")
    staff = exactly(dig(company, "employee_count")) or read_band(dig(band, "min"), dig(band, "max"))
    said = {
        "employees": staff,
        "industry": text_at(company, "industry"),
        "city": text_at(company, "address", "city", most=100),
        "linkedin": text_at(company, "linkedin_url"),
    }
    return {name: value for name, value in said.items() if value}
