"""`/healthz` and the health page tell the truth about work, not about processes."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from alerts.models import Alert, Channel, Delivery
from tests.conftest import Cast
from tests.web.conftest import Browser
from tracker.db import Database
from tracker.inbox import Inbox
from tracker.models import JobTick, Visit, Visitor
from tracker.records import Envelope, Hit, encode_envelope, to_micros
from tracker.settings import Settings
from web.health_figures import Figures, Tick, decide_problems


def tick(database: Database, now: datetime, **ages: float) -> None:
    with database.write() as db:
        for job, seconds in ages.items():
            db.add(JobTick(job=job, ticked_at=now - timedelta(seconds=seconds)))


@pytest.fixture
def working(database: Database, now: datetime) -> None:
    """A worker that does its work."""
    tick(database, now, hits=2, deliveries=3)


def add_delivery(database: Database, cast: Cast, now: datetime, *, channel: Channel, age: float) -> None:
    with database.write() as db:
        visitor = Visitor(
            site_id=cast.site.id, key="v", cookieless=False, first_seen_at=now, last_seen_at=now
        )
        db.add_all([visitor, channel])
        db.flush()
        visit = Visit(
            site_id=cast.site.id, visitor_id=visitor.id, started_at=now, ended_at=now, address="192.0.2.1"
        )
        db.add(visit)
        db.flush()
        alert = Alert(
            public_id="a",
            rule_name="r",
            rule_version=1,
            visit_id=visit.id,
            subject="company:1",
            seen_at=now,
            reason="r",
            created_at=now,
        )
        db.add(alert)
        db.flush()
        due = now - timedelta(seconds=age)
        db.add(
            Delivery(
                alert_id=alert.id,
                channel_id=channel.id,
                channel_name=channel.name,
                next_try_at=due,
                created_at=due,
            )
        )


def test_an_installation_without_a_worker_is_not_well(client: Browser) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json
    assert answer.json["problems"] == ["job_hits", "job_deliveries"]


def test_a_working_installation_is_well(client: Browser, working: None) -> None:
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json and answer.json["well"]) == (200, True)


@pytest.mark.parametrize("late", ["hits", "deliveries"])
def test_a_job_that_has_not_worked_for_ten_seconds_is_not_well(
    client: Browser, database: Database, now: datetime, late: str
) -> None:
    tick(database, now, **({"hits": 1.0, "deliveries": 1.0} | {late: 11.0}))
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json and answer.json["problems"]) == (503, [f"job_{late}"])


@pytest.mark.parametrize(("age", "status"), [(59, 200), (61, 503)])
def test_a_hit_that_waits_in_the_inbox_for_a_minute_is_not_well(
    client: Browser, settings: Settings, working: None, now: datetime, age: int, status: int
) -> None:
    inbox = Inbox(settings.inbox_dir)
    received = to_micros(now - timedelta(seconds=age))
    hit = Hit(name="pageview", id="h1", seen=received)
    inbox.append(encode_envelope(Envelope(site="acme-web", received=received, address="", hits=[hit])))
    answer = client.get("/healthz")
    inbox.close()
    assert answer.status_code == status
    assert answer.json
    assert answer.json["oldest_waiting_hit_seconds"] == age


@pytest.mark.parametrize(("age", "status"), [(59, 200), (61, 503)])
def test_a_delivery_due_for_a_minute_is_not_well(
    client: Browser, cast: Cast, database: Database, working: None, now: datetime, age: int, status: int
) -> None:
    add_delivery(database, cast, now, channel=Channel(name="sales", kind="slack", created_at=now), age=age)
    assert client.get("/healthz").status_code == status


def test_a_delivery_of_a_paused_channel_does_not_wait_for_the_worker(
    client: Browser, cast: Cast, database: Database, working: None, now: datetime
) -> None:
    paused = Channel(name="sales", kind="slack", created_at=now, paused_at=now, paused_reason="token revoked")
    add_delivery(database, cast, now, channel=paused, age=600)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json and answer.json["paused_channels"]) == (200, 1)


def test_the_page_gives_its_verdict_first(as_admin: Browser, database: Database, now: datetime) -> None:
    assert "2 things are not well" in as_admin.get("/health").text
    tick(database, now, hits=2, deliveries=3)
    assert "All is well" in as_admin.get("/health").text


def test_the_page_shows_the_books_and_paused_channels(
    as_admin: Browser, cast: Cast, database: Database, working: None, now: datetime
) -> None:
    paused = Channel(name="sales", kind="slack", created_at=now, paused_at=now, paused_reason="token revoked")
    add_delivery(database, cast, now, channel=paused, age=600)
    page = as_admin.get("/health").text
    assert "token revoked" in page
    assert "Deliveries: waiting" in page


def test_a_failing_job_says_its_error(now: datetime) -> None:
    late = Tick("hits", now - timedelta(seconds=30), error="disk is full")
    fine = Tick("deliveries", now)
    (problem,) = decide_problems(Figures(ticks={"hits": late, "deliveries": fine}), now)
    assert problem.text == "Handling page views: not done for 30 s. Its error: disk is full"
