"""The class of the visit's source."""

from __future__ import annotations

from alerts.conditions.base import Check, Condition, Part, any_of, phrases, texts
from alerts.facts import Facts
from alerts.values import ChoicesKind, fold
from tracker.sources import CHANNEL_NAMES


def _traffic_channel(facts: Facts, value: tuple[str, ...]) -> Check:
    channel = facts.visit.traffic_channel
    if fold(channel) in {fold(item) for item in value}:
        return Check(True, f"the visit came by {channel}")
    return Check(False, f"the visit came by {channel}, the rule asks for {any_of(value, texts)}")


TRAFFIC_CHANNEL = Condition(
    key="traffic_channel",
    label={"en": "Traffic channel", "sv": "Trafikkanal"},
    help="The class of the visit's source.",
    kind=ChoicesKind("a traffic channel", CHANNEL_NAMES),
    choices=CHANNEL_NAMES,
    part=Part.HAPPENING,
    test=_traffic_channel,
    show=texts,
    phrases=phrases(("comes by {}", "it comes by {}"), ("kommer via {}", "det kommer via {}")),
)
