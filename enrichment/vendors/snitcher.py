"""Snitcher IP2Company (https://docs.snitcher.com/powered-by-snitcher/ip2company/quickstart)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from enrichment.vendors.bands import exactly, read_band
from enrichment.vendors.base import FUZZY, SURE, Answer, HttpVendor, dig, make_found, read_kind, text_at


class Snitcher(HttpVendor):
    kind = "snitcher"
    label = "Snitcher"
    url = "https://api.snitcher.com/company/find?ip={ip}"
    method = "POST"
    key_help = "The key of the IP 2 Company API."
    over_quota = frozenset({402, 403})
    refused = frozenset({401})

    def read(self, data: Mapping[str, Any]) -> Answer:
        company = dig(data, "company")
        domain = text_at(company, "domain") or text_at(data, "domain")
        weight = FUZZY if dig(data, "fuzzy") is True else SURE
        profile = _profile(company)
        return make_found(
            read_kind(text_at(data, "type")), text_at(company, "name"), domain, weight, profile=profile
        )


def _profile(company: Any) -> dict[str, Any]:
    # The documents name no currency of the revenue.
    revenue = exactly(dig(company, "annual_revenue"))
    said = {
        "employees": read_band(text_at(company, "employee_range")),
        "revenue": [*revenue, "", None] if revenue else None,
        "industry": text_at(company, "industry"),
    }
    return {name: value for name, value in said.items() if value}
