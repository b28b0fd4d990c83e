"""A Segment-compatible body to envelopes: docs/segment.md in code. Pure; segment_routes.py acts.

A batch may speak of many visitors, and an envelope holds one: a batch becomes as many as it needs.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from tracker.address import read_address
from tracker.clean import clean_text
from tracker.protocol import Arrival, HitError, ProtocolError, Rejected, decide_time
from tracker.records import Envelope, Hit, encode_envelope, to_micros
from tracker.segment_messages import (
    Context,
    Message,
    Props,
    cut,
    make_body,
    make_hit_id,
    read_message,
    read_time,
)
from tracker.signature import sign_call, sign_email
from tracker.sites import SiteFacts
from tracker.strict_json import BadJson, read_json

MOST_BYTES = 500 * 1024
MOST_MESSAGE_BYTES = 32 * 1024
MOST_MESSAGES = 2_500
# As many as fit into the bytes, near enough; the bytes bound the work.
MOST_VALUES = 150_000

MESSAGES: Mapping[str, str] = {
    "batch_missing": "`batch` must hold at least one message.",
    "batch_too_long": "`batch` holds more than 2,500 messages.",
    "event_missing": "A track message needs `event`.",
    "group_missing": "A group message needs `groupId`.",
    "message_invalid": "A field of the message has the wrong type.",
    "message_too_large": "The message is larger than 32 KB.",
    "name_missing": "A screen message needs `name`.",
    "no_user_anon_id": "A message needs `userId` or `anonymousId`.",
    "type_unknown": "`type` must be track, page, screen, identify, group or alias.",
    "url_invalid": "The page's address must begin with http:// or https://.",
    "url_missing": "A page message needs `properties.url` or `context.page.url`.",
}

_VISITOR = re.compile(r"[0-9a-z-]{8,64}")


class SegmentError(ProtocolError):
    """Why a body, or all of its messages, are refused."""

    def __init__(self, status: int, code: str, rejected: tuple[Rejected, ...] = ()) -> None:
        super().__init__(status, code, rejected)
        self.message = MESSAGES.get(code, self.message)


@dataclass(frozen=True, slots=True)
class Batch:
    """A body, its messages still plain values. `kind` is empty when each message names its own type."""

    key: str
    kind: str
    sent: int | None
    messages: Sequence[object]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends. One with a secret key is `vouched` for: it may name addresses, and proves e-mail."""

    site: SiteFacts
    arrival: Arrival
    vouched: bool


@dataclass(frozen=True, slots=True)
class Taken:
    """The envelopes for the inbox, and the messages that are in none of them."""

    envelopes: tuple[Envelope, ...]
    rejected: tuple[Rejected, ...]


def read_batch(body: bytes, kind: str) -> Batch:
    """The outer object. `kind`: the type that the address named, empty for a batch. Raises SegmentError."""
    try:
        value = read_json(body, MOST_VALUES)
    except BadJson as error:
        raise SegmentError(400, error.code) from None
    if not isinstance(value, dict):
        raise SegmentError(400, "not_an_object")
    messages = [value] if kind else value.get("batch")
    if not isinstance(messages, list) or not messages:
        raise SegmentError(400, "batch_missing")
    if len(messages) > MOST_MESSAGES:
        raise SegmentError(413, "batch_too_long")
    key, sent = value.get("writeKey"), value.get("sentAt")
    return Batch(
        key if isinstance(key, str) else "",
        kind,
        read_time(sent) if isinstance(sent, str) else None,
        messages,
    )


def take_batch(batch: Batch, sender: Sender) -> Taken:
    """The envelopes of a batch. Raises SegmentError, with the first message's code, when none is taken."""
    envelopes: dict[bytes, Envelope] = {}
    rejected = []
    for index, value in enumerate(batch.messages):
        try:
            message = _read(value, batch.kind)
            hit = _make_hit(message, batch, sender)
        except HitError as error:
            rejected.append(Rejected(index, error.code))
            continue
        empty = _make_envelope(message, hit.id, sender)
        envelopes.setdefault(encode_envelope(empty), empty).hits.append(hit)
    if not envelopes:
        raise SegmentError(400, rejected[0].code, tuple(rejected))
    return Taken(tuple(envelopes.values()), tuple(rejected))


def _read(value: object, kind: str) -> Message:
    if len(msgspec.json.encode(value)) > MOST_MESSAGE_BYTES:
        raise HitError("message_too_large")
    message = read_message(value, kind)
    if not message.anonymous_id and not message.user_id:
        raise HitError("no_user_anon_id")
    return message


