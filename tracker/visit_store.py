"""Stores hits as visitors, visits, page views and actions: the acting half of visits.py.

Set-based: the number of statements does not depend on the number of hits. The caller holds the work lock
and the transaction; nothing here commits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Row,
    bindparam,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)

from tracker.agents import parse_agent
from tracker.engagement import Gained, engagement_props, record_engagement
from tracker.pages import find_page_group, split_url
from tracker.records import Hit
from tracker.visit_tables import (
    ACTIONS,
    PAGE_VIEWS,
    VISITORS,
    VISITS,
    HitKey,
    VisitorIds,
    chunks,
    run,
    update_rows,
)
from tracker.visits import GAP, Arrived, KnownVisit, Landing, Origin, VisitPlan, plan_visits

Planned = tuple[int, VisitPlan]  # visitor id
Placed = tuple[int, int, VisitPlan]  # visitor id, visit id
Groups = Mapping[int, Sequence[Sequence[object]]]

_SITES: BindParameter[Any] = bindparam("sites", expanding=True)
_IDS: BindParameter[Any] = bindparam("ids", expanding=True)

SELECT_STORED = union_all(
    select(PAGE_VIEWS.c.site_id, PAGE_VIEWS.c.hit_id).where(
        PAGE_VIEWS.c.site_id.in_(_SITES), PAGE_VIEWS.c.hit_id.in_(_IDS)
    ),
    select(ACTIONS.c.site_id, ACTIONS.c.hit_id).where(
        ACTIONS.c.site_id.in_(_SITES), ACTIONS.c.hit_id.in_(_IDS)
    ),
)
_ROOT = VISITORS.alias("root")
# Of a visitor that was joined with another, that other one.
SELECT_VISITORS = (
    select(
        VISITORS.c.site_id,
        VISITORS.c.key,
        func.coalesce(_ROOT.c.id, VISITORS.c.id).label("id"),
        func.coalesce(_ROOT.c.first_seen_at, VISITORS.c.first_seen_at).label("first_seen_at"),
        func.coalesce(_ROOT.c.last_seen_at, VISITORS.c.last_seen_at).label("last_seen_at"),
    )
    .join_from(VISITORS, _ROOT, _ROOT.c.id == VISITORS.c.joined_into_id, isouter=True)
    .where(VISITORS.c.site_id.in_(_SITES), VISITORS.c.key.in_(_IDS))
)
_FIRST_PAGE_VIEW = (
    select(PAGE_VIEWS.c.id)
    .where(PAGE_VIEWS.c.visit_id == VISITS.c.id)
    .order_by(PAGE_VIEWS.c.seen_at, PAGE_VIEWS.c.hit_id)
    .limit(1)
    .correlate(VISITS)
    .scalar_subquery()
)
_FIRST = PAGE_VIEWS.alias("first")
SELECT_VISITS = (
    select(VISITS, _FIRST.c.seen_at.label("first_seen_at"), _FIRST.c.hit_id.label("first_hit_id"))
    .join_from(VISITS, _FIRST, _FIRST.c.id == _FIRST_PAGE_VIEW, isouter=True)
    .where(VISITS.c.visitor_id.in_(_IDS), VISITS.c.merged_into_id.is_(None))
    .where(VISITS.c.started_at < bindparam("last"), VISITS.c.ended_at > bindparam("first"))
)
INSERT_VISITORS = insert(VISITORS).returning(VISITORS.c.id, VISITORS.c.site_id, VISITORS.c.key)
INSERT_VISITS = insert(VISITS).returning(VISITS.c.id, VISITS.c.visitor_id, VISITS.c.started_at)
INSERT_PAGE_VIEWS = insert(PAGE_VIEWS).inline()
INSERT_ACTIONS = insert(ACTIONS).inline()
LENGTHEN_VISITS = (
    update(VISITS)
    .where(VISITS.c.id == bindparam("row_id"))
    .values(engaged_ms=VISITS.c.engaged_ms + bindparam("more"))
)

_SEEN_COLUMNS = ("started_at", "ended_at", "page_view_count", "engaged_ms", "quiet")


@dataclass(slots=True)
class Stored:
    """What became of hits."""

    page_views: int = 0
    actions: int = 0
    duplicates: int = 0


def store_hits(connection: Connection, arrived: Sequence[Arrived], groups: Groups, now: datetime) -> Stored:
    """Stores what is not stored yet. `groups`: page groups by site id."""
    fresh = _leave_out_duplicates(connection, arrived)
    if fresh:
        visitors = _save_visitors(connection, fresh)
        plans = _make_plans(connection, fresh, visitors)
        placed = _save_new_visits(connection, plans)
        _merge_visits(connection, plans, now)
        gained = record_engagement(connection, fresh, visitors)
        _insert_hits(connection, placed, gained, groups, now)
        _update_visits(connection, plans, gained)
    page_views = sum(hit.is_page_view for hit in fresh)
    return Stored(page_views, len(fresh) - page_views, len(arrived) - len(fresh))


# --- which hits are new -----------------------------------------------------------------------------


def _leave_out_duplicates(connection: Connection, arrived: Sequence[Arrived]) -> list[Arrived]:
    stored = _find_stored(connection, arrived)
    fresh: dict[HitKey, Arrived] = {}
    for hit in arrived:
        key = hit.site_id, hit.hit.id
        if key not in stored:
            fresh.setdefault(key, hit)
    return list(fresh.values())


def _find_stored(connection: Connection, arrived: Sequence[Arrived]) -> set[HitKey]:
    sites = list({hit.site_id for hit in arrived})
    stored: set[HitKey] = set()
    for ids in chunks(hit.hit.id for hit in arrived):
        found = connection.execute(SELECT_STORED, {"sites": sites, "ids": ids})
        stored.update((site_id, hit_id) for site_id, hit_id in found)
    return stored


# --- visitors ---------------------------------------------------------------------------------------


def _save_visitors(connection: Connection, fresh: Sequence[Arrived]) -> VisitorIds:
    """Makes the visitors that are new, and notes when the others were seen."""
    first: dict[HitKey, Arrived] = {}
    last: dict[HitKey, Arrived] = {}
    for hit in sorted(fresh, key=lambda hit: hit.seen_at):
        first.setdefault((hit.site_id, hit.visitor_key), hit)
        last[hit.site_id, hit.visitor_key] = hit
    ids: dict[HitKey, int] = {}
    seen: dict[int, tuple[datetime, datetime]] = {}
    for row in _find_visitors(connection, first):
        key = row.site_id, row.key
        ids[key] = row.id
        known = seen.get(row.id, (row.first_seen_at, row.last_seen_at))
        seen[row.id] = min(known[0], first[key].seen_at), max(known[1], last[key].seen_at)
    update_rows(
        connection,
        VISITORS,
        [{"row_id": id, "first_seen_at": start, "last_seen_at": end} for id, (start, end) in seen.items()],
    )
    new = {key: hit for key, hit in first.items() if key not in ids}
    return VisitorIds(ids | _insert_visitors(connection, new, last), frozenset(ids.values()))


def _find_visitors(connection: Connection, wanted: Collection[HitKey]) -> list[Row[*tuple[Any, ...]]]:
    sites = list({site_id for site_id, _ in wanted})
    return [
        row
        for keys in chunks(key for _, key in wanted)
        for row in connection.execute(SELECT_VISITORS, {"sites": sites, "ids": keys})
        if (row.site_id, row.key) in wanted
    ]


def _insert_visitors(
    connection: Connection, first: Mapping[HitKey, Arrived], last: Mapping[HitKey, Arrived]
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
    return {(site_id, key): id for id, site_id, key in connection.execute(INSERT_VISITORS, rows)}


# --- visits -----------------------------------------------------------------------------------------


def _make_plans(connection: Connection, fresh: Sequence[Arrived], visitors: VisitorIds) -> list[Planned]:
    """The visits to be, each with its visitor's id."""
    hits: dict[int, list[Arrived]] = defaultdict(list)
    for hit in fresh:
        hits[visitors.of(hit)].append(hit)
    known = _find_visits(connection, {id: some for id, some in hits.items() if id in visitors.stored})
    return [(visitor, plan) for visitor in hits for plan in plan_visits(known[visitor], hits[visitor])]


