"""BigPicture, IP to company (https://bigpicture.io/docs/enrichment/ip).

A provider's address has no company in its answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from enrichment.vendors.bands import exactly, read_band
from enrichment.vendors.base import FUZZY, SURE, Answer, HttpVendor, dig, make_found, read_kind, text_at


class BigPicture(HttpVendor):
    kind = "bigpicture"
    label = "BigPicture"
    url = "https://company.bigpicture.io/v2/companies/ip?ip={ip}"
    key_help = "An API key."

    def headers(self) -> dict[str, str]:
        return {"Authorization": self.key}

    def read(self, data: Mapping[str, Any]) -> Answer:
        company = dig(data, "company")
        return make_found(
            read_kind(text_at(data, "type")),
            text_at(company, "name"),
            text_at(company, "domain"),
            FUZZY if dig(data, "fuzzy") is True else SURE,
            country=text_at(company, "geo", "countryCode", most=2),
            profile=_profile(company),
        )


def _profile(company: Any) -> dict[str, Any]:
    metrics = dig(company, "metrics")
    staff = exactly(dig(metrics, "employees")) or read_band(text_at(metrics, "employeesRange"))
    revenue = exactly(dig(metrics, "annualRevenue")) or read_band(text_at(metrics, "estimatedAnnualRevenue"))
    handle = text_at(company, "linkedin", "handle")
    said = {
        "employees": staff,
        "revenue": [*revenue, "USD", None] if revenue else None,
        "industry": text_at(company, "category", "industry"),
        "city": text_at(company, "geo", "city", most=100),
        "linkedin": f"https://www.linkedin.com/{handle}" if handle else "",
    }
    return {name: value for name, value in said.items() if value}
