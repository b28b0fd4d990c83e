"""Reads the channels and people that routing chooses among."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.channels import CHANNELS, channel_class
from alerts.models import Channel, Delivery
from alerts.routing import ChannelFacts, PersonFacts, Places
from tracker.models import User


def read_places(session: Session, used: Iterable[tuple[int, str]] = ()) -> Places:
    """All channels of known kinds and all users; admins in the order in which they were made."""
    channels = session.scalars(select(Channel).order_by(Channel.id))
    users = session.scalars(select(User).order_by(User.id))
    return Places(
        channels={row.name: channel_facts(row) for row in channels if row.kind in CHANNELS},
        people=tuple(person_facts(row) for row in users),
        used=frozenset(used),
    )


def find_target(session: Session, delivery: Delivery) -> str:
    """The target that the delivery would have if it were made now; empty when there is none."""
    channel = session.get(Channel, delivery.channel_id) if delivery.channel_id else None
    if channel is None or channel.kind not in CHANNELS:
        return ""
    user = session.get(User, delivery.user_id) if delivery.user_id else None
    facts = channel_facts(channel)
    return person_facts(user).address(facts) if user else facts.own_target


def channel_facts(row: Channel) -> ChannelFacts:
    kind = channel_class(row.kind)
    return ChannelFacts(
        id=row.id,
        name=row.name,
        reaches=kind.reaches,
        target=row.target,
        fixed=not kind.reaches_people(row.settings),
        paused_reason=(row.paused_reason or "paused") if row.paused_at else "",
        language=str(row.settings.get("language") or "en"),
    )


def person_facts(row: User) -> PersonFacts:
    return PersonFacts(
        id=row.id,
        name=row.name,
        email=row.email,
        slack_id=row.slack_id,
        phone=row.phone,
        language=row.language,
        is_admin=row.role == "admin",
        disabled=row.disabled_at is not None,
    )
