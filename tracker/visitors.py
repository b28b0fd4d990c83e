"""Which visitor a hit belongs to: by the browser's own id with consent, else by a key good for one day.

The cookieless key is an HMAC of site, address and agent under a random salt of the hit's day. When the
salt has been deleted, nobody can work out any more which address a key stood for.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import cast

from sqlalchemy import Connection, Table, insert, select

from tracker.models import DailySalt
from tracker.records import Envelope, from_micros

SALTS = cast(Table, DailySalt.__table__)


def has_consent(envelope: Envelope) -> bool:
    """Whether a visitor id may be used; the browser's privacy signal outweighs what the page said."""
    return envelope.consent == "y" and envelope.visitor != "" and not envelope.privacy_signal


def make_visitor_key(envelope: Envelope, site_id: int, seen: int, salts: Mapping[date, bytes]) -> str:
    """At most 64 characters. `seen`: microseconds. Needs the salt of that day unless there is consent."""
    if has_consent(envelope):
        return envelope.visitor
    text = f"{site_id}\n{envelope.address}\n{envelope.user_agent}{envelope.apart}".encode()
    salt = salts[day_of(seen)]
    # Visitor ids hold no underscore, so that nobody can send an id that is another visitor's key.
    return "_" + hmac.new(salt, text, hashlib.sha256).hexdigest()[:48]


def day_of(seen: int) -> date:
    return from_micros(seen).date()


def get_salts(connection: Connection, days: Collection[date], now: datetime) -> dict[date, bytes]:
    """The salts of these days, made where missing; the caller holds the work lock."""
    if not days:
        return {}
    found = select(SALTS.c.day, SALTS.c.salt).where(SALTS.c.day.in_(days))
    salts: dict[date, bytes] = {row.day: row.salt for row in connection.execute(found)}
    missing = {day: secrets.token_bytes(32) for day in days if day not in salts}
    if missing:
        made = [{"day": day, "salt": salt, "made_at": now} for day, salt in missing.items()]
        connection.execute(insert(SALTS), made)
    return salts | missing
