"""Engaged time and scroll depth: which page view they belong to, whichever arrives first.

An engagement hit is stored as an action; what it says is also written to the page view that has the same
page-view id. The longest time and the deepest scroll count, so the order of arrival does not matter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, bindparam, select

from tracker.records import Hit
from tracker.visit_tables import ACTIONS, PAGE_VIEWS, VISITS, VisitorIds, chunks, update_rows
from tracker.visits import ENGAGEMENT_SPAN, Arrived, is_engagement_with


def _select_near(table: Table) -> Select[Any]:
    """Rows of these visitors with these page-view ids, between two moments."""
    return (
        select(table, VISITS.c.visitor_id)
        .join_from(VISITS, table, table.c.visit_id == VISITS.c.id)
        .where(VISITS.c.visitor_id.in_(bindparam("visitors", expanding=True)))
        .where(table.c.page.in_(bindparam("pages", expanding=True)))
        .where(table.c.seen_at.between(bindparam("first"), bindparam("last")))
    )


SELECT_PAGE_VIEWS = _select_near(PAGE_VIEWS)
SELECT_ENGAGEMENTS = _select_near(ACTIONS).where(ACTIONS.c.name == "engagement")


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


def record_engagement(connection: Connection, fresh: Sequence[Arrived], visitors: VisitorIds) -> Gained:
    """Applies new engagement to stored page views, and finds what was told early about the new ones."""
    gained = Gained()
    pages: list[tuple[int, Arrived]] = []
    for hit in fresh:
        visitor_id = visitors.of(hit)
        if hit.hit.name == "engagement" and hit.hit.page:
            gained.told.add(visitor_id, hit.hit.page, hit.seen_at, engagement_props(hit.hit))
        elif hit.is_page_view and hit.hit.page and visitor_id in visitors.stored:
            pages.append((visitor_id, hit))
    if any(visitor_id in visitors.stored for visitor_id, _ in gained.told.by_page):
        _lengthen_stored(connection, gained)
    if pages:
        _find_early(connection, pages, gained.told)
    return gained


def _lengthen_stored(connection: Connection, gained: Gained) -> None:
    by_page = gained.told.by_page
    moments = [moment for told in by_page.values() for moment, _, _ in told]
    changes = []
    for pairs in chunks(by_page):
        for row in connection.execute(SELECT_PAGE_VIEWS, _near(pairs, moments)):
            told = gained.told.find(row.visitor_id, row.page, row.seen_at)
            engaged = max(row.engaged_ms or 0, told[0] if told else 0)
            scroll = max(row.scroll or 0, told[1] if told else 0)
            if told and (engaged, scroll) != (row.engaged_ms, row.scroll):
                changes.append({"row_id": row.id, "engaged_ms": engaged, "scroll": scroll})
                gained.by_visit[row.visit_id] += engaged - (row.engaged_ms or 0)
    update_rows(connection, PAGE_VIEWS, changes)


def _find_early(connection: Connection, pages: Sequence[tuple[int, Arrived]], told: Engagements) -> None:
    moments = [hit.seen_at for _, hit in pages]
    for pairs in chunks((visitor_id, hit.hit.page) for visitor_id, hit in pages):
        for row in connection.execute(SELECT_ENGAGEMENTS, _near(pairs, moments)):
            told.add(row.visitor_id, row.page, row.seen_at, row.props)


def _near(pairs: Sequence[tuple[int, str]], moments: Sequence[datetime]) -> dict[str, Any]:
    return {
        "visitors": list({visitor_id for visitor_id, _ in pairs}),
        "pages": list({page for _, page in pairs}),
        "first": min(moments) - ENGAGEMENT_SPAN,
        "last": max(moments) + ENGAGEMENT_SPAN,
    }


def engagement_props(hit: Hit) -> dict[str, int]:
    """What an engagement hit says (ms, per cent), as its action keeps it."""
    return {"engaged": hit.engaged or 0, "scroll": hit.scroll or 0}
