"""Hits as a browser would send them, for the tests of what happens behind the collector."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import msgspec

from tests.conftest import NOW
from tracker.inbox import Inbox
from tracker.records import Envelope, Hit, encode_envelope, to_micros

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)
_numbers = count(1)


def at(minutes: float) -> datetime:
    """A moment counted in minutes from the tests' now."""
    return NOW + timedelta(minutes=minutes)


def make_hit(minutes: float = 0, *, name: str = "pageview", **fields: Any) -> Hit:
    values: dict[str, Any] = {
        "name": name,
        "id": f"hit-{next(_numbers)}",
        "seen": to_micros(at(minutes)),
        "url": "https://www.ours.test/",
    }
    return Hit(**(values | fields))


def make_envelope(*hits: Hit, **fields: Any) -> Envelope:
    """One request with a visitor id; `visitor=""` makes it cookieless."""
    values: dict[str, Any] = {
        "site": "acme-web",
        "received": max([hit.seen for hit in hits], default=to_micros(NOW)),
        "address": "198.51.100.7",
        "user_agent": FIREFOX,
        "visitor": "visitor-1",
        "hits": list(hits),
    }
    envelope = Envelope(**(values | fields))
    return msgspec.structs.replace(envelope, consent="y" if envelope.visitor else "n")


def put(inbox_dir: Path, *envelopes: Envelope) -> None:
    """Appends requests to the inbox as a web process does."""
    put_bytes(inbox_dir, *(encode_envelope(envelope) for envelope in envelopes))


def put_bytes(inbox_dir: Path, *records: bytes) -> None:
    inbox = Inbox(inbox_dir)
    # Many at a time share their syncs; few keep their order.
    with ThreadPoolExecutor(16 if len(records) > 50 else 1) as pool:
        list(pool.map(inbox.append, records))
    inbox.close()