def _make_hit(message: Message, batch: Batch, sender: Sender) -> Hit:
    received, told = to_micros(sender.arrival.received), read_time(message.timestamp)
    body = make_body(message, sender.site.query_parameters)
    return Hit(
        name=body.name,
        id=make_hit_id(message),
        seen=decide_time(received, batch.sent, told),
        url=body.url,
        referrer=body.referrer,
        title=body.title,
        client_time=told,
        props=_prove(message, body.props, sender),
        group=body.group,
    )


def _prove(message: Message, props: Props, sender: Sender) -> Props:
    """Signs in the place of a server that vouches for what it says; what others signed stays as it is."""
    prover = PROVERS.get(message.type or "")
    if prover is None or not sender.vouched:
        return props
    signed = prover(message, props, sender)
    return cut(signed | {key: value for key, value in props.items() if key not in signed})


def _prove_person(message: Message, props: Props, sender: Sender) -> Props:
    email = props.get("email")
    if not isinstance(email, str):
        return {}
    ts = int(sender.arrival.received.timestamp())
    return {"email": email, "ts": ts, "sig": sign_email(sender.site.secret, email, ts)}


def _prove_company(message: Message, props: Props, sender: Sender) -> Props:
    told = {key: value for key in ("name", "domain") if isinstance(value := props.get(key), str)}
    if not told:
        return {}
    sig = sign_call(sender.site.secret, "group", told.get("name", ""), told.get("domain", ""))
    return {**told, "sig": sig}


def _prove_alias(message: Message, props: Props, sender: Sender) -> Props:
    """The keys that a visitor of the earlier id has: nothing says whether it was an anonymous or a user's."""
    earlier = message.previous_id or (message.anonymous_id if message.user_id else None)
    if not earlier or not _has_consent(message.context or Context(), sender):
        return {}
    keys = _anonymous_key(str(earlier)), _user_key(str(earlier))
    return {
        "previous": keys[0],
        "previous_user": keys[1],
        "sig": sign_call(sender.site.secret, "alias", *keys),
    }


PROVERS: Mapping[str, Callable[[Message, Props, Sender], Props]] = {
    "identify": _prove_person,
    "group": _prove_company,
    "alias": _prove_alias,
}


def _make_envelope(message: Message, hit_id: str, sender: Sender) -> Envelope:
    """The envelope without hits: what must be the same for messages to share one."""
    arrival, context = sender.arrival, message.context or Context()
    address = _read_ip(context.ip) if sender.vouched else arrival.address
    agent = context.user_agent or ("" if sender.vouched else arrival.user_agent)
    visitor = _find_visitor(message, sender) if _has_consent(context, sender) else ""
    return Envelope(
        site=sender.site.key,
        received=to_micros(arrival.received),
        address=address,
        hits=[],
        user_agent=clean_text(agent, 512),
        consent="y" if visitor else "n",
        visitor=visitor,
        user_id=clean_text(str(message.user_id or ""), 255) if visitor else "",
        language=clean_text(context.locale or "", 35),
        prerender=arrival.prerender,
        privacy_signal=arrival.says_no,
        source=arrival.source,
        apart="" if visitor or address else hit_id,
    )


def _read_ip(text: str | None) -> str:
    address = read_address(text) if text else None
    return str(address) if address else ""


def _has_consent(context: Context, sender: Sender) -> bool:
    """Whether the site says that its senders ask, and neither the browser nor the message says no."""
    told = context.consent.category_preferences if context.consent else None
    refused = bool(told) and not any(value is True for value in (told or {}).values())
    return sender.site.sender_consent and not refused and not sender.arrival.says_no


def _find_visitor(message: Message, sender: Sender) -> str:
    """The visitor's key: the sender's anonymous id, else, from a server alone, one made of its user id.

    An alias is about the user id, whatever anonymous id came along.
    """
    by_user = sender.vouched and message.user_id
    if message.anonymous_id and not (by_user and message.type == "alias"):
        return _anonymous_key(str(message.anonymous_id))
    return _user_key(str(message.user_id)) if by_user else ""


def _anonymous_key(id: str) -> str:
    text = id.lower()
    return text if _VISITOR.fullmatch(text) else f"a-{_digest(text)}"


def _user_key(id: str) -> str:
    # No browser can send an underscore, so that nobody can pass for a person by their user id.
    return f"u_{_digest(id)}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:40]
