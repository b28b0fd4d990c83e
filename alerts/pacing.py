"""When to send next: pacing within a far end's rate, and waiting longer after each failure. Pure."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

BURST = 5
SHORTEST_WAIT = 1.0
LONGEST_WAIT = 300.0
# After so many failures a delivery no longer holds back those behind it.
KEEPS_ORDER_UNTIL = 4


def free_at(paced_until: datetime | None, now: datetime, per_second: float) -> datetime:
    """When the next message may go; not after `now` if it may go at once.

    Every message costs 1/per_second; a burst of five may run ahead.
    """
    return max(paced_until or now, now) - timedelta(seconds=(BURST - 1) / per_second)


def charge(paced_until: datetime | None, now: datetime, per_second: float) -> datetime:
    """The new `paced_until` once a message goes."""
    return max(paced_until or now, now) + timedelta(seconds=1 / per_second)


def back_off(tries: int) -> timedelta:
    """How long to wait after a number of failed tries: 1 s, doubled each time up to 5 min, with jitter."""
    longest = min(SHORTEST_WAIT * 2 ** min(tries - 1, 20), LONGEST_WAIT)
    # Waiters that failed together must not come back together.
    return timedelta(seconds=longest * random.uniform(0.75, 1.0))


def is_rate(text: object) -> bool:
    """Whether the text is a number of messages a second that a channel may have: 0.01 to 10,000."""
    try:
        return 0.01 <= float(str(text)) <= 10_000
    except ValueError:
        return False


def read_rate(text: object) -> float:
    """Messages a second from a channel's field; 1 where it is empty or no rate."""
    return float(str(text)) if is_rate(text) else 1.0
