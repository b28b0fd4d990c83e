"""When quiet hours end, also over midnight and when the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from alerts.quiet_hours import find_quiet_end

STOCKHOLM = "Europe/Stockholm"


@pytest.mark.parametrize(
    ("now", "hours", "end"),
    [
        # Winter: an hour ahead of UTC.
        ("2026-11-20T21:00", ("22:00", "07:00"), "2026-11-21T06:00"),
        ("2026-11-21T05:59", ("22:00", "07:00"), "2026-11-21T06:00"),
        ("2026-11-21T06:00", ("22:00", "07:00"), None),
        ("2026-11-20T20:59", ("22:00", "07:00"), None),
        ("2026-11-20T12:00", ("12:00", "14:00"), "2026-11-20T13:00"),
        ("2026-11-20T13:00", ("12:00", "14:00"), None),
        # The night in which the clocks go forward, and the one in which they go back.
        ("2026-03-28T22:00", ("22:00", "07:00"), "2026-03-29T05:00"),
        ("2026-10-24T21:00", ("22:00", "07:00"), "2026-10-25T06:00"),
        ("2026-10-25T01:15", ("22:00", "02:30"), None),
        # No hours, and hours that hold nothing.
        ("2026-11-20T21:00", ("", ""), None),
        ("2026-11-20T21:00", ("22:00", "22:00"), None),
    ],
)
def test_quiet_hours_end_at_the_hour_of_the_user_s_clock(
    now: str, hours: tuple[str, str], end: str | None
) -> None:
    found = find_quiet_end(datetime.fromisoformat(now).replace(tzinfo=UTC), *hours, STOCKHOLM)
    assert found == (datetime.fromisoformat(end).replace(tzinfo=UTC) if end else None)
