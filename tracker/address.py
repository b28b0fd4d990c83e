"""Which address a request comes from, when only configured proxies may say so.

The address decides which company is named, so nothing a visitor can write is believed: without configured
proxies no header counts, and with them only X-Forwarded-For does, read from its right end.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from functools import lru_cache

from tracker.settings import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# More hops than any real chain; the rest of a longer header is not read.
MOST_HOPS = 32

_BRACKETED = re.compile(r"\[([^]]*)\](?::\d{1,5})?")
_WITH_PORT = re.compile(r"([0-9.]+):\d{1,5}")


def find_client_address(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """The visitor's address: the rightmost one in the chain that is not a trusted proxy.

    `peer` is the other end of the connection, `forwarded` the X-Forwarded-For header. An entry that is no
    address ends the reading: the nearest hop that is known is returned. Empty when even the peer is unknown.
    """
    nearest = read_address(peer)
    if nearest is None:
        return ""
    for entry in forwarded.rsplit(",", MOST_HOPS)[: -MOST_HOPS - 1 : -1]:
        if not is_inside(nearest, trusted):
            break
        hop = read_address(entry)
        if hop is None:
            break
        nearest = hop
    return str(nearest)


def is_inside(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def read_address(text: str) -> Address | None:
    """An address out of `1.2.3.4`, `1.2.3.4:80`, `2001:db8::1`, `[2001:db8::1]:80`; None for all else.

    IPv4 written as IPv6 (`::ffff:1.2.3.4`) comes back as IPv4, and a zone (`fe80::1%eth0`) is left off.
    """
    # No spelling is longer; what is kept in memory must be bounded.
    return _read(text.strip(" \t")) if len(text) <= 100 else None


@lru_cache(4096)
def _read(text: str) -> Address | None:
    if match := _BRACKETED.fullmatch(text) or _WITH_PORT.fullmatch(text):
        text = match[1]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address
