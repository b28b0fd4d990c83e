"""What an address can turn out to be."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """Who stands behind an address; the values are those of `doorbell identify --json`."""

    COMPANY = "company"
    EDUCATION = "education"
    GOVERNMENT = "government"
    ISP = "isp"
    HOSTING = "hosting"
    BOT = "bot"
    VPN = "vpn"
    TOR = "tor"
    RESERVED = "reserved"
    UNKNOWN = "unknown"


# Organisations that can be a prospect: they get a company row, each with its own kind.
ORGANISATIONS = frozenset({Kind.COMPANY, Kind.EDUCATION, Kind.GOVERNMENT})
# Behind these anybody can sit, whatever another source says of the network.
NEVER_NAMED = frozenset({Kind.HOSTING, Kind.BOT, Kind.VPN, Kind.TOR, Kind.RESERVED})
