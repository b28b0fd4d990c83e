"""Who was told of an alert, how fast: the line that the live list and the list of alerts share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from alerts.models import Delivery, DeliveryState


@dataclass(frozen=True, slots=True)
class Told:
    """One delivery of an alert; `seconds` from the page view to the acceptance, None before that."""

    whom: str
    channel: str
    state: str
    seconds: float | None


def tell(delivery: Delivery, user: str, seen_at: datetime) -> Told:
    """The line of a delivery; `user` is the recipient's name, empty when the channel itself was told."""
    done = delivery.delivered_at if delivery.state == DeliveryState.DELIVERED else None
    seconds = (done - seen_at).total_seconds() if done else None
    return Told(
        user or delivery.target or delivery.channel_name, delivery.channel_name, delivery.state, seconds
    )
