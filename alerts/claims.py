"""Claims a delivery for sending, and finds those whose sender died. One conditional update decides.

A claimed delivery is leased for a minute, and its try is saved, before anything leaves this machine.
On one channel only one delivery is under way at a time, whichever process sends it: that keeps the
order, and lets a far end's "wait" reach all senders.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import Session

from alerts.channels import CHANNELS, channel_class
from alerts.deliveries import GIVE_UP_AFTER
from alerts.models import Alert, Channel, Delivery, DeliveryState, DeliveryTry
from alerts.pacing import KEEPS_ORDER_UNTIL, charge, free_at, read_rate
from alerts.quiet_hours import find_quiet_end
from alerts.redirect import give_up, is_abandoned, redirect_waiting
from alerts.senders import sender_name
from alerts.story import Recipient
from tracker.models import User

LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is ours until its lease ends, with all that sending it needs."""

    delivery_id: int
    try_id: int
    tries: int
    leased_until: datetime
    channel_id: int
    kind: str
    values: dict[str, Any]
    target: str
    story: dict[str, Any]
    recipient: Recipient


def due_channels(session: Session, now: datetime) -> set[int | None]:
    """Channels with something due that need not wait; None stands for deliveries whose channel is gone."""
    waiting = session.scalars(
        select(Delivery.channel_id)
        .outerjoin(Channel, Channel.id == Delivery.channel_id)
        .where(Delivery.state == DeliveryState.WAITING, Delivery.next_try_at <= now)
        .where(or_(Channel.next_send_at.is_(None), Channel.next_send_at <= now))
        .distinct()
    )
    sending = session.scalars(select(Delivery).where(Delivery.state == DeliveryState.SENDING))
    return {*waiting, *(one.channel_id for one in sending if is_abandoned(one, now))}


def claim(session: Session, channel_id: int, now: datetime) -> Claimed | datetime | None:
    """The channel's next delivery; or when its rate allows one; or None when nothing may be sent now."""
    channel = session.scalar(locked_channel(channel_id))
    if channel is None or channel.kind not in CHANNELS or channel.paused_at:
        redirect_waiting(session, channel_id, now)
        return None
    _recover(session, channel, now)
    if _sending(session, channel_id) or (channel.next_send_at and channel.next_send_at > now):
        return None
    delivery = _next(session, channel, now)
    if delivery is None:
        return None
    rate = read_rate(channel.settings.get("per_second"))
    free = free_at(channel.paced_until, now, rate)
    if free > now:
        return free
    if not _lease(session, delivery, now):
        return None
    channel.paced_until = charge(channel.paced_until, now, rate)
    return _claimed(session, channel, delivery, now)


def locked_channel(channel_id: int) -> Select[Channel]:
    """The channel, for one sender at a time. SQLite's writers queue anyway.

    FOR NO KEY UPDATE: new deliveries may point at the channel meanwhile.
    """
    return select(Channel).where(Channel.id == channel_id).with_for_update(key_share=True)


def _recover(session: Session, channel: Channel, now: datetime) -> None:
    """Deliveries whose sender died: sent again and marked, or where that would cost, told elsewhere."""
    dead = [one for one in _sending(session, channel.id) if is_abandoned(one, now)]
    for delivery in dead:
        delivery.leased_until, delivery.leased_by = None, ""
        delivery.possible_repeat = True
        delivery.last_error = "the sender stopped before it had the answer"
        if channel_class(channel.kind).resends:
            delivery.state = DeliveryState.WAITING
            delivery.next_try_at = now
        else:
            give_up(session, delivery, DeliveryState.UNKNOWN, delivery.last_error, now)
    session.flush()


def _sending(session: Session, channel_id: int) -> list[Delivery]:
    return list(
        session.scalars(
            select(Delivery)
            .where(Delivery.channel_id == channel_id, Delivery.state == DeliveryState.SENDING)
            .order_by(Delivery.id)
        )
    )


