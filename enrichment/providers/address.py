"""Internet addresses as text and as values."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# RFC 6052: the well-known prefix under which NAT64 carries an IPv4 address in the last 32 bits.
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


# What one line has: an address, or the /64 within which an IPv6 host changes its own from day to day.
LINE_PREFIX = {4: 32, 6: 64}


# A website's visitors come back, and reading a text is as dear as three look-ups.
@lru_cache(maxsize=20_000)
def parse_address(text: str) -> Address:
    """The address in `text`; an IPv4 address inside an IPv6 one is taken out. Raises ValueError."""
    address = ipaddress.ip_address(text.strip().partition("%")[0])
    return address if address.version == 4 else unwrap(address)


def own_network(address: Address) -> str:
    """The network of the address's line alone."""
    return str(ipaddress.ip_network((address, LINE_PREFIX[address.version]), strict=False))


def unwrap(address: ipaddress.IPv6Address) -> Address:
    """The IPv4 address that an IPv4-mapped, 6to4 or NAT64 address stands for, else the address itself."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address
