"""Chooses whom an alert goes to. Pure: frozen channels and people in, routes with their reasons out.

Nobody is never told: where the wanted person or channel cannot be used, another way is found and the
message says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from alerts import words
from alerts.specs import DEAL_OWNER, OWNER, Send

Reach = Literal["slack_id", "phone", "name"]


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """A channel as routing sees it. `fixed`: it reaches one place only, such as a webhook."""

    id: int
    name: str
    reaches: Reach
    target: str = ""
    fixed: bool = False
    paused_reason: str = ""
    language: str = "en"

    @property
    def own_target(self) -> str:
        return self.target or (self.name if self.fixed else "")


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """A user as routing sees them."""

    id: int
    name: str
    email: str
    slack_id: str = ""
    phone: str = ""
    language: str = "en"
    is_admin: bool = False
    disabled: bool = False

    def address(self, channel: ChannelFacts) -> str:
        if channel.fixed or self.disabled:
            return ""
        addresses = {"slack_id": self.slack_id, "phone": self.phone, "name": self.name or self.email}
        return addresses[channel.reaches]


@dataclass(frozen=True, slots=True)
class Route:
    """One delivery to be. Without a channel nobody can be told, and `why` says why not."""

    channel_id: int | None
    channel_name: str
    target: str
    why: str
    user_id: int | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """All channels, all users, and who owns what is seen."""

    channels: Mapping[str, ChannelFacts]
    people: Sequence[PersonFacts] = ()
    owner_id: int | None = None
    owned: str = ""  # what the owner owns: the subject, or one of its people
    deal_owner_id: int | None = None
    subject: str = "the company"
    used: frozenset[tuple[int, str]] = field(default_factory=frozenset)  # (channel id, target) already told

    def person(self, user_id: int | None) -> PersonFacts | None:
        return next((person for person in self.people if person.id == user_id), None)


_SAY: Mapping[str, Mapping[str, str]] = {
    "en": {
        "owner": "you own {owned}",
        "deal_owner": "you owned the deal",
        "named": "the rule names you",
        "channel": "the rule tells this channel",
        "fallback": "fallback: {problem}",
        "deleted": "the channel {channel} does not exist",
        "paused": "{channel} is paused",
        "no_owner": "{subject} has no owner",
        "no_deal_owner": "the deal has no owner",
        "no_user": "{email} is no user",
        "no_slack_id": "{person} has no Slack id",
        "no_phone": "{person} has no telephone number",
        "disabled": "{person} is switched off",
        "fixed": "{channel} cannot reach {person} alone",
        "no_target": "{channel} has no target of its own",
    },
    "sv": {
        "owner": "du äger {owned}",
        "deal_owner": "du ägde affären",
        "named": "regeln nämner dig",
        "channel": "regeln går till denna kanal",
        "fallback": "reservväg: {problem}",
        "deleted": "kanalen {channel} finns inte",
        "paused": "{channel} är pausad",
        "no_owner": "{subject} har ingen ägare",
        "no_deal_owner": "affären har ingen ägare",
        "no_user": "{email} är ingen användare",
        "no_slack_id": "{person} har inget Slack-id",
        "no_phone": "{person} har inget telefonnummer",
        "disabled": "{person} är avstängd",
        "fixed": "{channel} når inte {person} ensam",
        "no_target": "{channel} har inget eget mål",
    },
}


@dataclass(frozen=True, slots=True)
class Problem:
    """Why the wanted way cannot be used, in words of either language."""

    key: str
    values: Mapping[str, str]
    text: str = ""  # instead of the key: what the far end said

    def say(self, locale: str) -> str:
        return self.text or _SAY[words.language(locale)][self.key].format(**self.values)


def route(sends: Sequence[Send], places: Places) -> list[Route]:
    """Where one alert goes: each channel and target once, in the order of the rule."""
    routes: dict[tuple[int | None, str], Route] = {}
    for send in sends:
        found = _route_one(send, places)
        routes.setdefault((found.channel_id, found.target), found)
    told = [one for one in routes.values() if one.channel_id is not None]
    # A way that failed is told only if nothing else was found: the others carry the alert.
    return told or list(routes.values())


def find_fallback(
    problem: Problem, places: Places, *, failed: str, user_id: int | None = None
) -> Route | None:
    """Another way for a delivery that failed; None when every way has been used or cannot be."""
    channel = places.channels.get(failed)
    person = places.person(user_id)
    for candidate in _ways(channel, person, places):
        if candidate.channel_id is not None and (candidate.channel_id, candidate.target) not in places.used:
            return _because(candidate, problem, places)
    return None


def _route_one(send: Send, places: Places) -> Route:
    channel = places.channels.get(send.channel)
    person = _wanted(send, places)
    problem = _problem(send, channel, person, places)
    if problem is None and channel is not None:
        return _direct(send, channel, person, places)
    assert problem is not None
    for candidate in _ways(channel, person, places):
        return _because(candidate, problem, places)
    return Route(None, send.channel, "", problem.say("en"))


def _wanted(send: Send, places: Places) -> PersonFacts | None:
    if send.to == OWNER:
        return places.person(places.owner_id)
    if send.to == DEAL_OWNER:
        return places.person(places.deal_owner_id)
    return next((person for person in places.people if send.to and person.email == send.to), None)


def _problem(
    send: Send, channel: ChannelFacts | None, person: PersonFacts | None, places: Places
) -> Problem | None:
    """The first thing that stands in the way, if any."""
    values = {
        "channel": send.channel,
        "email": send.to,
        "subject": places.subject,
        "person": person.name or person.email if person else "",
    }
    if channel is None:
        return Problem("deleted", values)
    if channel.paused_reason:
        return Problem("paused", values)
    if not send.to:
        return None if channel.own_target else Problem("no_target", values)
    if person is None:
        return Problem({OWNER: "no_owner", DEAL_OWNER: "no_deal_owner"}.get(send.to, "no_user"), values)
    if person.address(channel):
        return None
    if person.disabled:
        return Problem("disabled", values)
    missing = "no_slack_id" if channel.reaches == "slack_id" else "no_phone"
    return Problem("fixed" if channel.fixed else missing, values)


def _direct(send: Send, channel: ChannelFacts, person: PersonFacts | None, places: Places) -> Route:
    if person is None:
        return Route(
            channel.id, channel.name, channel.own_target, _SAY[words.language(channel.language)]["channel"]
        )
    reason = send.to if send.to in (OWNER, DEAL_OWNER) else "named"
    why = _SAY[words.language(person.language)][reason].format(owned=places.owned)
    return Route(channel.id, channel.name, person.address(channel), why, person.id)


def _ways(channel: ChannelFacts | None, person: PersonFacts | None, places: Places) -> Iterator[Route]:
    """Other ways, best first: the channel itself, the person elsewhere, another channel, the admins."""
    usable = [one for one in places.channels.values() if not one.paused_reason]
    if channel and channel in usable and channel.own_target:
        yield _to_channel(channel)
    if person:
        yield from _to_person(person, usable)
    yield from (_to_channel(one) for one in usable if one != channel and one.own_target)
    for admin in places.people:
        if admin.is_admin:
            yield from _to_person(admin, usable)


def _to_channel(channel: ChannelFacts) -> Route:
    return Route(channel.id, channel.name, channel.own_target, "")


def _to_person(person: PersonFacts, channels: Iterable[ChannelFacts]) -> Iterator[Route]:
    for channel in channels:
        if person.address(channel):
            yield Route(channel.id, channel.name, person.address(channel), "", person.id)


def _because(candidate: Route, problem: Problem, places: Places) -> Route:
    """The way with its reason, in the language of who reads it."""
    person = places.person(candidate.user_id)
    locale = person.language if person else places.channels[candidate.channel_name].language
    why = _SAY[words.language(locale)]["fallback"].format(problem=problem.say(locale))
    return Route(candidate.channel_id, candidate.channel_name, candidate.target, why[:300], candidate.user_id)
