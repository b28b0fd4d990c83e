"""How often one address may report."""

from __future__ import annotations

from tracker.rate_limit import RateLimit


def taken(
    limit: RateLimit, times: int, *, address: str = "192.0.2.1", site: str = "a", now: float = 0
) -> int:
    return sum(limit.take(site, address, now) == 0 for _ in range(times))


def test_a_burst_passes_and_no_more() -> None:
    assert taken(RateLimit(rate=10, burst=5), 20) == 5


def test_the_bucket_fills_with_time_up_to_the_burst() -> None:
    limit = RateLimit(rate=10, burst=5)
    taken(limit, 20)
    assert (taken(limit, 20, now=0.35), taken(limit, 20, now=1000)) == (3, 5)


def test_the_wait_that_is_named_is_long_enough() -> None:
    limit = RateLimit(rate=10, burst=5)
    taken(limit, 5)
    wait = limit.take("a", "192.0.2.1", 0)
    assert limit.take("a", "192.0.2.1", wait) == 0


def test_other_addresses_and_sites_have_their_own_bucket() -> None:
    limit = RateLimit(rate=1, burst=1)
    assert taken(limit, 5) + taken(limit, 5, address="192.0.2.2") + taken(limit, 5, site="b") == 3


def test_one_ipv6_subscriber_has_one_bucket() -> None:
    limit = RateLimit(rate=1, burst=1)
    assert taken(limit, 1, address="2001:db8::1") + taken(limit, 1, address="2001:db8::ffff:1") == 1


def test_a_clock_that_goes_back_gives_and_takes_nothing() -> None:
    limit = RateLimit(rate=10, burst=2)
    taken(limit, 1, now=100)
    assert taken(limit, 5, now=50) == 1


def test_memory_is_bounded_and_the_longest_unused_goes_first() -> None:
    limit = RateLimit(rate=1, burst=1, most=2)
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.3"):
        limit.take("a", address, 0)
    assert (taken(limit, 1), taken(limit, 1, address="192.0.2.2")) == (0, 1)
