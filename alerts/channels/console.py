"""The log of the worker as a channel: to try rules before a far end is set up, and for the demo."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from alerts.channels.base import Field, Reach, check_required
from alerts.message import Message
from alerts.messages import sms_message
from alerts.story import Recipient, Story
from tracker.settings import Settings

logger = logging.getLogger(__name__)


class Console:
    """Writes the words of an SMS into the log; reaches everybody, in name only."""

    kind = "console"
    label = "Doorbell's log"
    fields = (Field("language", "Language", "Of messages to nobody in particular.", choices=("en", "sv")),)
    target_field = Field("target", "Name", "Told when nobody is named: anything.")
    reaches: Reach = "name"
    resends = True

    def __init__(self, values: Mapping[str, Any], settings: Settings) -> None:
        pass

    @classmethod
    def check(cls, values: Mapping[str, Any], target: str, settings: Settings) -> list[tuple[str, str]]:
        return check_required((*cls.fields, cls.target_field), {**values, "target": target})

    @classmethod
    def reaches_people(cls, values: Mapping[str, Any]) -> bool:
        return True

    def write(self, story: Story, recipient: Recipient) -> Message:
        return sms_message(story, recipient)

    def send(self, target: str, message: Message) -> str:
        logger.info("alert to=%r text=%s", target, message.text)
        return ""
