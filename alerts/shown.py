"""The message of a delivery for people to read, written again from the facts that its alert keeps."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from alerts.channels import CHANNELS, make_channel
from alerts.claims import recipient_of
from alerts.message import Message
from alerts.models import Alert, Channel, Delivery, DeliveryTry
from alerts.story import read_story
from tracker.settings import Settings

_LAST_TRY = select(func.max(DeliveryTry.started_at)).where(DeliveryTry.delivery_id == bindparam("delivery"))
_LINK = re.compile(r"<[^<>|]*\|([^<>]*)>")
_BOLD = re.compile(r"\*([^*\n]*)\*")


def message_lines(session: Session, delivery: Delivery, settings: Settings) -> tuple[str, ...]:
    """Its lines in the recipient's language; empty when the channel or the alert's facts are gone."""
    channel = session.get(Channel, delivery.channel_id) if delivery.channel_id else None
    alert = session.get(Alert, delivery.alert_id)
    if channel is None or alert is None or channel.kind not in CHANNELS:
        return ()
    kind = make_channel(channel.kind, channel.settings, settings)
    sent_at = session.scalar(_LAST_TRY, {"delivery": delivery.id}) or alert.created_at
    try:
        message = kind.write(read_story(alert.story), recipient_of(session, channel, delivery, sent_at))
    except (msgspec.ValidationError, KeyError, ValueError):
        # As the outbox has it: facts that another version of the program kept may not make a message.
        return ()
    return plain_lines(message)


def plain_lines(message: Message) -> tuple[str, ...]:
    """The words of a message without Slack's markup, a line for each of its paragraphs and fields."""
    if not message.blocks:
        return (message.text,)
    return tuple(line for block in message.blocks for text in _texts(block) for line in _bare(text))


def _texts(block: Mapping[str, Any]) -> list[str]:
    """The texts of a block; of a field, its name and value on one line."""
    own = [str(block["text"]["text"])] if "text" in block else []
    fields = [str(field["text"]).replace("*\n", ":* ", 1) for field in block.get("fields", ())]
    elements = [one for one in block.get("elements", ()) if one.get("type") == "mrkdwn"]
    # The links at the end lead to the page on which this is shown.
    return own + fields + [_LINK.sub("", str(one["text"])) for one in elements]


def _bare(text: str) -> list[str]:
    without = _BOLD.sub(r"\1", _LINK.sub(r"\1", text))
    return [line for line in map(str.strip, html.unescape(without).split("\n")) if line]
