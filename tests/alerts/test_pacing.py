from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from alerts.pacing import back_off, charge, free_at, read_rate

NOW = datetime(2026, 11, 21, 14, 30, tzinfo=UTC)


def times(count: int, rate: float) -> list[float]:
    """When so many messages go that all want to go at once, in seconds."""
    now, paced_until, sent = NOW, None, []
    for _ in range(count):
        now = max(now, free_at(paced_until, now, rate))
        sent.append((now - NOW).total_seconds())
        paced_until = charge(paced_until, now, rate)
    return sent


def test_five_go_at_once_and_then_one_a_second() -> None:
    assert times(8, 1.0) == [0, 0, 0, 0, 0, 1, 2, 3]


def test_a_faster_channel_is_paced_in_proportion() -> None:
    assert times(7, 10.0) == [0, 0, 0, 0, 0, 0.1, 0.2]


def test_a_quiet_time_saves_up_no_more_than_a_burst() -> None:
    later = NOW + timedelta(hours=1)
    paced_until = charge(NOW, later, 1.0)
    assert paced_until == later + timedelta(seconds=1)


def test_waits_double_from_one_second_to_five_minutes() -> None:
    longest = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    for tries, seconds in enumerate(longest, start=1):
        assert seconds * 0.75 <= back_off(tries).total_seconds() <= seconds
    assert back_off(10_000).total_seconds() <= 300


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("", 1),
        (None, 1),
        ("5", 5),
        ("0.5", 0.5),
        (20, 20),
        ("0", 1),
        ("-3", 1),
        ("nan", 1),
        ("inf", 1),
        ("x", 1),
    ],
)
def test_a_rate_is_read_or_is_one(text: object, rate: float) -> None:
    assert read_rate(text) == rate