def _find_visits(
    connection: Connection, hits: Mapping[int, Sequence[Arrived]]
) -> dict[int, list[KnownVisit]]:
    """The stored visits that one of the hits may touch, by visitor."""
    moments = [hit.seen_at for some in hits.values() for hit in some]
    if not moments:
        return defaultdict(list)
    near = {"last": max(moments) + GAP, "first": min(moments) - GAP}
    known: dict[int, list[KnownVisit]] = defaultdict(list)
    for ids in chunks(hits):
        for row in connection.execute(SELECT_VISITS, near | {"ids": ids}):
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


def _save_new_visits(connection: Connection, plans: Sequence[Planned]) -> list[Placed]:
    """Makes the visits that are new; every plan then has its visit's id."""
    ids = {(visitor_id, plan.started_at): plan.id for visitor_id, plan in plans if plan.id is not None}
    rows = [_visit_row(visitor_id, plan) for visitor_id, plan in plans if plan.id is None]
    if rows:
        # Two visits of one visitor never start together, so this names each new row.
        ids |= {(visitor_id, start): id for id, visitor_id, start in connection.execute(INSERT_VISITS, rows)}
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
    values = {name: getattr(plan, name) for name in _SEEN_COLUMNS}
    for part in (plan.origin, plan.landing, parse_agent(plan.origin.user_agent)):
        values |= {name: getattr(part, name) for name in part.__slots__}
    return values


