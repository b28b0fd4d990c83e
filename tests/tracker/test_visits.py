"""Visits are a property of the set of hits: any order of arrival, any split into batches gives the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from tests.conftest import NOW
from tests.tracker.hits import CHROME, FIREFOX, at, make_hit
from tracker.db import Database
from tracker.models import Action, PageView, Site, Visit, Visitor
from tracker.visit_store import store_hits
from tracker.visits import GAP, Arrived, KnownVisit, Landing, Origin, make_landing, plan_visits

HOME = Origin("198.51.100.7", FIREFOX, "sv")
TRAIN = Origin("203.0.113.200", FIREFOX, "sv")
OFFICE = Origin("198.51.100.7", CHROME, "")


def arrive(minutes: float, *, origin: Origin = HOME, quiet: bool = False, **fields: object) -> Arrived:
    hit = make_hit(minutes, **fields)  # type: ignore[arg-type]
    return Arrived(1, "visitor-1", False, hit, at(minutes), NOW, origin, quiet)


def known(number: int, start: float, end: float, **changes: object) -> KnownVisit:
    visit = KnownVisit(
        number,
        at(start),
        at(end),
        1,
        0,
        False,
        HOME,
        (at(start), f"first-{number}"),
        Landing(f"page {number}"),
    )
    return replace(visit, **changes)  # type: ignore[arg-type]


# --- by example -------------------------------------------------------------------------------------


def test_hits_a_gap_apart_are_two_visits() -> None:
    first, second = plan_visits([], [arrive(0), arrive(30)])
    assert (first.ended_at, second.started_at) == (at(0), at(30))


def test_hits_less_than_a_gap_apart_are_one_visit() -> None:
    [plan] = plan_visits([], [arrive(29.99), arrive(0)])
    assert (plan.id, plan.started_at, plan.ended_at, plan.page_view_count) == (None, at(0), at(29.99), 2)


def test_a_hit_in_the_middle_of_a_long_visit_belongs_to_it() -> None:
    [plan] = plan_visits([known(7, 0, 300)], [arrive(150)])
    assert (plan.id, plan.started_at, plan.ended_at) == (7, at(0), at(300))


def test_a_hit_near_the_end_of_a_long_visit_lengthens_it_whatever_came_between() -> None:
    [plan] = plan_visits([known(7, 0, 300)], [arrive(10), arrive(320)])
    assert (plan.id, plan.ended_at) == (7, at(320))


@pytest.mark.parametrize(("hit_id", "landing"), [("a", "https://www.ours.test/"), ("z", "page 7")])
def test_of_page_views_at_the_same_time_the_lesser_id_is_the_landing_page(hit_id: str, landing: str) -> None:
    [plan] = plan_visits([known(7, 0, 0)], [arrive(0, id=hit_id)])
    assert plan.landing.landing_url == landing


def test_the_earlier_of_two_joined_visits_is_kept() -> None:
    [plan] = plan_visits([known(3, 50, 60), known(9, 0, 10)], [arrive(35)])
    assert (plan.id, plan.merged) == (9, (3,))
    assert (plan.page_view_count, plan.landing.landing_url) == (3, "page 9")


def test_visits_that_no_hit_touches_are_left_alone() -> None:
    assert [plan.id for plan in plan_visits([known(1, 0, 5), known(2, 100, 105)], [arrive(110)])] == [2]


def test_no_hits_make_no_plans() -> None:
    assert plan_visits([known(1, 0, 5)], []) == []


def test_actions_lengthen_a_visit_but_are_no_landing_page() -> None:
    [plan] = plan_visits([], [arrive(0, name="download", url="https://a.test/x"), arrive(20)])
    assert (plan.started_at, plan.page_view_count) == (at(0), 1)
    assert plan.landing.landing_url == "https://www.ours.test/"


def test_a_visit_of_actions_only_has_no_landing_page() -> None:
    [plan] = plan_visits([], [arrive(0, name="download")])
    assert (plan.page_view_count, plan.landing) == (0, Landing())


def test_the_earliest_hit_tells_the_address() -> None:
    [plan] = plan_visits([known(1, 5, 5)], [arrive(0, origin=TRAIN), arrive(9, origin=OFFICE)])
    assert (plan.origin, plan.moved) == (TRAIN, True)


def test_another_agent_at_the_same_address_is_no_move() -> None:
    [plan] = plan_visits([known(1, 5, 5)], [arrive(0, origin=OFFICE)])
    assert (plan.origin, plan.moved) == (OFFICE, False)


# --- by property ------------------------------------------------------------------------------------

_numbers = count(1)
PAGES = ("", "page-1", "page-2")


@dataclass(frozen=True)
class Seen:
    """What a visit looks like from outside: no row numbers in it."""

    visitor: str
    hits: frozenset[str]
    started_at: datetime
    ended_at: datetime
    page_view_count: int
    engaged_ms: int
    quiet: bool
    origin: Origin
    landing: Landing


@st.composite
def many_hits(draw: st.DrawFn) -> list[Arrived]:
    made = draw(
        st.lists(
            st.tuples(
                st.sampled_from(["visitor-1", "visitor-2"]),
                st.integers(0, 40).map(lambda step: step * 7.5),
                st.sampled_from(["pageview", "pageview", "engagement", "download"]),
                st.sampled_from(PAGES),
                st.integers(0, 5),
                st.sampled_from([HOME, TRAIN, OFFICE]),
                st.booleans(),
            ),
            min_size=1,
            max_size=25,
        )
    )
    return [
        replace(
            arrive(
                minutes,
                name=name,
                page=page,
                engaged=engaged * 1000,
                url=f"https://www.ours.test/{number}?utm_source=s{number}&utm_medium=email",
                origin=origin,
                quiet=quiet,
            ),
            visitor_key=visitor,
        )
        for number, (visitor, minutes, name, page, engaged, origin, quiet) in enumerate(made)
    ]


def expected(hits: Sequence[Arrived]) -> set[Seen]:
    """The visits by their definition, worked out on all hits at once."""
    visits: list[list[Arrived]] = []
    for hit in sorted(hits, key=lambda hit: (hit.visitor_key, hit.seen_at, hit.origin)):
        last = visits[-1][-1] if visits else None
        if last is None or last.visitor_key != hit.visitor_key or hit.seen_at - last.seen_at >= GAP:
            visits.append([])
        visits[-1].append(hit)
    return {describe(visit, hits) for visit in visits}


def describe(visit: Sequence[Arrived], hits: Sequence[Arrived]) -> Seen:
    views = sorted((hit for hit in visit if hit.is_page_view), key=lambda hit: (hit.seen_at, hit.hit.id))
    return Seen(
        visit[0].visitor_key,
        frozenset(hit.hit.id for hit in visit),
        visit[0].seen_at,
        visit[-1].seen_at,
        len(views),
        sum(longest(view, hits) for view in views),
        all(hit.quiet for hit in visit),
        visit[0].origin,
        make_landing(views[0].hit, ()) if views else Landing(),
    )


def longest(view: Arrived, hits: Sequence[Arrived]) -> int:
    about = [
        hit.hit.engaged or 0
        for hit in hits
        if hit.hit.name == "engagement"
        and view.hit.page
        and (hit.visitor_key, hit.hit.page) == (view.visitor_key, view.hit.page)
    ]
    return max(about, default=0)


def found(database: Database, site_id: int) -> set[Seen]:
    with database.read() as session:
        hits: dict[int, set[str]] = {}
        for model in (PageView, Action):
            for visit_id, hit_id in session.execute(
                select(model.visit_id, model.hit_id).where(model.site_id == site_id)
            ):
                hits.setdefault(visit_id, set()).add(hit_id)
        stored = session.execute(
            select(Visit, Visitor.key)
            .join(Visitor, Visitor.id == Visit.visitor_id)
            .where(Visit.site_id == site_id, Visit.merged_into_id.is_(None))
        ).all()
    return {
        Seen(
            key,
            frozenset(hits.pop(visit.id)),
            visit.started_at,
            visit.ended_at,
            visit.page_view_count,
            visit.engaged_ms,
            visit.quiet,
            Origin(visit.address, visit.user_agent, visit.language),
            Landing(*(getattr(visit, name) for name in Landing.__slots__)),
        )
        for visit, key in stored
    }


def make_site(database: Database) -> int:
    """A site of its own for every example, so that examples do not see each other's hits."""
    with database.write() as session:
        site = Site(key=f"site-{next(_numbers)}", name="A site", secret="x", created_at=NOW)
        session.add(site)
        session.flush()
        return site.id


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_any_order_and_any_batches_give_the_same_visits(database: Database, data: st.DataObject) -> None:
    hits = data.draw(many_hits())
    arrivals = data.draw(st.permutations(hits + data.draw(st.lists(st.sampled_from(hits), max_size=5))))
    site_id = make_site(database)
    while arrivals:
        size = data.draw(st.integers(1, len(arrivals)))
        batch, arrivals = arrivals[:size], arrivals[size:]
        with database.write() as session:
            store_hits(session.connection(), [replace(hit, site_id=site_id) for hit in batch], {}, NOW)
    assert found(database, site_id) == expected(hits)


@pytest.mark.parametrize("hours", [23, 25])
def test_engagement_a_day_later_is_about_another_page_view(database: Database, hours: int) -> None:
    site_id = make_site(database)
    told = arrive(hours * 60, name="engagement", page="page-1", engaged=5000)
    for hit in (arrive(0, page="page-1"), told):
        with database.write() as session:
            store_hits(session.connection(), [replace(hit, site_id=site_id)], {}, NOW)
    with database.read() as session:
        engaged = session.scalars(select(PageView.engaged_ms)).one()
    assert engaged == (5000 if timedelta(hours=hours) <= timedelta(days=1) else None)
