"""The registries by RDAP: IANA's list, and answers in the shape that each registry gives them."""

from __future__ import annotations

import json
from typing import Any

from tests.fakes.server import Answer, FakeServer, Received

ADDRESS = "2.248.35.152"
PERSON = "Anna Nordlund"


def card(name: str, kind: str) -> list[Any]:
    return ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", name], ["kind", {}, "text", kind]]]


CONTACT = {
    "handle": "AN1-X",
    "roles": ["administrative", "technical"],
    "vcardArray": card(PERSON, "individual"),
}


def network(registry: str, **more: Any) -> dict[str, Any]:
    return {
        "rdapConformance": ["rdap_level_0"],
        "objectClassName": "ip network",
        "startAddress": "2.248.35.152",
        "endAddress": "2.248.35.159",
        "ipVersion": "v4",
        "port43": f"whois.{registry}.net",
        **more,
    }


RIPE = network(
    "ripe",
    name="NORDLUND-NET",
    type="ASSIGNED PA",
    country="SE",
    parentHandle="2.248.0.0 - 2.255.255.255",
    remarks=[{"description": ["Nordlund Industri AB", "Box 12, Lund", PERSON]}],
    entities=[
        CONTACT,
        {"handle": "TELIA-MNT", "roles": ["registrant"], "vcardArray": card("TELIA-MNT", "individual")},
    ],
)
ARIN = network(
    "arin",
    name="NORDLUND-1",
    type="REASSIGNMENT",
    parentHandle="NET-2-248-0-0-1",
    entities=[
        {"handle": "NI-12", "roles": ["registrant"], "vcardArray": card("Nordlund Industries, Inc.", "org")},
        CONTACT,
    ],
)
APNIC = network(
    "apnic",
    name="NORDLUND-AP",
    type="ASSIGNED NON-PORTABLE",
    country="AU",
    remarks=[
        {"title": "remarks", "description": ["Send abuse to the address below"]},
        {"title": "description", "description": ["Nordlund Industries Pty Ltd", "Sydney"]},
    ],
    entities=[CONTACT],
)
LACNIC = network(
    "lacnic",
    name="Nordlund",
    type="REASSIGNED",
    country="MX",
    entities=[
        {
            "handle": "MX-N",
            "roles": ["registrant"],
            "vcardArray": card("Nordlund de Mexico, S.A. de C.V.", "org"),
        }
    ],
)
AFRINIC = network(
    "afrinic",
    name="ORG-NL1-AFRINIC",
    type="ASSIGNED PI",
    country="ZA",
    entities=[
        {"handle": "ORG-NL1-AFRINIC", "roles": ["registrant"], "vcardArray": card("ORG-NL1-AFRINIC", "org")}
    ],
)


class FakeRegistry(FakeServer):
    """IANA's list and one registry behind it, which knows one network."""

    name = "registry"
    known: dict[str, Any] = RIPE

    @property
    def values(self) -> dict[str, str]:
        """The fields of the account, with the terms confirmed."""
        return {
            "url": self.url,
            "confirmed_by": "alice@ours.test",
            "confirmed_at": "2026-11-21T10:00:00+00:00",
        }

    @property
    def asked(self) -> list[str]:
        """The addresses it was asked about."""
        return [one.path.rpartition("/")[2] for one in self.received if "/ip/" in one.path]

    def handle(self, request: Received) -> Answer:
        if request.path in ("/ipv4.json", "/ipv6.json"):
            block = "2.0.0.0/8" if "4" in request.path else "2a00::/12"
            return Answer(200, json.dumps({"version": "1.0", "services": [[[block], [f"{self.url}/rdap/"]]]}))
        self.accepted.append({"path": request.path})
        return Answer(200, json.dumps(self.known), {"Content-Type": "application/rdap+json"})
