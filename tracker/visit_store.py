"""Stores hits as visitors, visits, page views and actions: the acting half of visits.py.

Set-based: the number of statements does not depend on the number of hits. The caller holds the work lock
and the transaction; nothing here commits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar, cast

from sqlalchemy import Select, Table, bindparam, func, insert, literal, or_, select, union_all, update
from sqlalchemy.orm import Session

from tracker.agents import parse_agent
from tracker.models import Action, PageView, Visit, Visitor
from tracker.pages import find_page_group, split_url
from tracker.records import Hit
from tracker.visits import (
    ENGAGEMENT_SPAN,
    GAP,
    Arrived,
    KnownVisit,
    Landing,
    Origin,
    VisitPlan,
    is_engagement_with,
    plan_visits,
)

T = TypeVar("T")
HitKey = tuple[int, str]  # site, hit id
Planned = tuple[int, VisitPlan]  # visitor id
Placed = tuple[int, int, VisitPlan]  # visitor id, visit id
Groups = Mapping[int, Sequence[Sequence[object]]]

VISITORS = cast(Table, Visitor.__table__)
VISITS = cast(Table, Visit.__table__)
PAGE_VIEWS = cast(Table, PageView.__table__)
ACTIONS = cast(Table, Action.__table__)

# Below the number of variables that SQLite (32,766) and PostgreSQL (65,535) take in one statement.
CHUNK = 10_000

_FIRST_PAGE_VIEW = (
    select(PageView.id)
    .where(PageView.visit_id == Visit.id)
    .order_by(PageView.seen_at, PageView.hit_id)
    .limit(1)
    .correlate(Visit)
    .scalar_subquery()
)
_LANDING_COLUMNS = [VISITS.c[name] for name in Landing.__slots__]
_SEEN_COLUMNS = ("started_at", "ended_at", "page_view_count", "engaged_ms", "quiet")


@dataclass(slots=True)
class Stored:
    """What became of hits."""

    page_views: int = 0
    actions: int = 0
    duplicates: int = 0


@dataclass(slots=True)
class Engagements:
    """What engagement hits say (time, ms, per cent), by visitor and page-view id."""

    by_page: dict[tuple[int, str], list[tuple[datetime, int, int]]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def add(self, visitor_id: int, page: str, seen_at: datetime, props: Mapping[str, int]) -> None:
        self.by_page[visitor_id, page].append((seen_at, props["engaged"], props["scroll"]))

    def find(self, visitor_id: int, page: str, seen_at: datetime) -> tuple[int, int] | None:
        """Longest engagement (ms) and deepest scroll (per cent) told about a page view."""
        told = [
            (engaged, scroll)
            for moment, engaged, scroll in self.by_page.get((visitor_id, page), ())
            if is_engagement_with(moment, seen_at)
        ]
        return (max(e for e, _ in told), max(s for _, s in told)) if told else None


@dataclass(slots=True)
class Gained:
    """What engagement hits say: about page views of this batch, and by how much visits grow."""

    told: Engagements = field(default_factory=Engagements)
    by_visit: dict[int, int] = field(default_factory=lambda: defaultdict(int))


def store_hits(session: Session, arrived: Sequence[Arrived], groups: Groups, now: datetime) -> Stored:
    """Stores what is not stored yet. `groups`: page groups by site id."""
    fresh = _leave_out_duplicates(session, arrived)
    if fresh:
        visitors = _save_visitors(session, fresh)
        plans = _make_plans(session, fresh, visitors)
        placed = _save_new_visits(session, plans)
        _merge_visits(session, plans, now)
        gained = _record_engagement(session, fresh, visitors)
        _insert_hits(session, placed, gained, groups, now)
        _update_visits(session, plans, gained)
    page_views = sum(hit.is_page_view for hit in fresh)
    return Stored(page_views, len(fresh) - page_views, len(arrived) - len(fresh))


# --- which hits are new -----------------------------------------------------------------------------


def _leave_out_duplicates(session: Session, arrived: Sequence[Arrived]) -> list[Arrived]:
    stored = _find_stored(session, {hit.hit.id for hit in arrived})
    fresh: dict[HitKey, Arrived] = {}
    for hit in arrived:
        key = hit.site_id, hit.hit.id
        if key not in stored:
            fresh.setdefault(key, hit)
    return list(fresh.values())


def _find_stored(session: Session, hit_ids: Iterable[str]) -> set[HitKey]:
    stored: set[HitKey] = set()
    for ids in _chunks(hit_ids):
        found = union_all(
            select(PageView.site_id, PageView.hit_id).where(PageView.hit_id.in_(ids)),
            select(Action.site_id, Action.hit_id).where(Action.hit_id.in_(ids)),
        )
        stored.update((site_id, hit_id) for site_id, hit_id in session.execute(found))
    return stored


# --- visitors ---------------------------------------------------------------------------------------


def _save_visitors(session: Session, fresh: Sequence[Arrived]) -> dict[HitKey, int]:
    """The ids of all visitors of these hits, by site and key; new ones are made."""
    first: dict[HitKey, Arrived] = {}
    last: dict[HitKey, Arrived] = {}
    for hit in sorted(fresh, key=lambda hit: hit.seen_at):
        first.setdefault((hit.site_id, hit.visitor_key), hit)
        last[hit.site_id, hit.visitor_key] = hit
    ids: dict[HitKey, int] = {}
    changes = []
    for keys in _chunks({key for _, key in first}):
        for row in session.execute(select(VISITORS).where(VISITORS.c.key.in_(keys))):
            if hits := first.get((row.site_id, row.key)):
                ids[row.site_id, row.key] = row.id
                seen = {
                    "first_seen_at": min(row.first_seen_at, hits.seen_at),
                    "last_seen_at": max(row.last_seen_at, last[row.site_id, row.key].seen_at),
                }
                changes.append({"row_id": row.id, **seen})
    _update_rows(session, VISITORS, changes)
    return ids | _insert_visitors(session, {key: hit for key, hit in first.items() if key not in ids}, last)


def _insert_visitors(
    session: Session, first: Mapping[HitKey, Arrived], last: Mapping[HitKey, Arrived]
) -> dict[HitKey, int]:
    rows = [
        {
            "site_id": site_id,
            "key": key,
            "cookieless": hit.cookieless,
            "first_seen_at": hit.seen_at,
            "last_seen_at": last[site_id, key].seen_at,
        }
        for (site_id, key), hit in first.items()
    ]
    if not rows:
        return {}
    made = insert(VISITORS).returning(VISITORS.c.id, VISITORS.c.site_id, VISITORS.c.key)
    return {(site_id, key): id for id, site_id, key in session.execute(made, rows)}


# --- visits -----------------------------------------------------------------------------------------


def _make_plans(session: Session, fresh: Sequence[Arrived], visitors: Mapping[HitKey, int]) -> list[Planned]:
    """The visits to be, each with its visitor's id."""
    hits: dict[int, list[Arrived]] = defaultdict(list)
    for hit in fresh:
        hits[visitors[hit.site_id, hit.visitor_key]].append(hit)
    known = _find_visits(session, hits)
    return [(visitor, plan) for visitor in hits for plan in plan_visits(known[visitor], hits[visitor])]


