"""Whether a report comes from a page of the site it names."""

from __future__ import annotations

from collections.abc import Iterable

from tracker.clean import find_host


def is_from_site(origin: str, referrer: str, hosts: Iterable[str]) -> bool:
    """True when a page of these hosts sent the request, or no page at all, as servers do.

    No hosts: any page may. The Referer counts only where there is no Origin; an Origin of `null` is a page
    that hides where it comes from.
    """
    allowed = tuple(hosts)
    if not allowed or not (origin or referrer):
        return True
    host = find_host(origin or referrer)
    return bool(host) and any(is_host_allowed(host, entry) for entry in allowed)


def is_host_allowed(host: str, entry: str) -> bool:
    """True when `entry` names `host` or, as `*.acme.test`, one of its subdomains. An entry without a port
    allows every port."""
    if ":" not in entry:
        host = host.partition(":")[0]
    # No browser names the usual ports, so a host never bears one.
    entry = entry.removesuffix(":443").removesuffix(":80")
    return host.endswith(entry[1:]) if entry.startswith("*.") else host == entry
