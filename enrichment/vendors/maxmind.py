"""MaxMind's web service, Insights (https://dev.maxmind.com/geoip/docs/web-services/)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from enrichment.kinds import NEVER_NAMED, ORGANISATIONS, Kind
from enrichment.providers.geoip_organisation import Customer, judge_customer
from enrichment.vendors.base import Answer, Field, HttpVendor, dig, make_found, text_at

# Flags of an address behind which anybody can sit, the most telling first.
_FLAGS = (
    ("is_tor_exit_node", Kind.TOR),
    ("is_anonymous_vpn", Kind.VPN),
    ("is_residential_proxy", Kind.VPN),
    ("is_public_proxy", Kind.VPN),
    ("is_hosting_provider", Kind.HOSTING),
)


class Maxmind(HttpVendor):
    kind = "maxmind"
    label = "MaxMind web service"
    url = "https://geoip.maxmind.com/geoip/v2.1/insights/{ip}"
    key_help = "The license key."
    fields: ClassVar[tuple[Field, ...]] = (Field("account", "Account ID", required=True),)

    def headers(self) -> dict[str, str]:
        return {}

    def login(self) -> tuple[str, str] | None:
        return str(self.values["account"]), self.key

    def read(self, data: Mapping[str, Any]) -> Answer:
        traits = dig(data, "traits") or {}
        network = text_at(traits, "network")
        flagged = next((kind for flag, kind in _FLAGS if dig(traits, flag) is True), None)
        customer = _read_customer(data, network)
        name = customer.organization or customer.isp
        if flagged is not None:
            return make_found(flagged, name, "", 0.0, network=network)
        judged = judge_customer(customer)
        domain = text_at(traits, "domain") if judged.kind in ORGANISATIONS else ""
        kind = judged.kind if name or judged.kind in NEVER_NAMED else Kind.UNKNOWN
        profile = {"city": city} if (city := text_at(data, "city", "names", "en", most=100)) else {}
        return make_found(
            kind,
            name,
            domain if customer.differs_from_isp else "",
            judged.weight,
            network=network,
            country=customer.country,
            profile=profile if judged.kind in ORGANISATIONS else {},
        )


def _read_customer(data: Mapping[str, Any], network: str) -> Customer:
    traits = dig(data, "traits")
    asn = dig(traits, "autonomous_system_number")
    return Customer(
        organization=text_at(traits, "organization"),
        isp=text_at(traits, "isp"),
        user_type=text_at(traits, "user_type"),
        country=text_at(data, "country", "iso_code", most=2),
        asn=asn if isinstance(asn, int) else 0,
        network=network,
    )