def _find_visits(session: Session, hits: Mapping[int, Sequence[Arrived]]) -> dict[int, list[KnownVisit]]:
    """The stored visits that one of the hits may touch, by visitor."""
    moments = [hit.seen_at for some in hits.values() for hit in some]
    known: dict[int, list[KnownVisit]] = defaultdict(list)
    for ids in _chunks(hits):
        found = (
            select(VISITS, PageView.seen_at.label("first_seen_at"), PageView.hit_id.label("first_hit_id"))
            .join_from(VISITS, PageView, PageView.id == _FIRST_PAGE_VIEW, isouter=True)
            .where(VISITS.c.visitor_id.in_(ids), VISITS.c.merged_into_id.is_(None))
            .where(VISITS.c.started_at < max(moments) + GAP, VISITS.c.ended_at > min(moments) - GAP)
        )
        for row in session.execute(found):
            known[row.visitor_id].append(_known_visit(row))
    return known


def _known_visit(row: Any) -> KnownVisit:
    return KnownVisit(
        id=row.id,
        **{name: getattr(row, name) for name in _SEEN_COLUMNS},
        origin=Origin(row.address, row.user_agent, row.language),
        rank=(row.first_seen_at, row.first_hit_id) if row.first_hit_id is not None else None,
        landing=Landing(**{name: getattr(row, name) for name in Landing.__slots__}),
    )


