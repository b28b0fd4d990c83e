"""GeoIP2 Enterprise or ISP: the customer inside a provider's network.

`organization` names the customer when it differs from `isp`; that is where the names of companies
without an AS of their own are. It can also be a smaller provider, so it passes the classifier too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from enrichment.classify import Judgement, classify_name, organisation_key
from enrichment.kinds import NEVER_NAMED, ORGANISATIONS, Kind
from enrichment.providers.base import Evidence
from enrichment.providers.geoip_files import GeoipFile
from enrichment.providers.geoip_provider import GeoipProvider

# The values of `user_type`, from the documentation of the geoip2 package (records.py).
USER_TYPES = {
    "business": Kind.COMPANY,
    "college": Kind.EDUCATION,
    "school": Kind.EDUCATION,
    "library": Kind.EDUCATION,
    "government": Kind.GOVERNMENT,
    "military": Kind.GOVERNMENT,
    "hosting": Kind.HOSTING,
    "content_delivery_network": Kind.HOSTING,
    "search_engine_spider": Kind.BOT,
    "consumer_privacy_network": Kind.VPN,
    "residential": Kind.ISP,
    "cellular": Kind.ISP,
    "cafe": Kind.ISP,
    "traveler": Kind.ISP,
    "dialup": Kind.ISP,
    "router": Kind.ISP,
}
USER_TYPE_WEIGHT = 0.8
PROVIDER_TYPE_WEIGHT = 0.9
CUSTOMER_WEIGHT = 0.6


@dataclass(frozen=True, slots=True)
class Customer:
    """What the database says of an address, out of the shape of the edition."""

    organization: str
    isp: str
    user_type: str
    country: str
    asn: int
    network: str

    @property
    def differs_from_isp(self) -> bool:
        return bool(self.organization) and organisation_key(self.organization) != organisation_key(self.isp)


class GeoipOrganisation(GeoipProvider):
    """MaxMind's names of customers, from the Enterprise edition or else the ISP edition."""

    METHODS = {
        "GeoIP2-Enterprise": "enterprise",
        "GeoIP2-Precision-Enterprise": "enterprise",
        "GeoIP2-ISP": "isp",
    }

    def read(self, file: GeoipFile, answer: Any) -> Evidence | None:
        customer = _read_customer(answer)
        judgement = judge_customer(customer)
        name = customer.organization or customer.isp
        return Evidence(
            source="GeoIP2 ISP" if file.edition.startswith("GeoIP2-ISP") else "GeoIP2 Enterprise",
            basis="maxmind",
            kind=judgement.kind,
            weight=judgement.weight,
            why=judgement.why,
            data_date=file.data_date,
            network=customer.network,
            raw_name=name,
            organisation=name if judgement.kind in ORGANISATIONS else "",
            domains=judgement.domains,
            country=customer.country,
            asn=customer.asn,
        )


def _read_customer(answer: Any) -> Customer:
    traits = getattr(answer, "traits", answer)
    country = getattr(answer, "country", None)
    return Customer(
        organization=traits.organization or "",
        isp=traits.isp or "",
        user_type=getattr(traits, "user_type", None) or "",
        country=(country.iso_code or "") if country else "",
        asn=traits.autonomous_system_number or 0,
        network=str(traits.network or ""),
    )


def judge_customer(customer: Customer) -> Judgement:
    """Kind and weight of a customer; providers and anonymous networks first, then the name, then the type."""
    typed = USER_TYPES.get(customer.user_type, Kind.UNKNOWN)
    if typed is Kind.ISP or typed in NEVER_NAMED:
        return Judgement(typed, PROVIDER_TYPE_WEIGHT, f"MaxMind's user type is {customer.user_type}")
    named = classify_name(customer.organization or customer.isp, "", customer.country)
    if named.kind is Kind.ISP or named.kind in NEVER_NAMED:
        return named
    if typed in ORGANISATIONS:
        why = f"MaxMind's user type is {customer.user_type}"
        return Judgement(typed, USER_TYPE_WEIGHT, why, named.domains)
    if customer.differs_from_isp:
        kind = named.kind if named.kind in ORGANISATIONS else Kind.COMPANY
        return Judgement(kind, CUSTOMER_WEIGHT, f"a customer on the network of {customer.isp}", named.domains)
    return named
