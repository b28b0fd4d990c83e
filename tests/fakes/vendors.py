"""What vendors of company data answer, as their public documents say, and the server that answers it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.fakes.server import Answer, FakeServer, Received, json_answer
from tests.fakes.twilio import basic

KEY = "the-secret-key-of-the-vendor"
ADDRESS = "2.248.35.152"


@dataclass(frozen=True)
class FarVendor:
    """How one vendor is asked and what it says of a company."""

    kind: str
    method: str
    path: str  # with the address in place of {ip}
    header: str
    login: str
    answer: dict[str, Any]
    provider: dict[str, Any] | None  # what it says of a provider's address; None: nothing with a 404


COMPANY = {"name": "Nordlund Industri AB", "domain": "nordlund.se"}
FAR_VENDORS = (
    FarVendor(
        "ipinfo_lite",
        "GET",
        "/lite/{ip}",
        "authorization",
        f"Bearer {KEY}",
        {
            "ip": ADDRESS,
            "asn": "AS64500",
            "as_name": "Nordlund Industri AB",
            "as_domain": "nordlund.se",
            "country_code": "SE",
            "country": "Sweden",
        },
        {"ip": ADDRESS, "asn": "AS3301", "as_name": "Telia Company AB", "as_domain": "telia.com"},
    ),
    FarVendor(
        "ipinfo_company",
        "GET",
        "/{ip}/company",
        "authorization",
        f"Bearer {KEY}",
        {**COMPANY, "type": "business"},
        {"name": "Telia Sverige", "domain": "telia.se", "type": "isp"},
    ),
    FarVendor(
        "maxmind",
        "GET",
        "/geoip/v2.1/insights/{ip}",
        "authorization",
        basic("4711", KEY),
        {
            "city": {"names": {"en": "Gothenburg"}},
            "country": {"iso_code": "SE"},
            "traits": {
                "ip_address": ADDRESS,
                "network": "2.248.35.152/29",
                "autonomous_system_number": 3301,
                "isp": "Telia",
                "organization": "Nordlund Industri AB",
                "user_type": "business",
                "domain": "nordlund.se",
            },
        },
        {"traits": {"network": "2.248.0.0/16", "isp": "Telia", "user_type": "residential"}},
    ),
    FarVendor(
        "albacross",
        "GET",
        "/company/{ip}",
        "authorization",
        f"Api-Key {KEY}",
        {
            "name": "Nordlund Industri AB",
            "url": "https://www.nordlund.se",
            "country": "SE",
            "number": "556012-5790",
            "employees": {"from": 201, "to": 500, "range": "201-500"},
            "financial_report": {"revenue": 480000000, "currency": "SEK", "year": 2024},
            "nace_code": {"code": "25.62", "category": "Machining"},
            "address": {"city": "Borås"},
            "linkedin_url": "https://www.linkedin.com/company/nordlund",
        },
        None,
    ),
    FarVendor(
        "snitcher",
        "POST",
        "/company/find?ip={ip}",
        "authorization",
        f"Bearer {KEY}",
        {
            "ip": ADDRESS,
            "fuzzy": False,
            "domain": "nordlund.se",
            "type": "business",
            "company": {
                **COMPANY,
                "website": "https://nordlund.se",
                "industry": "Machinery",
                "founded_year": "1961",
                "employee_range": "201-500 employees",
                "annual_revenue": 48000000,
                "location": "Borås, Sweden",
            },
        },
        {"ip": ADDRESS, "fuzzy": False, "domain": None, "type": "isp", "company": None},
    ),
    FarVendor(
        "bigpicture",
        "GET",
        "/v2/companies/ip?ip={ip}",
        "authorization",
        KEY,
        {
            "ip": ADDRESS,
            "type": "business",
            "company": {
                **COMPANY,
                "category": {"industry": "Machinery"},
                "metrics": {"employeesRange": "251-500", "annualRevenue": None},
                "geo": {"countryCode": "SE", "city": "Borås"},
                "linkedin": {"handle": "company/nordlund"},
            },
        },
        {"ip": ADDRESS, "type": "isp", "company": None},
    ),
    FarVendor(
        "people_data_labs",
        "GET",
        "/v5/ip/enrich?return_ip_metadata=true&ip={ip}",
        "x-api-key",
        KEY,
        {
            "status": 200,
            "data": {
                "ip": {"address": ADDRESS, "metadata": {"hosting": False, "vpn": False, "tor": False}},
                "company": {
                    "confidence": "very high",
                    "website": "nordlund.se",
                    "name": "nordlund industri ab",
                    "display_name": "Nordlund Industri AB",
                    "size": "201-500",
                    "industry": "machinery",
                    "location": {"locality": "borås", "country": "sweden"},
                    "linkedin_url": "linkedin.com/company/nordlund",
                },
            },
        },
        None,
    ),
    FarVendor(
        "ipdata",
        "GET",
        f"/{{ip}}?api-key={KEY}",
        "",
        "",
        {
            "ip": ADDRESS,
            "country_code": "SE",
            "asn": {"asn": "AS3301", "name": "Telia", "route": "2.248.0.0/16", "type": "isp"},
            "company": {**COMPANY, "network": "2.248.35.152/29", "type": "business"},
            "threat": {"is_tor": False, "is_proxy": False, "is_datacenter": False},
        },
        {"asn": {"name": "Telia", "domain": "telia.se", "route": "2.248.0.0/16", "type": "isp"}},
    ),
    FarVendor(
        "dealfront",
        "GET",
        "/companies?ip={ip}",
        "x-api-key",
        KEY,
        {
            "ip": ADDRESS,
            "confidence_score": "high",
            "company": {
                **COMPANY,
                "industry": "Machinery",
                "employees_range": {"min": 201, "max": 500},
                "address": {"country_code": "SE", "city": "Borås"},
            },
        },
        None,
    ),
)


class FakeVendor(FakeServer):
    """One vendor's far end; it knows every address unless it is told otherwise."""

    name = "vendor"

    def __init__(self, far: FarVendor) -> None:
        super().__init__()
        self.far = far

    @property
    def values(self) -> dict[str, str]:
        """The fields of an account there."""
        path = self.far.path.replace(f"?api-key={KEY}", "")
        account = {"account": "4711"} if self.far.kind == "maxmind" else {}
        return {"key": KEY, "url": self.url + path, **account}

    def handle(self, request: Received) -> Answer:
        if self.far.header and request.headers.get(self.far.header) != self.far.login:
            return json_answer(401, {"error": "the key is wrong"})
        if request.method != self.far.method:
            return Answer(405)
        self.accepted.append({"path": request.path})
        return Answer(200, json.dumps(self.far.answer))
