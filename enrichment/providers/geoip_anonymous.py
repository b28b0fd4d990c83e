"""GeoIP2 Anonymous IP (or Anonymous Plus): VPNs, proxies, Tor exits and hosting."""

from __future__ import annotations

from typing import Any

from enrichment.kinds import Kind
from enrichment.providers.base import Evidence
from enrichment.providers.geoip_files import GeoipFile
from enrichment.providers.geoip_provider import GeoipProvider

# In this order: a Tor exit is also marked anonymous, and often hosting too.
FLAGS = (
    ("is_tor_exit_node", Kind.TOR, "a Tor exit"),
    ("is_anonymous_vpn", Kind.VPN, "a VPN"),
    ("is_public_proxy", Kind.VPN, "a public proxy"),
    ("is_residential_proxy", Kind.VPN, "a residential proxy"),
    ("is_hosting_provider", Kind.HOSTING, "a hosting provider"),
    ("is_anonymous", Kind.VPN, "an anonymising network"),
)
WEIGHT = 0.95


class GeoipAnonymous(GeoipProvider):
    """MaxMind's list of networks behind which anybody can hide."""

    METHODS = {"GeoIP2-Anonymous-IP": "anonymous_ip", "GeoIP-Anonymous-Plus": "anonymous_plus"}

    def read(self, file: GeoipFile, answer: Any) -> Evidence | None:
        flag = _first_flag(answer)
        if flag is None:
            return None
        kind, words = flag
        return Evidence(
            source="GeoIP2 Anonymous IP",
            basis="maxmind-anonymous",
            kind=kind,
            weight=WEIGHT,
            why=f"MaxMind lists it as {words}",
            data_date=file.data_date,
            network=str(answer.network or ""),
        )


def _first_flag(answer: Any | None) -> tuple[Kind, str] | None:
    for attribute, kind, words in FLAGS:
        if getattr(answer, attribute, False):
            return kind, words
    return None
