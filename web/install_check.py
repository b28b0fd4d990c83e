"""Does the snippet work? What arrived from a site, what was dropped today, and what that means in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tracker.models import DroppedHit, Site

# After this long without a hit a site that had some is worth a look.
QUIET_AFTER = timedelta(days=1)
SHOWN_DROPS = 20

REASONS = {
    "staff": ("by your own people", "The address is in one of the networks of your staff."),
    "bot": ("by robots", "The browser named itself as a known robot."),
    "webdriver": ("by automated browsers", "A program steered the browser, as tests do."),
    "prerender": ("prefetched", "The browser fetched the page in case somebody opens it."),
    "unknown_site": ("with an unknown key", "The key in the snippet belongs to no site."),
}


@dataclass(frozen=True, slots=True)
class DropCount:
    """How many hits were dropped today for one reason."""

    reason: str
    count: int

    @property
    def name(self) -> str:
        return REASONS.get(self.reason, (self.reason.replace("_", " "), ""))[0]

    @property
    def meaning(self) -> str:
        return REASONS.get(self.reason, ("", ""))[1]


@dataclass(frozen=True, slots=True)
class Drops:
    """What was dropped from a site today: counts, the latest, and the latest for being staff."""

    counts: tuple[DropCount, ...]
    latest: Sequence[DroppedHit]

    @property
    def total(self) -> int:
        return sum(row.count for row in self.counts)

    def find_staff(self, address: str) -> DroppedHit | None:
        """The latest visit of our own people, best of this very address."""
        staff = [hit for hit in self.latest if hit.reason == "staff"]
        return next((hit for hit in staff if hit.address == address), staff[0] if staff else None)


@dataclass(frozen=True, slots=True)
class Check:
    """The verdict: a state, its line, and what to do. `tone` is good, brass or accent."""

    state: str
    tone: str
    title: str
    advice: str = ""
    moment: datetime | None = None
    address: str = ""


def decide_check(site: Site, drops: Drops, own_address: str, now: datetime) -> Check:
    """What can be said about the snippet on this site."""
    if site.first_hit_at is None:
        return _decide_unseen(drops, own_address)
    last = site.last_hit_at or site.first_hit_at
    if now - last > QUIET_AFTER:
        return Check(
            "quiet",
            "brass",
            "The snippet worked, but nothing has come for more than a day",
            "Open your site and look here again. If nothing changes, the snippet was removed from the pages.",
            last,
            site.first_hit_address,
        )
    return Check("works", "good", "The snippet works", "", last, site.first_hit_address)


def _decide_unseen(drops: Drops, own_address: str) -> Check:
    if staff := drops.find_staff(own_address):
        whose = "Your own visit" if staff.address == own_address else "A visit of your own people"
        return Check(
            "staff",
            "good",
            f"{whose} was dropped as staff: the snippet works",
            "Visits from other addresses are counted. To count this one, take it out of the staff networks.",
            staff.received_at,
            staff.address,
        )
    if drops.latest:
        hit = drops.latest[0]
        who = DropCount(hit.reason, 1).name
        return Check(
            "dropped",
            "good",
            f"The snippet works; so far only page views {who}, which are not counted",
            "Open a page of your site in your own browser.",
            hit.received_at,
            hit.address,
        )
    return Check(
        "waiting",
        "accent",
        "Waiting for the first page view",
        "Put the snippet on your pages, then open one in a new tab. This line changes by itself.",
    )


def get_drops(session: Session, site_id: int, since: datetime) -> Drops:
    """What was dropped from this site since then."""
    here = (DroppedHit.site_id == site_id, DroppedHit.received_at >= since)
    number = func.count()
    rows = session.execute(
        select(DroppedHit.reason, number).where(*here).group_by(DroppedHit.reason).order_by(number.desc())
    )
    latest = select(DroppedHit).where(*here).order_by(DroppedHit.received_at.desc()).limit(SHOWN_DROPS)
    counts = tuple(DropCount(reason, count) for reason, count in rows)
    return Drops(counts, session.scalars(latest).all())