def _save_new_visits(session: Session, plans: Sequence[Planned]) -> list[Placed]:
    """Makes the visits that are new; every plan then has its visit's id."""
    ids = {(visitor_id, plan.started_at): plan.id for visitor_id, plan in plans if plan.id is not None}
    rows = [_visit_row(visitor_id, plan) for visitor_id, plan in plans if plan.id is None]
    if rows:
        made = insert(VISITS).returning(VISITS.c.id, VISITS.c.visitor_id, VISITS.c.started_at)
        # Two visits of one visitor never start together, so this names each new row.
        ids |= {(visitor_id, start): id for id, visitor_id, start in session.execute(made, rows)}
    return [(visitor_id, ids[visitor_id, plan.started_at], plan) for visitor_id, plan in plans]


def _visit_row(visitor_id: int, plan: VisitPlan) -> dict[str, Any]:
    hit = plan.arrived[0]
    return {
        "site_id": hit.site_id,
        "visitor_id": visitor_id,
        "consent": not hit.cookieless,
        **_visit_values(plan),
    }


def _visit_values(plan: VisitPlan) -> dict[str, Any]:
    agent = parse_agent(plan.origin.user_agent)
    return {
        **{name: getattr(plan, name) for name in _SEEN_COLUMNS},
        **asdict(plan.origin),
        **asdict(agent),
        **asdict(plan.landing),
    }


def _merge_visits(session: Session, plans: Sequence[Planned], now: datetime) -> None:
    for visitor_id, plan in plans:
        if plan.merged and plan.id is not None:
            _merge(session, visitor_id, plan.id, plan.merged, now)


def _merge(session: Session, visitor_id: int, kept: int, merged: Sequence[int], now: datetime) -> None:
    """Empties visits into the kept one; they stay as signposts for whoever holds their number."""
    for table in (PAGE_VIEWS, ACTIONS):
        session.execute(update(table).where(table.c.visit_id.in_(merged)).values(visit_id=kept))
    pointed = or_(VISITS.c.id.in_(merged), VISITS.c.merged_into_id.in_(merged))
    emptied = {
        "merged_into_id": kept,
        "page_view_count": 0,
        "engaged_ms": 0,
        "identified_at": func.coalesce(VISITS.c.identified_at, literal(now, VISITS.c.identified_at.type)),
    }
    session.execute(update(VISITS).where(VISITS.c.visitor_id == visitor_id, pointed).values(emptied))


def _update_visits(session: Session, plans: Sequence[Planned], gained: Gained) -> None:
    """Writes what hits have changed. A visit that turns out to have another address is identified anew."""
    rows = [{"row_id": plan.id, **_visit_values(plan)} for _, plan in plans if plan.id is not None]
    _update_rows(session, VISITS, rows)
    moved = [plan.id for _, plan in plans if plan.moved]
    if moved:
        session.execute(update(VISITS).where(VISITS.c.id.in_(moved)).values(identified_at=None))
    more = [{"row_id": visit, "more": engaged} for visit, engaged in gained.by_visit.items() if engaged]
    if more:
        longer = {"engaged_ms": VISITS.c.engaged_ms + bindparam("more")}
        session.execute(update(VISITS).where(VISITS.c.id == bindparam("row_id")).values(longer), more)


# --- engagement -------------------------------------------------------------------------------------


def _record_engagement(session: Session, fresh: Sequence[Arrived], visitors: Mapping[HitKey, int]) -> Gained:
    """Applies new engagement to stored page views, and finds what was told early about the new ones."""
    gained = Gained()
    pages: list[tuple[int, Arrived]] = []
    for hit in fresh:
        visitor_id = visitors[hit.site_id, hit.visitor_key]
        if hit.hit.name == "engagement" and hit.hit.page:
            gained.told.add(visitor_id, hit.hit.page, hit.seen_at, _props(hit.hit))
        elif hit.is_page_view and hit.hit.page:
            pages.append((visitor_id, hit))
    if gained.told.by_page:
        _lengthen_stored(session, gained)
    if pages:
        _find_early(session, pages, gained.told)
    return gained


def _lengthen_stored(session: Session, gained: Gained) -> None:
    by_page = gained.told.by_page
    moments = [moment for told in by_page.values() for moment, _, _ in told]
    changes = []
    for pairs in _chunks(by_page):
        for row in session.execute(_stored_with_page(PAGE_VIEWS, pairs, moments)):
            told = gained.told.find(row.visitor_id, row.page, row.seen_at)
            engaged = max(row.engaged_ms or 0, told[0] if told else 0)
            scroll = max(row.scroll or 0, told[1] if told else 0)
            if told and (engaged, scroll) != (row.engaged_ms, row.scroll):
                changes.append({"row_id": row.id, "engaged_ms": engaged, "scroll": scroll})
                gained.by_visit[row.visit_id] += engaged - (row.engaged_ms or 0)
    _update_rows(session, PAGE_VIEWS, changes)


