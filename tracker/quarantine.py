"""Hits that could not be processed: kept with all of their bytes and the error, so that none is lost."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import msgspec
from sqlalchemy import Connection, Table, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tracker.models import QuarantinedHit
from tracker.records import decode_envelope

logger = logging.getLogger(__name__)

# In the place of a hit's index: nobody could read what the record holds.
WHOLE_RECORD = -1
ERROR_LENGTH = 2000
QUARANTINE = cast(Table, QuarantinedHit.__table__)


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A row of the quarantine for people; `site` and `page` are empty where the record cannot be read."""

    id: int
    received_at: datetime
    site: str
    page: str
    error: str


def quarantine(connection: Connection, record: bytes, index: int, error: Exception, now: datetime) -> None:
    """Keeps hit `index` of the record, or the WHOLE_RECORD, with its error."""
    logger.error("hit quarantined error=%s", type(error).__name__)
    row = {"received_at": now, "error": describe_error(error), "record": record, "hit_index": index}
    connection.execute(insert(QUARANTINE), [row])


def describe_error(error: Exception) -> str:
    """The error in one line that any database can hold; a database's own message without its statement."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    text = f"{type(cause).__name__}: {cause}"
    return "".join(character if character.isprintable() else " " for character in text)[:ERROR_LENGTH]


def list_quarantined(session: Session, limit: int) -> list[Quarantined]:
    """The newest `limit` rows, newest first."""
    rows = session.scalars(select(QuarantinedHit).order_by(QuarantinedHit.id.desc()).limit(limit))
    return [Quarantined(row.id, row.received_at, *_say(row.record, row.hit_index), row.error) for row in rows]


def _say(record: bytes, index: int) -> tuple[str, str]:
    try:
        envelope = decode_envelope(record)
        return envelope.site, envelope.hits[max(index, 0)].url
    except (ValueError, IndexError, msgspec.MsgspecError):
        return "", ""
