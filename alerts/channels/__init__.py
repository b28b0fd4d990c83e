"""The table of channels: a new kind is one file here and one line in it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from alerts.channels.base import ChannelKind, DeliveryError, Field
from alerts.message import Message
from tracker.settings import Settings

CHANNELS: dict[str, str] = {
    "slack": "alerts.channels.slack.Slack",
    "sms": "alerts.channels.sms.Sms",
    "console": "alerts.channels.console.Console",
}

__all__ = ["CHANNELS", "ChannelKind", "DeliveryError", "Field", "Message", "channel_class", "make_channel"]


def channel_class(kind: str) -> type[ChannelKind]:
    """The class of a kind; raises KeyError for an unknown one."""
    module, _, name = CHANNELS[kind].rpartition(".")
    return getattr(import_module(module), name)  # type: ignore[no-any-return]


def make_channel(kind: str, values: Mapping[str, Any], settings: Settings) -> ChannelKind:
    """A channel that can send; `values` are the channel's own fields."""
    return channel_class(kind)(values, settings)
