"""Segment's messages, and what each of them is as a hit: one line of a table per type. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from tracker.clean import clean_text, clean_url, scrub_url
from tracker.protocol import MOST_PROPS, HitError
from tracker.records import EPOCH

Scalar = str | bool | int | float
Props = dict[str, Scalar]

# Names that mean something to what stands behind the collector; a tracked event must not pass for one.
RESERVED = frozenset({"pageview", "engagement", "identify", "group", "alias", "consent"})
# Traits by which the usual senders tell a person's role.
ROLES = ("role", "title", "position", "jobTitle")
# And those by which they tell a company's website.
WEBSITES = ("domain", "website", "url")
CAMPAIGN = {"name": "campaign", "source": "source", "medium": "medium", "term": "term", "content": "content"}
# A screen of an app has no address; by this one page groups and rules can name it.
SCREENS = "https://app.invalid/screen/"


class Page(msgspec.Struct, frozen=True):
    url: str | None = None
    referrer: str | None = None
    title: str | None = None


class Consent(msgspec.Struct, frozen=True, rename="camel"):
    category_preferences: dict[str, Any] | None = None


class Context(msgspec.Struct, frozen=True, rename="camel"):
    """Where a message was made, as far as anything here asks for it."""

    page: Page | None = None
    campaign: dict[str, Any] | None = None
    consent: Consent | None = None
    traits: dict[str, Any] | None = None  # where RudderStack's clients put them
    user_agent: str | None = None
    ip: str | None = None
    locale: str | None = None


class Message(msgspec.Struct, frozen=True, rename="camel"):
    """One message; senders leave out what they do not know, or write null."""

    type: str | None = None
    message_id: str | None = None
    anonymous_id: str | int | None = None
    user_id: str | int | None = None
    group_id: str | int | None = None
    previous_id: str | int | None = None
    event: str | None = None
    name: str | None = None
    timestamp: str | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    context: Context | None = None


class Body(msgspec.Struct, frozen=True):
    """What a message says as a hit; the fields are those of Hit."""

    name: str
    url: str = ""
    referrer: str = ""
    title: str = ""
    props: Props = {}
    group: str = ""


def read_message(value: object, kind: str) -> Message:
    """One message out of a body; `kind` is the type that the address named. Raises HitError."""
    try:
        message = msgspec.convert(value, Message)
    except msgspec.ValidationError:
        raise HitError("message_invalid") from None
    return msgspec.structs.replace(message, type=kind) if kind else message


def make_body(message: Message, extra: frozenset[str]) -> Body:
    """What the message says. `extra`: query parameters to keep. Raises HitError."""
    maker = TYPES.get(message.type or "")
    if maker is None:
        raise HitError("type_unknown")
    return maker(message, extra)


def _page(message: Message, extra: frozenset[str]) -> Body:
    page, told = find_page(message), message.properties or {}
    return Body(
        "pageview",
        url=_needed_url(_text(told.get("url")) or page.url or "", message, extra),
        referrer=scrub_url(_text(told.get("referrer")) or page.referrer or "", extra),
        title=clean_text(_text(told.get("title")) or page.title or message.name or "", 300),
    )


def _screen(message: Message, extra: frozenset[str]) -> Body:
    name = message.name or _text((message.properties or {}).get("name"))
    if not name:
        raise HitError("name_missing")
    url = _needed_url(SCREENS + quote(clean_text(name, 300), safe=""), message, extra)
    return Body("pageview", url=url, title=clean_text(name, 300))


def _track(message: Message, extra: frozenset[str]) -> Body:
    name = clean_text(message.event or "", 64)
    if not name:
        raise HitError("event_missing")
    name = clean_text(f"track {name}", 64) if name in RESERVED else name
    return _on_page(message, name, flatten(message.properties), extra)


def _identify(message: Message, extra: frozenset[str]) -> Body:
    traits = message.traits or (message.context.traits if message.context else None) or {}
    known = {"email": _text(traits.get("email")), "name": _full_name(traits), "role": _role(traits)}
    told = {key: value for key, value in known.items() if value}
    return _on_page(message, "identify", flatten(told | traits | told), extra)


def _group(message: Message, extra: frozenset[str]) -> Body:
    if not message.group_id:
        raise HitError("group_missing")
    traits = message.traits or {}
    known = {"name": _text(traits.get("name")), "domain": _first_text(traits, WEBSITES)}
    told = {key: value for key, value in known.items() if value}
    # A number is no company's name: it would be somebody's key.
    rest = {key: value for key, value in traits.items() if key not in known}
    body = _on_page(message, "group", flatten(told | rest), extra)
    return msgspec.structs.replace(body, group=clean_text(str(message.group_id), 255))


def _alias(message: Message, extra: frozenset[str]) -> Body:
    return _on_page(message, "alias", {}, extra)


TYPES: Mapping[str, Callable[[Message, frozenset[str]], Body]] = {
    "page": _page,
    "screen": _screen,
    "track": _track,
    "identify": _identify,
    "group": _group,
    "alias": _alias,
}


def _on_page(message: Message, name: str, props: Props, extra: frozenset[str]) -> Body:
    page = find_page(message)
    return Body(name, url=scrub_url(page.url or "", extra), props=props)


def find_page(message: Message) -> Page:
    context = message.context
    return context.page if context and context.page else Page()


def _needed_url(url: str, message: Message, extra: frozenset[str]) -> str:
    if not url:
        raise HitError("url_missing")
    try:
        return clean_url(add_campaign(url, message), extra)
    except ValueError:
        raise HitError("url_invalid") from None


def add_campaign(url: str, message: Message) -> str:
    """The address with the campaign that the sender knows of, unless it names one itself."""
    campaign = (message.context.campaign if message.context else None) or {}
    told = {f"utm_{CAMPAIGN[key]}": _text(value) for key, value in campaign.items() if key in CAMPAIGN}
    told = {key: value for key, value in told.items() if value}
    if not told or "utm_" in urlsplit(url).query:
        return url
    bare, hash_mark, fragment = url.partition("#")
    return f"{bare}{'&' if '?' in bare else '?'}{urlencode(told)}{hash_mark}{fragment}"


def flatten(values: Mapping[str, Any] | None) -> Props:
    """Texts, numbers and booleans; those of an object inside under `outer.inner`. The rest is left out."""
    return cut({clean_text(key, 64): _fit(value) for key, value in _pairs(values or {})})


def cut(props: Props) -> Props:
    return dict(list(props.items())[:MOST_PROPS])


def _pairs(values: Mapping[str, Any]) -> Iterator[tuple[str, Scalar]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from ((f"{key}.{name}", leaf) for name, leaf in value.items() if _is_scalar(leaf))
        elif _is_scalar(value):
            yield key, value


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | bool | int | float)


def _fit(value: Scalar) -> Scalar:
    """A value that every database holds."""
    if isinstance(value, str):
        return clean_text(value, 500)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return clean_text(str(value), 500)
    return value


def _full_name(traits: Mapping[str, Any]) -> str:
    parts = (_text(traits.get("firstName")), _text(traits.get("lastName")))
    return _text(traits.get("name")) or " ".join(part for part in parts if part)


def _role(traits: Mapping[str, Any]) -> str:
    return _first_text(traits, ROLES)


def _first_text(traits: Mapping[str, Any], names: Iterable[str]) -> str:
    return next((text for name in names if (text := _text(traits.get(name)))), "")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def make_hit_id(message: Message) -> str:
    """The sender's id, by which a message sent twice counts once; of one too long or missing, a digest."""
    text = clean_text(message.message_id or "", 101)
    if 0 < len(text) <= 64:
        return text
    return hashlib.sha256(text.encode() or msgspec.json.encode(message)).hexdigest()


def read_time(text: str | None) -> int | None:
    """Milliseconds since 1970 of an ISO 8601 moment, in UTC where it names no zone; None for all else."""
    try:
        moment = datetime.fromisoformat(text or "")
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return int((aware - EPOCH).total_seconds() * 1_000)
    except (ValueError, OverflowError):
        return None
