"""What crosses the process border: an accepted request as it lies in the inbox.

`protocol.py` makes envelopes from bytes, `replay` from log lines; `ingest.py` reads them.
Times are integer microseconds since 1970 in UTC, because they go to disk.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Hit(msgspec.Struct, frozen=True, omit_defaults=True):
    """One reported thing, already checked and cut to the protocol's limits."""

    name: str
    id: str
    seen: int  # microseconds; the client's time corrected by its skew
    url: str = ""
    referrer: str = ""
    title: str = ""
    page: str = ""  # the client's page-view id
    sequence: int = 0
    client_time: int | None = None  # milliseconds as the client sent them
    props: dict[str, Any] = {}
    engaged: int | None = None  # milliseconds
    scroll: int | None = None  # per cent
    form: dict[str, str] = {}
    group: str = ""


class Envelope(msgspec.Struct, frozen=True, omit_defaults=True):
    """One accepted request: who sent it, how, and its hits."""

    site: str  # the site's key
    received: int  # microseconds
    address: str  # of the visitor, after the trusted proxies
    hits: list[Hit]
    user_agent: str = ""
    consent: str = "n"  # y or n
    visitor: str = ""  # the snippet's visitor id, only with consent
    session: str = ""
    user_id: str = ""
    language: str = ""
    viewport: int | None = None
    webdriver: bool = False
    prerender: bool = False  # Sec-Purpose said the page was only prefetched
    privacy_signal: bool = False  # the browser says no: Sec-GPC, or DNT where the site honours it
    source: str = "snippet"  # snippet, server or replay
    apart: str = ""  # tells visitors apart who have neither an address nor an id: one message each
    quiet: bool = False  # no alerts from this, whatever it matches


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Envelope)


def encode_envelope(envelope: Envelope) -> bytes:
    return _encoder.encode(envelope)


def decode_envelope(record: bytes) -> Envelope:
    """Raises msgspec.DecodeError when the bytes are not an envelope."""
    return _decoder.decode(record)


def to_micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def from_micros(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)
