"""Quiet hours: when no telephone is to ring for a user. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from alerts.words import zone


def find_quiet_end(now: datetime, quiet_from: str, quiet_to: str, time_zone: str) -> datetime | None:
    """When the quiet hours that hold at `now` end, in UTC; None outside of them.

    The hours are HH:MM in the user's zone, and may pass midnight; without them, or where both are the
    same, no hour is quiet.
    """
    if not quiet_from or not quiet_to or quiet_from == quiet_to:
        return None
    begin, end = time.fromisoformat(quiet_from), time.fromisoformat(quiet_to)
    local = now.astimezone(zone(time_zone))
    if not _is_within(local.time(), begin, end):
        return None
    day = local.date() + timedelta(days=end <= local.time())
    over = datetime.combine(day, end, tzinfo=local.tzinfo).astimezone(UTC)
    # Where the clock is set back, the hour at which they end may have been twice, and once is enough.
    return over if over > now else None


def _is_within(moment: time, begin: time, end: time) -> bool:
    if begin < end:
        return begin <= moment < end
    return moment >= begin or moment < end
