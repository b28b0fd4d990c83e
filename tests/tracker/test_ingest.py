"""From the inbox to visits, on both databases: each hit ends in exactly one place, exactly once."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import OperationalError, ProgrammingError

from tests.tracker.hits import CHROME, at, make_envelope, make_hit, put, put_bytes
from tracker.db import Database
from tracker.ingest import ingest_waiting
from tracker.ledger import get_ledger
from tracker.models import (
    Action,
    DailySalt,
    DroppedHit,
    InboxPosition,
    PageView,
    QuarantinedHit,
    Site,
    Visit,
    Visitor,
)
from tracker.records import Envelope, encode_envelope, to_micros

pytestmark = pytest.mark.usefixtures("cast")


@pytest.fixture
def inbox_dir(tmp_path: Path) -> Path:
    directory = tmp_path / "inbox"
    directory.mkdir()
    return directory


def ingest(database: Database, inbox_dir: Path, now: datetime, *envelopes: Envelope) -> None:
    put(inbox_dir, *envelopes)
    ingest_waiting(database, inbox_dir, now)
    assert get_ledger(database, inbox_dir).balances


def rows(database: Database, model: Any) -> Sequence[Any]:
    with database.read() as session:
        return session.scalars(select(model).order_by(*model.__table__.primary_key)).all()


def visits(database: Database) -> list[Visit]:
    return [visit for visit in rows(database, Visit) if visit.merged_into_id is None]


def test_a_page_view_makes_a_visitor_and_a_visit(database: Database, inbox_dir: Path, now: datetime) -> None:
    hit = make_hit(
        url="https://www.ours.test/Pricing?utm_source=LinkedIn&utm_medium=paid&utm_campaign=June",
        referrer="https://www.linkedin.com/",
        title="Prices",
        page="page-1",
        client_time=1234,
    )
    ingest(database, inbox_dir, now, make_envelope(hit, user_agent=CHROME, language="sv"))
    [visitor] = rows(database, Visitor)
    [visit] = rows(database, Visit)
    [page_view] = rows(database, PageView)
    assert (visitor.key, visitor.cookieless, visitor.first_seen_at) == ("visitor-1", False, now)
    assert (visit.started_at, visit.ended_at, visit.page_view_count) == (now, now, 1)
    assert (visit.landing_url, visit.referrer) == (hit.url, "https://www.linkedin.com/")
    assert (visit.utm_source, visit.utm_campaign) == ("LinkedIn", "June")
    assert (visit.traffic_channel, visit.source_name) == ("Paid Social", "LinkedIn")
    assert (visit.browser, visit.operating_system, visit.device) == ("Chrome", "Windows", "desktop")
    assert (visit.address, visit.language, visit.consent, visit.identified_at) == (
        "198.51.100.7",
        "sv",
        True,
        None,
    )
    assert (page_view.path, page_view.page_group, page_view.title) == ("/Pricing", "pricing", "Prices")
    assert (page_view.saved_at, page_view.client_time_ms, page_view.decided_at) == (now, 1234, None)


def test_hits_less_than_half_an_hour_apart_are_one_visit(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    ingest(database, inbox_dir, now, make_envelope(make_hit(0)))
    ingest(database, inbox_dir, now, make_envelope(make_hit(29.9)))
    [visit] = visits(database)
    assert (visit.started_at, visit.ended_at, visit.page_view_count) == (at(0), at(29.9), 2)


def test_half_an_hour_of_nothing_ends_a_visit(database: Database, inbox_dir: Path, now: datetime) -> None:
    ingest(database, inbox_dir, now, make_envelope(make_hit(0)))
    ingest(database, inbox_dir, now, make_envelope(make_hit(30)))
    assert [visit.page_view_count for visit in visits(database)] == [1, 1]


def test_a_late_earlier_page_view_becomes_the_landing_page(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    ingest(database, inbox_dir, now, make_envelope(make_hit(10, url="https://www.ours.test/second")))
    late = make_hit(0, url="https://www.ours.test/first", referrer="https://www.bing.com/")
    ingest(database, inbox_dir, now, make_envelope(late))
    [visit] = visits(database)
    assert (visit.started_at, visit.landing_url) == (at(0), "https://www.ours.test/first")
    assert (visit.traffic_channel, visit.source_name) == ("Organic Search", "Bing")


def test_a_late_page_view_joins_two_visits(database: Database, inbox_dir: Path, now: datetime) -> None:
    ingest(database, inbox_dir, now, make_envelope(make_hit(0)))
    ingest(database, inbox_dir, now, make_envelope(make_hit(50), make_hit(51, name="demo asked")))
    ingest(database, inbox_dir, now, make_envelope(make_hit(25)))
    first, second = rows(database, Visit)
    assert (first.started_at, first.ended_at, first.page_view_count) == (at(0), at(51), 3)
    assert (second.merged_into_id, second.page_view_count) == (first.id, 0)
    assert second.identified_at is not None
    assert {hit.visit_id for hit in [*rows(database, PageView), *rows(database, Action)]} == {first.id}


def test_a_signpost_follows_when_its_visit_is_merged_in_turn(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    for minutes in (0, 100, 50, 75, 25):
        ingest(database, inbox_dir, now, make_envelope(make_hit(minutes)))
    first, *others = rows(database, Visit)
    assert first.page_view_count == 5
    assert {visit.merged_into_id for visit in others} == {first.id}


def test_a_visit_that_began_at_another_address_is_identified_again(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    ingest(database, inbox_dir, now, make_envelope(make_hit(10)))
    with database.write() as session:
        session.execute(update(Visit).values(identified_at=now))
    ingest(database, inbox_dir, now, make_envelope(make_hit(5)))
    assert visits(database)[0].identified_at == now
    ingest(database, inbox_dir, now, make_envelope(make_hit(0), address="192.0.2.77"))
    assert (visits(database)[0].address, visits(database)[0].identified_at) == ("192.0.2.77", None)


def test_every_other_hit_is_an_action(database: Database, inbox_dir: Path, now: datetime) -> None:
    track = make_hit(name="demo asked", page="p1", props={"plan": "x", "form": 1})
    form = make_hit(name="form", form={"email": "eva@acme.test"}, group="g1")
    ingest(database, inbox_dir, now, make_envelope(track, form))
    first, second = rows(database, Action)
    assert (first.name, first.page, first.props, first.handled_at) == (
        "demo asked",
        "p1",
        {"plan": "x", "form": 1},
        now,
    )
    assert second.props == {"form": {"email": "eva@acme.test"}, "group": "g1"}


def test_an_identify_call_waits_to_be_linked(database: Database, inbox_dir: Path, now: datetime) -> None:
    hit = make_hit(name="identify", props={"email": "eva@acme.test"})
    ingest(database, inbox_dir, now, make_envelope(hit))
    [action] = rows(database, Action)
    assert (action.props, action.handled_at) == ({"email": "eva@acme.test"}, None)


@pytest.mark.parametrize(("form", "waits"), [({"email": "eva@acme.test"}, True), ({"name": "Eva"}, False)])
def test_a_form_with_an_address_waits_to_be_linked(
    database: Database, inbox_dir: Path, now: datetime, form: dict[str, str], *, waits: bool
) -> None:
    ingest(database, inbox_dir, now, make_envelope(make_hit(name="form", form=form), consent="y"))
    [action] = rows(database, Action)
    assert (action.props, action.handled_at is None) == ({"form": form}, waits)


@pytest.mark.parametrize("engagement_first", [True, False])
@pytest.mark.parametrize("together", [True, False])
def test_engagement_reaches_its_page_view_in_any_order(
    database: Database, inbox_dir: Path, now: datetime, *, engagement_first: bool, together: bool
) -> None:
    page_view = make_hit(0, page="page-1")
    longer = make_hit(2, name="engagement", page="page-1", engaged=9000, scroll=40)
    deeper = make_hit(1, name="engagement", page="page-1", engaged=4000, scroll=80)
    hits = [longer, deeper, page_view] if engagement_first else [page_view, deeper, longer]
    envelopes = [make_envelope(*hits)] if together else [make_envelope(hit) for hit in hits]
    for envelope in envelopes:
        ingest(database, inbox_dir, now, envelope)
    [stored] = rows(database, PageView)
    [visit] = visits(database)
    assert (stored.engaged_ms, stored.scroll, visit.engaged_ms) == (9000, 80, 9000)
    assert [action.name for action in rows(database, Action)] == ["engagement", "engagement"]


def test_engagement_of_another_visitor_changes_nothing(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    ingest(database, inbox_dir, now, make_envelope(make_hit(page="page-1")))
    other = make_hit(name="engagement", page="page-1", engaged=9000, scroll=40)
    ingest(database, inbox_dir, now, make_envelope(other, visitor="visitor-2"))
    assert rows(database, PageView)[0].engaged_ms is None


def test_engagement_moves_with_a_merged_visit(database: Database, inbox_dir: Path, now: datetime) -> None:
    ingest(database, inbox_dir, now, make_envelope(make_hit(0, page="page-1")))
    ingest(database, inbox_dir, now, make_envelope(make_hit(50, page="page-2")))
    told = [make_hit(51, name="engagement", page=page, engaged=1000) for page in ("page-1", "page-2")]
    ingest(database, inbox_dir, now, make_envelope(make_hit(25), *told))
    assert [(visit.engaged_ms, visit.page_view_count) for visit in visits(database)] == [(2000, 3)]


def test_a_replayed_page_view_is_decided_already(database: Database, inbox_dir: Path, now: datetime) -> None:
    ingest(database, inbox_dir, now, make_envelope(make_hit(), quiet=True, source="replay"))
    assert rows(database, PageView)[0].decided_at == now
    assert rows(database, Visit)[0].quiet


def test_a_visit_is_quiet_only_while_all_of_it_is_replayed(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    ingest(database, inbox_dir, now, make_envelope(make_hit(0), quiet=True))
    ingest(database, inbox_dir, now, make_envelope(make_hit(1)))
    ingest(database, inbox_dir, now, make_envelope(make_hit(2), quiet=True))
    assert [visit.quiet for visit in visits(database)] == [False]


# --- visitors ---------------------------------------------------------------------------------------


def test_without_consent_address_and_agent_are_one_visitor_for_a_day(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    for minutes in (0, 5, 24 * 60):
        ingest(database, inbox_dir, now, make_envelope(make_hit(minutes), visitor=""))
    first, second = rows(database, Visitor)
    assert (first.cookieless, second.cookieless) == (True, True)
    assert [visit.page_view_count for visit in visits(database)] == [2, 1]


def test_without_consent_another_agent_is_another_visitor(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    ingest(database, inbox_dir, now, make_envelope(make_hit(), visitor=""))
    ingest(database, inbox_dir, now, make_envelope(make_hit(), visitor="", user_agent=CHROME))
    assert len(rows(database, Visitor)) == 2


def test_neither_address_nor_visitor_id_is_in_a_cookieless_key(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    envelope = msgspec.structs.replace(make_envelope(make_hit()), consent="n")
    ingest(database, inbox_dir, now, envelope)
    [visitor] = rows(database, Visitor)
    assert visitor.key.startswith("_")
    assert "visitor-1" not in visitor.key
    assert len(rows(database, DailySalt)) == 1


def test_the_privacy_signal_outweighs_consent(database: Database, inbox_dir: Path, now: datetime) -> None:
    ingest(database, inbox_dir, now, make_envelope(make_hit(), privacy_signal=True))
    assert rows(database, Visitor)[0].cookieless
    assert not rows(database, Visit)[0].consent


def test_the_same_visitor_id_on_two_sites_is_two_visitors(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    with database.write() as session:
        session.add(Site(key="other-web", name="Other", secret="x", created_at=now))
    hit = make_hit()
    ingest(database, inbox_dir, now, make_envelope(hit), make_envelope(hit, site="other-web"))
    assert len(rows(database, Visitor)) == 2
    assert get_ledger(database, inbox_dir).page_views == 2


# --- duplicates -------------------------------------------------------------------------------------


def test_a_hit_sent_again_is_stored_once(database: Database, inbox_dir: Path, now: datetime) -> None:
    hit, action = make_hit(), make_hit(name="download")
    ingest(database, inbox_dir, now, make_envelope(hit, hit, action))
    ingest(database, inbox_dir, now, make_envelope(hit), make_envelope(hit), make_envelope(action))
    ledger = get_ledger(database, inbox_dir)
    assert (ledger.accepted, ledger.page_views, ledger.actions, ledger.duplicates) == (6, 1, 1, 4)
    assert visits(database)[0].page_view_count == 1


def test_an_action_cannot_take_the_id_of_a_page_view(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    ingest(database, inbox_dir, now, make_envelope(make_hit(id="same")))
    ingest(database, inbox_dir, now, make_envelope(make_hit(id="same", name="download")))
    assert (len(rows(database, PageView)), len(rows(database, Action))) == (1, 0)


# --- dropped ----------------------------------------------------------------------------------------


def test_dropped_hits_are_counted_by_reason_and_can_be_looked_up(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    ingest(
        database,
        inbox_dir,
        now,
        make_envelope(make_hit(), make_hit(), user_agent="curl/8.5.0"),
        make_envelope(make_hit(url="https://www.ours.test/x"), address="203.0.113.4"),
        make_envelope(make_hit(), site="deleted-site"),
        make_envelope(make_hit()),
    )
    ledger = get_ledger(database, inbox_dir)
    assert ledger.dropped == {"bot": 2, "staff": 1, "unknown_site": 1}
    assert (ledger.page_views, ledger.accepted) == (1, 5)
    _, _, staff, unknown = rows(database, DroppedHit)
    assert (staff.detail, staff.address, staff.url) == (
        "203.0.113.0/24",
        "203.0.113.4",
        "https://www.ours.test/x",
    )
    assert unknown.site_id is None


def test_the_site_knows_when_and_from_where_it_was_first_heard_of(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    replayed = make_envelope(make_hit(-900), address="192.0.2.1", source="replay")
    ingest(database, inbox_dir, now, replayed)
    ingest(database, inbox_dir, now, make_envelope(make_hit(1), address="203.0.113.4"))
    ingest(database, inbox_dir, now, make_envelope(make_hit(9), address="192.0.2.2"))
    [site] = rows(database, Site)
    assert (site.first_hit_at, site.first_hit_address, site.last_hit_at) == (at(1), "203.0.113.4", at(9))


# --- what cannot be processed -----------------------------------------------------------------------

NUL = "a\x00b"
FAR_AWAY = 2**62  # microseconds; no date


def test_a_damaged_record_stops_nothing(database: Database, inbox_dir: Path, now: datetime) -> None:
    put(inbox_dir, make_envelope(make_hit(title="flips")), make_envelope(make_hit()))
    [segment] = inbox_dir.iterdir()
    segment.write_bytes(segment.read_bytes().replace(b"flips", b"flops"))
    put_bytes(inbox_dir, b"no envelope", encode_envelope(make_envelope(make_hit())))
    assert ingest_waiting(database, inbox_dir, now) == 4
    ledger = get_ledger(database, inbox_dir)
    assert ledger.balances
    assert (ledger.page_views, ledger.quarantined) == (2, 2)
    damaged, undecodable = rows(database, QuarantinedHit)
    assert b"flops" in damaged.record
    assert undecodable.record == b"no envelope"


def test_one_bad_hit_in_a_crowd_is_quarantined_alone(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    good = [make_envelope(make_hit(), visitor=f"visitor-{n}") for n in range(100)]
    bad = make_envelope(make_hit(), make_hit(seen=FAR_AWAY), make_hit(), received=to_micros(now))
    ingest(database, inbox_dir, now, *good[:60], bad, *good[60:])
    ledger = get_ledger(database, inbox_dir)
    assert (ledger.page_views, ledger.quarantined) == (102, 1)
    [quarantined] = rows(database, QuarantinedHit)
    assert (quarantined.hit_index, quarantined.record) == (1, encode_envelope(bad))
    assert "OverflowError" in quarantined.error


def test_what_only_one_database_refuses_is_stored_or_quarantined_but_never_lost(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    ingest(
        database,
        inbox_dir,
        now,
        make_envelope(make_hit(title=NUL)),
        make_envelope(make_hit(name="x", props={"k": NUL})),
        make_envelope(make_hit(title="x" * 5000)),
        make_envelope(make_hit(client_time=2**70 % 2**63)),
        make_envelope(make_hit()),
    )
    ledger = get_ledger(database, inbox_dir)
    assert ledger.accepted == 5
    assert ledger.page_views >= 2


def test_a_failing_database_quarantines_nothing_and_moves_nothing(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    with database.write() as session:
        session.execute(text("ALTER TABLE page_views RENAME TO page_views_away"))
    put(inbox_dir, make_envelope(make_hit()))
    with pytest.raises((OperationalError, ProgrammingError)):
        ingest_waiting(database, inbox_dir, now)
    assert rows(database, QuarantinedHit) == []
    assert get_ledger(database, inbox_dir).waiting == 1
    with database.write() as session:
        session.execute(text("ALTER TABLE page_views_away RENAME TO page_views"))
    ingest_waiting(database, inbox_dir, now)
    assert get_ledger(database, inbox_dir).page_views == 1


# --- the inbox --------------------------------------------------------------------------------------


def test_a_finished_segment_and_its_position_are_removed(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    ingest(database, inbox_dir, now, make_envelope(make_hit()))
    assert list(inbox_dir.iterdir()) == []
    assert rows(database, InboxPosition) == []


def test_a_batch_that_fails_at_its_very_end_leaves_nothing_and_is_done_again(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    put(inbox_dir, make_envelope(make_hit(), make_hit()), make_envelope(make_hit(), user_agent="curl/8"))
    with database.write() as session:
        session.execute(text("ALTER TABLE ledger_counts RENAME TO ledger_counts_away"))
    with pytest.raises((OperationalError, ProgrammingError)):
        ingest_waiting(database, inbox_dir, now)
    assert [rows(database, model) for model in (Visit, PageView, DroppedHit, InboxPosition)] == [
        [],
        [],
        [],
        [],
    ]
    with database.write() as session:
        session.execute(text("ALTER TABLE ledger_counts_away RENAME TO ledger_counts"))
    ingest_waiting(database, inbox_dir, now)
    ledger = get_ledger(database, inbox_dir)
    assert (ledger.accepted, ledger.page_views, ledger.dropped) == (3, 2, {"bot": 1})


def test_nothing_waiting_is_nothing_done(database: Database, inbox_dir: Path, now: datetime) -> None:
    assert ingest_waiting(database, inbox_dir, now) == 0


def test_workers_started_twice_by_mistake_do_nothing_twice(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    for part in range(4):
        put(inbox_dir, *(make_envelope(make_hit(), visitor=f"visitor-{part}-{n}") for n in range(60)))
        put(inbox_dir, make_envelope(make_hit(), user_agent="curl/8"))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: ingest_waiting(database, inbox_dir, now), range(8)))
    ledger = get_ledger(database, inbox_dir)
    assert (ledger.accepted, ledger.page_views, ledger.duplicates) == (244, 240, 0)
    assert ledger.dropped == {"bot": 4}
    assert list(inbox_dir.iterdir()) == []


def test_a_call_does_one_batch_and_the_next_goes_on(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    put(inbox_dir, *(make_envelope(make_hit(), visitor=f"visitor-{n}") for n in range(603)))
    assert [ingest_waiting(database, inbox_dir, now) for _ in range(3)] == [500, 103, 0]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(PageView)) == 603


def test_many_hits_in_each_record_fit_into_one_statement(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    put(inbox_dir, *(make_envelope(*(make_hit(n / 10) for n in range(50))) for _ in range(210)))
    ingest_waiting(database, inbox_dir, now)
    assert get_ledger(database, inbox_dir).page_views == 10_500


def test_times_far_apart_in_one_batch_find_their_own_visits(
    database: Database, inbox_dir: Path, now: datetime
) -> None:
    ingest(database, inbox_dir, now, make_envelope(make_hit(-9000)), make_envelope(make_hit(0)))
    both = make_envelope(make_hit(-9001)), make_envelope(make_hit(1), received=to_micros(now))
    ingest(database, inbox_dir, now, *both)
    assert [visit.page_view_count for visit in visits(database)] == [2, 2]
