"""Sends the message of a draft to the admin who asks, and to nobody else."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.channels import CHANNELS, ChannelKind, DeliveryError, make_channel
from alerts.models import Channel
from alerts.specs import RuleSpec
from alerts.story import Recipient, Story
from alerts.tell import make_story
from alerts.trial import trial_story
from tracker.db import Database
from tracker.models import User
from tracker.settings import Settings
from web.rule_trial import try_on_past

NO_WAY = (
    "No channel can write to you alone. Put your Slack id or your phone in your profile, "
    "and add a channel with a bot token or SMS."
)


def send_sample(database: Database, settings: Settings, rule: RuleSpec, user: User, now: datetime) -> str:
    """Sends what the rule's latest match would have said, or an example where nothing matched; says which.

    Raises DeliveryError.
    """
    with database.read() as session:
        name, kind, target = _find_way(session, settings, rule, user)
        story = _latest_story(session, settings, rule, now)
    recipient = Recipient(user.id, user.language, user.time_zone, "you asked for a test")
    kind.send(target, kind.write(story or trial_story(settings, now), recipient))
    what = "the message of its latest match" if story else "an example, as nothing matched in 30 days"
    return f"Sent to you alone by {name}: {what}."


def _find_way(
    session: Session, settings: Settings, rule: RuleSpec, user: User
) -> tuple[str, ChannelKind, str]:
    """A channel that reaches the user in person: one of the rule's own before any other."""
    own = [one.channel for one in rule.send]
    channels = session.scalars(select(Channel).where(Channel.paused_at.is_(None)).order_by(Channel.id))
    for channel in sorted(channels, key=lambda channel: channel.name not in own):
        if channel.kind not in CHANNELS:
            continue
        kind = make_channel(channel.kind, channel.settings, settings)
        target = str(getattr(user, kind.reaches, "") or "")
        if target and kind.reaches_people(channel.settings):
            return channel.name, kind, target
    raise DeliveryError(NO_WAY, permanent=True)


def _latest_story(session: Session, settings: Settings, rule: RuleSpec, now: datetime) -> Story | None:
    best = try_on_past(session, rule, now).best
    if best is None:
        return None
    story = make_story(session, rule, *best, public_id="", settings=settings)
    return msgspec.structs.replace(story, test=True, alert_url=f"{settings.base_url}/rules")
