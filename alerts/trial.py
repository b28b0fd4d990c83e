"""The test message an admin sends from the page of channels: a made-up alert, sent at once."""

from __future__ import annotations

from datetime import datetime

from alerts.channels import CHANNELS, ChannelKind, DeliveryError, make_channel
from alerts.models import Channel
from alerts.story import CompanyStory, Recipient, Story
from tracker.db import Database
from tracker.models import User
from tracker.settings import Settings


def send_test(database: Database, settings: Settings, channel_id: int, user_id: int, now: datetime) -> str:
    """Sends a test to the channel's target, or without one to the user who asks; where it went.

    Raises DeliveryError.
    """
    with database.read() as session:
        channel = session.get(Channel, channel_id)
        user = session.get(User, user_id)
    if channel is None or channel.kind not in CHANNELS:
        raise DeliveryError("the channel does not exist any more", permanent=True)
    kind = make_channel(channel.kind, channel.settings, settings)
    target = channel.target or _own_target(kind, channel, user)
    if not target:
        raise DeliveryError("the channel has no target of its own, and you have no address in it")
    recipient = Recipient(language=user.language if user else "en", why="you asked for a test")
    kind.send(target, kind.write(trial_story(settings, now), recipient))
    return target


def _own_target(kind: ChannelKind, channel: Channel, user: User | None) -> str:
    """The asking user's address in the channel; a webhook needs none and is called by its own name."""
    if not kind.reaches_people(channel.settings):
        return channel.name
    return str(getattr(user, kind.reaches, "") or "")


def trial_story(settings: Settings, now: datetime) -> Story:
    """A made-up alert that is marked as a test and links to the list of alerts."""
    return Story(
        headline="reading",
        rule="Test",
        reason="an admin pressed Send a test",
        page="Pricing",
        path="/pricing",
        seen_at=now,
        alert_url=f"{settings.base_url}/alerts",
        company=CompanyStory(id=0, name="Example Industries", confidence=92, stage="mql"),
        pages=3,
        minutes=4,
        test=True,
    )
