"""What the page of channels says of each: can people be reached, and if not, why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.channels import CHANNELS, channel_class
from alerts.models import Channel, Rule


@dataclass(frozen=True, slots=True)
class ChannelState:
    """A word, its tone and sign, and since when."""

    word: str
    tone: str
    sign: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChannelRow:
    id: int
    name: str
    kind: str
    label: str
    target: str
    state: ChannelState
    paused_reason: str
    last_error: str
    failed_at: datetime | None
    delivered_at: datetime | None
    rule_count: int

    @property
    def is_paused(self) -> bool:
        return self.state.word == "Paused"


def get_channels(session: Session) -> tuple[ChannelRow, ...]:
    uses = count_uses(session)
    channels = session.scalars(select(Channel).order_by(Channel.name))
    return tuple(
        ChannelRow(
            channel.id,
            channel.name,
            channel.kind,
            kind_label(channel.kind),
            channel.target,
            state_of(channel),
            channel.paused_reason,
            channel.last_error,
            channel.failed_at,
            channel.delivered_at,
            uses[channel.name],
        )
        for channel in channels
    )


def state_of(channel: Channel) -> ChannelState:
    """Paused beats failing beats ready; a channel that never sent anything is not called ready."""
    if channel.paused_at:
        return ChannelState("Paused", "bad", "cross", channel.paused_at)
    failed, delivered = channel.failed_at, channel.delivered_at
    if failed and (delivered is None or failed > delivered):
        return ChannelState("Failing", "bad", "warning", failed)
    if delivered:
        return ChannelState("Ready", "good", "tick", delivered)
    return ChannelState("Never tried", "brass", "question")


def kind_label(kind: str) -> str:
    return channel_class(kind).label if kind in CHANNELS else kind


def count_uses(session: Session) -> Counter[str]:
    """By channel name: the number of rules that send to it."""
    uses: Counter[str] = Counter()
    for send in session.scalars(select(Rule.send)):
        uses.update({str(one.get("channel")) for one in send if isinstance(one, dict)})
    return uses


def rename_in_rules(session: Session, old: str, new: str) -> None:
    """Rules name their channels; a new name must reach them in the same transaction."""
    for rule in session.scalars(select(Rule)):
        send = [one | {"channel": new} if one.get("channel") == old else one for one in rule.send]
        if send != rule.send:
            rule.send = send
            rule.version += 1
