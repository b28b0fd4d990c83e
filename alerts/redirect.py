"""Ends a delivery that cannot be made, and finds its alert another way, so that nobody is never told."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.deliveries import make_delivery
from alerts.models import Channel, Delivery, DeliveryState
from alerts.places import read_places
from alerts.routing import Problem, find_fallback
from alerts.senders import has_died

REDIRECTED_AT_ONCE = 100


def give_up(session: Session, delivery: Delivery, state: DeliveryState, why: str, now: datetime) -> None:
    """Ends the delivery as failed or unknown, with a fallback where there is one."""
    delivery.state = state
    delivery.leased_until = None
    delivery.last_error = why[:500]
    session.flush()
    used = session.execute(
        select(Delivery.channel_id, Delivery.target).where(Delivery.alert_id == delivery.alert_id)
    )
    places = read_places(session, [(channel_id, target) for channel_id, target in used if channel_id])
    problem = Problem("", {}, _said(delivery, why))
    found = find_fallback(problem, places, failed=delivery.channel_name, user_id=delivery.user_id)
    if found:
        session.add(make_delivery(delivery.alert_id, found, now))
        session.flush()


def redirect_waiting(session: Session, channel_id: int | None, now: datetime) -> None:
    """Sends what waits for a paused or deleted channel another way."""
    same = Delivery.channel_id == channel_id if channel_id is not None else Delivery.channel_id.is_(None)
    unfinished = session.scalars(
        select(Delivery)
        .where(same, Delivery.state.in_((DeliveryState.WAITING, DeliveryState.SENDING)))
        .order_by(Delivery.id)
        .limit(REDIRECTED_AT_ONCE)
        # Without a channel there is no row to queue at: two senders must not both find another way.
        .with_for_update(key_share=True, skip_locked=True)
    ).all()
    channel = session.get(Channel, channel_id) if channel_id is not None else None
    why = f"paused: {channel.paused_reason}" if channel else "the channel was deleted"
    for delivery in unfinished:
        if delivery.state == DeliveryState.WAITING:
            give_up(session, delivery, DeliveryState.FAILED, why, now)
        elif is_abandoned(delivery, now):
            # The far end may have the message all the same.
            give_up(session, delivery, DeliveryState.UNKNOWN, why, now)


def is_abandoned(delivery: Delivery, now: datetime) -> bool:
    """Whether nobody is sending a delivery any more: its lease has ended, or its sender has died."""
    return delivery.leased_until is None or delivery.leased_until <= now or has_died(delivery.leased_by)


def _said(delivery: Delivery, why: str) -> str:
    """The problem as the reader of the fallback sees it."""
    if delivery.state == DeliveryState.UNKNOWN:
        return f"{delivery.channel_name} may not have reached {delivery.target}"
    return f"{delivery.channel_name}: {why}"[:200]
