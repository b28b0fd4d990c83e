"""Which visit a hit belongs to, and what a visit is made of. Pure: hits and stored visits in, plans out.

A visit is the hits of one visitor with no gap of 30 minutes. That is a property of the set of hits, so the
order in which they arrive does not matter: a late hit lengthens a visit at either end, or joins two.
What a visit takes from one of its hits, it takes from the earliest; equal times are ordered by content.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tracker.records import Hit
from tracker.sources import classify, read_utm

GAP = timedelta(minutes=30)
# The protocol's longest engagement; a hit further from the page view than this is not about it.
ENGAGEMENT_SPAN = timedelta(days=1)

Rank = tuple[datetime, str]


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """Who sent a hit: the address decides which company, the agent which browser."""

    address: str
    user_agent: str
    language: str


@dataclass(frozen=True, slots=True)
class Landing:
    """How a visit began; the fields are columns of the visit."""

    landing_url: str = ""
    referrer: str = ""
    utm_source: str = ""
    utm_medium: str = ""
    utm_campaign: str = ""
    utm_term: str = ""
    utm_content: str = ""
    traffic_channel: str = "Direct"
    source_name: str = ""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A hit that counts, on its way to its visit."""

    site_id: int
    visitor_key: str
    cookieless: bool
    hit: Hit
    seen_at: datetime
    received_at: datetime
    origin: Origin
    quiet: bool
    own_hosts: tuple[str, ...] = ()

    @property
    def is_page_view(self) -> bool:
        return self.hit.name == "pageview"

    @property
    def rank(self) -> Rank:
        return self.seen_at, self.hit.id


@dataclass(frozen=True, slots=True)
class KnownVisit:
    """A stored visit, as planning needs it. `rank` is that of its first page view; None: it has none."""

    id: int
    started_at: datetime
    ended_at: datetime
    page_view_count: int
    engaged_ms: int
    quiet: bool
    origin: Origin
    rank: Rank | None
    landing: Landing


@dataclass(frozen=True, slots=True)
class VisitPlan:
    """What a visit shall be: new when `id` is None; `merged` are the visits that it swallows."""

    id: int | None
    merged: tuple[int, ...]
    arrived: tuple[Arrived, ...]
    started_at: datetime
    ended_at: datetime
    page_view_count: int
    engaged_ms: int
    quiet: bool
    origin: Origin
    landing: Landing
    moved: bool  # the visit's address is another than the one it was identified by


Piece = KnownVisit | Arrived


def plan_visits(known: Sequence[KnownVisit], arrived: Sequence[Arrived]) -> list[VisitPlan]:
    """The visits of one visitor after these hits; stored visits that no hit touches are left out.

    `known` must hold every stored visit that begins or ends within 30 minutes of one of the hits.
    """
    pieces: list[Piece] = [*known, *arrived]
    pieces.sort(key=_start)
    return [plan for cluster in _clusters(pieces) if (plan := _plan(cluster))]


def _clusters(pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Cuts pieces, in the order of their starts, where nothing happened for 30 minutes."""
    clusters: list[list[Piece]] = []
    end = datetime.min.replace(tzinfo=UTC)
    for piece in pieces:
        if not clusters or _start(piece) - end >= GAP:
            clusters.append([])
        clusters[-1].append(piece)
        end = max(end, _end(piece))
    return clusters


def _plan(cluster: Sequence[Piece]) -> VisitPlan | None:
    known = sorted((piece for piece in cluster if isinstance(piece, KnownVisit)), key=_age)
    arrived = tuple(piece for piece in cluster if isinstance(piece, Arrived))
    if not arrived:
        return None
    kept = known[0] if known else None
    # A server that reports what a visitor did need not know the address; a browser's hit does.
    *_, origin = min((not piece.origin.address, _start(piece), piece.origin) for piece in cluster)
    return VisitPlan(
        id=kept.id if kept else None,
        merged=tuple(visit.id for visit in known[1:]),
        arrived=arrived,
        started_at=min(map(_start, cluster)),
        ended_at=max(map(_end, cluster)),
        page_view_count=sum(visit.page_view_count for visit in known)
        + sum(hit.is_page_view for hit in arrived),
        engaged_ms=sum(visit.engaged_ms for visit in known),
        quiet=all(piece.quiet for piece in cluster),
        origin=origin,
        landing=_landing(known, arrived),
        moved=kept is not None and kept.origin.address != origin.address,
    )


def _landing(known: Sequence[KnownVisit], arrived: Sequence[Arrived]) -> Landing:
    """From the earliest page view: of a stored visit, or one of the new."""
    stored = min(((visit.rank, visit.landing) for visit in known if visit.rank), default=None, key=_by_rank)
    first = min((hit for hit in arrived if hit.is_page_view), default=None, key=lambda hit: hit.rank)
    if first and (stored is None or first.rank < stored[0]):
        return make_landing(first.hit, first.own_hosts)
    return stored[1] if stored else Landing()


def make_landing(hit: Hit, own_hosts: Sequence[str]) -> Landing:
    """How a visit began that begins with this page view."""
    utm = read_utm(hit.url)
    traffic = classify(hit.url, hit.referrer, own_hosts)
    return Landing(
        landing_url=hit.url,
        referrer=hit.referrer,
        utm_source=utm.source,
        utm_medium=utm.medium,
        utm_campaign=utm.campaign,
        utm_term=utm.term,
        utm_content=utm.content,
        traffic_channel=traffic.channel,
        source_name=traffic.source_name,
    )


def is_engagement_with(engagement_seen_at: datetime, page_view_seen_at: datetime) -> bool:
    """Whether an engagement with the same page-view id can be about that page view."""
    return abs(engagement_seen_at - page_view_seen_at) <= ENGAGEMENT_SPAN


def _by_rank(pair: tuple[Rank, Landing]) -> Rank:
    return pair[0]


def _age(visit: KnownVisit) -> tuple[datetime, int]:
    return visit.started_at, visit.id


def _start(piece: Piece) -> datetime:
    return piece.started_at if isinstance(piece, KnownVisit) else piece.seen_at


def _end(piece: Piece) -> datetime:
    return piece.ended_at if isinstance(piece, KnownVisit) else piece.seen_at
