"""GeoIP2 Anonymous IP (or Anonymous Plus): VPNs, proxies, Tor exits and hosting."""

from __future__ import annotations

from typing import Any, Self

from enrichment.kinds import Kind
from enrichment.providers.address import Address
from enrichment.providers.base import Evidence, Sources
from enrichment.providers.geoip_files import GeoipFile

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


class GeoipAnonymous:
    """MaxMind's list of networks behind which anybody can hide."""

    def __init__(self, file: GeoipFile) -> None:
        self.file = file
        self.method = "anonymous_plus" if "Plus" in file.edition else "anonymous_ip"

    @classmethod
    def open(cls, sources: Sources) -> Self | None:
        file = sources.newest_geoip("GeoIP2-Anonymous-IP", "GeoIP-Anonymous-Plus")
        return cls(file) if file else None

    def lookup(self, address: Address) -> Evidence | None:
        answer = self.file.ask(self.method, address)
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
            data_date=self.file.data_date,
            network=str(answer.network or "") if answer else "",
        )


def _first_flag(answer: Any | None) -> tuple[Kind, str] | None:
    for attribute, kind, words in FLAGS:
        if getattr(answer, attribute, False):
            return kind, words
    return None
