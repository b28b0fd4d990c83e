"""Who reports with a key that no site has: a mistyped key is the commonest mistake of an installation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.models import CollectorNote, Site
from tracker.notes import REFUSED_HOST, UnknownKey, get_unknown_keys
from tracker.origin import is_host_allowed

RECENT = timedelta(days=7)
# Strangers may make up keys; more than these help nobody.
MOST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class StrayKey:
    """An unknown key, and the site that is probably meant."""

    unknown: UnknownKey
    meant: Site | None


def get_stray_keys(session: Session, sites: Sequence[Site], now: datetime) -> list[StrayKey]:
    """At most five: those from pages of our sites first, then those used most."""
    found = [StrayKey(one, _guess(one, sites)) for one in get_unknown_keys(session, now - RECENT)]
    return sorted(found, key=lambda stray: stray.meant is None)[:MOST_SHOWN]


def _guess(unknown: UnknownKey, sites: Sequence[Site]) -> Site | None:
    """The site whose page it is, else the one whose key looks most like it."""
    of_host = (site for site in sites if has_host(site, unknown.host))
    by_key = {site.key: site for site in sites}
    alike = get_close_matches(unknown.key, by_key, n=1, cutoff=0.8)
    return next(of_host, by_key[alike[0]] if alike else None)


def has_host(site: Site, host: str) -> bool:
    """Whether the site's list names this host; an empty list names none."""
    return bool(host) and any(is_host_allowed(host, entry) for entry in site.hosts)


def get_wrong_keys(session: Session, site: Site, since: datetime) -> list[tuple[str, str]]:
    """Keys other than the site's own that its pages report with, each with the page's host."""
    unknown = [(one.key, one.host) for one in get_unknown_keys(session, since)]
    others = session.execute(
        select(CollectorNote.site_key, CollectorNote.detail)
        .where(CollectorNote.kind == REFUSED_HOST, CollectorNote.site_key != site.key)
        .where(CollectorNote.last_at >= since)
        .order_by(CollectorNote.count.desc(), CollectorNote.id)
    ).all()
    return [(key, host) for key, host in (*unknown, *others) if has_host(site, host)]
