"""Makes the rows of the outbox."""

from __future__ import annotations

from datetime import datetime, timedelta

from alerts.models import Delivery, DeliveryState
from alerts.routing import Route

GIVE_UP_AFTER = timedelta(hours=24)


def make_delivery(alert_id: int, to: Route, now: datetime) -> Delivery:
    """A delivery for the outbox. Without a channel it has failed already, and the alert's page says why."""
    delivery = Delivery(
        alert_id=alert_id,
        channel_id=to.channel_id,
        channel_name=to.channel_name,
        user_id=to.user_id,
        target=to.target,
        why=to.why[:300],
        state=DeliveryState.WAITING,
        next_try_at=now,
        created_at=now,
        give_up_at=now + GIVE_UP_AFTER,
    )
    if to.channel_id is None:
        delivery.state = DeliveryState.FAILED
        delivery.last_error = f"nobody could be told: {to.why}; add a channel or resume one"[:500]
    return delivery
