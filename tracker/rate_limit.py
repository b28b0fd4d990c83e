"""How often one address may report to one site: a token bucket each, in bounded memory."""

from __future__ import annotations

import ipaddress
import threading
from collections import OrderedDict

RATE = 100.0
BURST = 300.0
MOST_BUCKETS = 20_000


class RateLimit:
    """Buckets that fill with `rate` tokens a second up to `burst`. The longest unused are forgotten first."""

    def __init__(self, rate: float = RATE, burst: float = BURST, most: int = MOST_BUCKETS) -> None:
        self._rate = rate
        self._burst = burst
        self._most = most
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, site: str, address: str, now: float) -> float:
        """Takes a token; 0 when there was one, else the seconds until there is. `now` is in seconds."""
        key = (site, find_block(address))
        with self._lock:
            tokens, then = self._buckets.pop(key, (self._burst, now))
            tokens = min(self._burst, tokens + max(0.0, now - then) * self._rate)
            taken = tokens >= 1
            self._buckets[key] = (tokens - 1 if taken else tokens, now)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        return 0.0 if taken else (1 - tokens) / self._rate


def find_block(address: str) -> str:
    """The address, or of an IPv6 address its /64, for that is what one subscriber has."""
    if ":" not in address:
        return address
    return str(ipaddress.ip_network(f"{address}/64", strict=False))