def _merge_visits(connection: Connection, plans: Sequence[Planned], now: datetime) -> None:
    for visitor_id, plan in plans:
        if plan.merged and plan.id is not None:
            _merge(connection, visitor_id, plan.id, plan.merged, now)


def _merge(connection: Connection, visitor_id: int, kept: int, merged: Sequence[int], now: datetime) -> None:
    """Empties visits into the kept one; they stay as signposts for whoever holds their number."""
    for table in (PAGE_VIEWS, ACTIONS):
        connection.execute(update(table).where(table.c.visit_id.in_(merged)).values(visit_id=kept))
    pointed = or_(VISITS.c.id.in_(merged), VISITS.c.merged_into_id.in_(merged))
    emptied = {
        "merged_into_id": kept,
        "page_view_count": 0,
        "engaged_ms": 0,
        "identified_at": func.coalesce(VISITS.c.identified_at, literal(now, VISITS.c.identified_at.type)),
    }
    connection.execute(update(VISITS).where(VISITS.c.visitor_id == visitor_id, pointed).values(emptied))


def _update_visits(connection: Connection, plans: Sequence[Planned], gained: Gained) -> None:
    """Writes what hits have changed. A visit that turns out to have another address is identified anew."""
    rows = [{"row_id": plan.id, **_visit_values(plan)} for _, plan in plans if plan.id is not None]
    update_rows(connection, VISITS, rows)
    moved = [plan.id for _, plan in plans if plan.moved]
    if moved:
        connection.execute(update(VISITS).where(VISITS.c.id.in_(moved)).values(identified_at=None))
    more = [{"row_id": visit, "more": engaged} for visit, engaged in gained.by_visit.items() if engaged]
    if more:
        run(connection, LENGTHEN_VISITS, more)


# --- page views and actions -------------------------------------------------------------------------


def _insert_hits(
    connection: Connection, plans: Sequence[Placed], gained: Gained, groups: Groups, now: datetime
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
        run(connection, INSERT_PAGE_VIEWS, page_views)
    if actions:
        run(connection, INSERT_ACTIONS, actions)


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
        "handled_at": None if _names_person(hit) else now,
    }


def _names_person(hit: Hit) -> bool:
    """True when the action says who the visitor is, which is settled later."""
    if hit.name in ("alias", "group"):
        return "sig" in hit.props
    return hit.name == "identify" or (hit.name == "form" and "email" in hit.form)


def _props(hit: Hit) -> Mapping[str, Any]:
    """What the hit carries beside its name: properties, and the fields that only some kinds of hits have."""
    if hit.name == "engagement":
        return engagement_props(hit)
    own = {"form": hit.form, "group": hit.group}
    return hit.props | {name: value for name, value in own.items() if value}