def _find_early(session: Session, pages: Sequence[tuple[int, Arrived]], told: Engagements) -> None:
    moments = [hit.seen_at for _, hit in pages]
    for pairs in _chunks((visitor_id, hit.hit.page) for visitor_id, hit in pages):
        stored = _stored_with_page(ACTIONS, pairs, moments).where(ACTIONS.c.name == "engagement")
        for row in session.execute(stored):
            told.add(row.visitor_id, row.page, row.seen_at, row.props)


def _stored_with_page(
    table: Table, pairs: Sequence[tuple[int, str]], moments: Sequence[datetime]
) -> Select[Any]:
    """Rows of these visitors with these page-view ids, near the moments."""
    return (
        select(table, VISITS.c.visitor_id)
        .join_from(VISITS, table, table.c.visit_id == VISITS.c.id)
        .where(VISITS.c.visitor_id.in_({visitor_id for visitor_id, _ in pairs}))
        .where(table.c.page.in_({page for _, page in pairs}))
        .where(table.c.seen_at.between(min(moments) - ENGAGEMENT_SPAN, max(moments) + ENGAGEMENT_SPAN))
    )


# --- page views and actions -------------------------------------------------------------------------


def _insert_hits(
    session: Session, plans: Sequence[Placed], gained: Gained, groups: Groups, now: datetime
) -> None:
    page_views, actions = [], []
    for visitor_id, visit_id, plan in plans:
        for hit in plan.arrived:
            if not hit.is_page_view:
                actions.append(_action_row(visit_id, hit, now))
                continue
            told = gained.told.find(visitor_id, hit.hit.page, hit.seen_at)
            gained.by_visit[visit_id] += told[0] if told else 0
            page_views.append(_page_view_row(visit_id, hit, told, groups, now))
    if page_views:
        session.execute(insert(PAGE_VIEWS), page_views)
    if actions:
        session.execute(insert(ACTIONS), actions)


def _page_view_row(
    visit_id: int, arrived: Arrived, told: tuple[int, int] | None, groups: Groups, now: datetime
) -> dict[str, Any]:
    hit = arrived.hit
    return {
        "site_id": arrived.site_id,
        "visit_id": visit_id,
        "hit_id": hit.id,
        "page": hit.page,
        "seen_at": arrived.seen_at,
        "received_at": arrived.received_at,
        "saved_at": now,
        "client_time_ms": hit.client_time,
        "url": hit.url,
        "path": split_url(hit.url)[1],
        "title": hit.title,
        "referrer": hit.referrer,
        "page_group": find_page_group(hit.url, groups.get(arrived.site_id, ())),
        "engaged_ms": told[0] if told else None,
        "scroll": told[1] if told else None,
        "decided_at": now if arrived.quiet else None,
    }


def _action_row(visit_id: int, arrived: Arrived, now: datetime) -> dict[str, Any]:
    hit = arrived.hit
    return {
        "site_id": arrived.site_id,
        "visit_id": visit_id,
        "hit_id": hit.id,
        "name": hit.name,
        "page": hit.page,
        "url": hit.url,
        "seen_at": arrived.seen_at,
        "received_at": arrived.received_at,
        "props": _props(hit),
        "handled_at": None if hit.name == "identify" else now,
    }


def _props(hit: Hit) -> dict[str, Any]:
    """What the hit carries beside its name: properties, and the fields that only some kinds of hits have."""
    if hit.name == "engagement":
        return {"engaged": hit.engaged or 0, "scroll": hit.scroll or 0}
    own = {"form": hit.form, "group": hit.group}
    return hit.props | {name: value for name, value in own.items() if value}


# --- statements -------------------------------------------------------------------------------------


def _update_rows(session: Session, table: Table, changes: Sequence[dict[str, Any]]) -> None:
    """Sets columns of many rows in one go; each change names its row by `row_id`."""
    if changes:
        session.execute(update(table).where(table.c.id == bindparam("row_id")), changes)


def _chunks(values: Iterable[T]) -> Iterable[list[T]]:
    rest = iter(dict.fromkeys(values))
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
