"""Albacross Reveal: one company of an IPv4 address (https://docs.albacross.com)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from enrichment.kinds import Kind
from enrichment.vendors.bands import exactly, read_band
from enrichment.vendors.base import SURE, Answer, HttpVendor, dig, make_found, text_at


class Albacross(HttpVendor):
    kind = "albacross"
    label = "Albacross"
    url = "https://reveal.api.albacross.com/company/{ip}"
    key_help = "An API key; Albacross gives it out on request."
    knows_ipv6 = False

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Api-Key {self.key}"}

    def read(self, data: Mapping[str, Any]) -> Answer:
        country = text_at(data, "country", most=2) or text_at(data, "address", "country_code", most=2)
        return make_found(
            Kind.COMPANY,
            text_at(data, "name"),
            text_at(data, "url"),
            SURE,
            country=country,
            profile=_profile(data),
        )


def _profile(data: Mapping[str, Any]) -> dict[str, Any]:
    employees = dig(data, "employees")
    staff = read_band(dig(employees, "from"), dig(employees, "to")) or read_band(text_at(employees, "range"))
    code, label = text_at(data, "nace_code", "code", most=10), text_at(data, "nace_code", "category")
    said = {
        "employees": staff,
        "revenue": _revenue(dig(data, "financial_report")),
        "nace": [code, label] if code else None,
        "city": text_at(data, "address", "city", most=100),
        "linkedin": text_at(data, "linkedin_url"),
        "registration_number": text_at(data, "number", most=40),
    }
    return {name: value for name, value in said.items() if value}


def _revenue(report: Any) -> list[Any] | None:
    band = exactly(dig(report, "revenue") or dig(report, "turnover"))
    year = dig(report, "year")
    currency = text_at(report, "currency", most=3)
    return [*band, currency, year if isinstance(year, int) else None] if band else None