def _next(session: Session, channel: Channel, now: datetime) -> Delivery | None:
    """The oldest that may go: one that waits after a failure holds back the rest, but not for ever."""
    waiting = session.scalars(
        select(Delivery)
        .where(Delivery.channel_id == channel.id, Delivery.state == DeliveryState.WAITING)
        .where(or_(Delivery.next_try_at <= now, Delivery.tries.between(1, KEEPS_ORDER_UNTIL - 1)))
        .order_by(Delivery.id)
        .limit(20)
    )
    for delivery in waiting:
        if (delivery.give_up_at or delivery.created_at + GIVE_UP_AFTER) <= now:
            why = f"gave up after 24 hours: {delivery.last_error or 'it could not be sent'}"
            give_up(session, delivery, DeliveryState.FAILED, why, now)
        elif left := _find_left(session, delivery):
            why = f"{left.name or left.email} is switched off"
            give_up(session, delivery, DeliveryState.FAILED, why, now)
        elif _is_quiet(session, channel, delivery, now):
            continue
        elif delivery.next_try_at <= now:
            return delivery
        else:
            return None
    return None


def _is_quiet(session: Session, channel: Channel, delivery: Delivery, now: datetime) -> bool:
    """Whether a telephone would ring in its owner's quiet hours; then the delivery waits for their end."""
    user = session.get(User, delivery.user_id) if delivery.user_id else None
    if user is None or channel_class(channel.kind).reaches != "phone":
        return False
    end = find_quiet_end(now, user.quiet_from, user.quiet_to, user.time_zone)
    if end is None:
        return False
    delivery.next_try_at = end
    # As if never tried: what waits for the morning must not hold back what goes to others.
    delivery.tries = 0
    delivery.last_error = f"the quiet hours of {user.name or user.email} last until {user.quiet_to}"
    return True


def _find_left(session: Session, delivery: Delivery) -> User | None:
    """The recipient, if they were switched off while their delivery waited."""
    user = session.get(User, delivery.user_id) if delivery.user_id else None
    return user if user and user.disabled_at else None


def _lease(session: Session, delivery: Delivery, now: datetime) -> bool:
    """True if the delivery is ours: the row was still waiting when it was changed."""
    changed = session.execute(
        update(Delivery)
        .where(Delivery.id == delivery.id, Delivery.state == DeliveryState.WAITING)
        .values(
            state=DeliveryState.SENDING,
            leased_until=now + LEASE,
            leased_by=sender_name(),
            tries=Delivery.tries + 1,
        )
        .execution_options(synchronize_session=False)
    )
    return bool(changed.rowcount == 1)  # type: ignore[attr-defined]


def _claimed(session: Session, channel: Channel, delivery: Delivery, now: datetime) -> Claimed:
    attempt = DeliveryTry(delivery_id=delivery.id, started_at=now)
    session.add(attempt)
    session.flush()
    alert = session.get_one(Alert, delivery.alert_id)
    return Claimed(
        delivery_id=delivery.id,
        try_id=attempt.id,
        tries=delivery.tries + 1,
        leased_until=now + LEASE,
        channel_id=channel.id,
        kind=channel.kind,
        values=dict(channel.settings),
        target=delivery.target,
        story=dict(alert.story),
        recipient=recipient_of(session, channel, delivery, now),
    )


def recipient_of(session: Session, channel: Channel, delivery: Delivery, sent_at: datetime) -> Recipient:
    """Who reads the delivery, and in which language; a channel that is nobody's has one of its own."""
    user = session.get(User, delivery.user_id) if delivery.user_id else None
    return Recipient(
        user_id=user.id if user else None,
        language=user.language if user else str(channel.settings.get("language") or "en"),
        time_zone=user.time_zone if user else "UTC",
        why=delivery.why,
        possible_repeat=delivery.possible_repeat,
        sent_at=sent_at,
    )
