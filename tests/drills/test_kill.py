"""Kills processes of a whole installation at random moments under load, and then counts.

What was answered 202 must be stored exactly once, every alert must reach the far end, and a repeat may
only happen where a sender was killed, once per kill, and must say so.
"""

from __future__ import annotations

import os
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select

from alerts.models import Alert, Delivery
from tests.conftest import PostgresServer, wait_until
from tests.fakes.slack import FakeSlack
from tests.stand import Stand, page_view
from tracker.models import PageView

KILLS = int(os.environ.get("DOORBELL_DRILL_KILLS", "20"))
COMPANIES = 40
CHANNELS = 4

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]


def config() -> str:
    """Companies known by overrides of their networks, spread over four rules and channels."""
    lists = [[f"company-{n}.test" for n in range(COMPANIES) if n % CHANNELS == c] for c in range(CHANNELS)]
    lines = ["sites:", "  - {key: acme-web, name: Acme, hosts: [www.acme.test]}", "target_lists:"]
    lines += [f"  - {{name: List {c}, domains: [{', '.join(lists[c])}]}}" for c in range(CHANNELS)]
    lines += ["channels:"]
    lines += [
        f'  - {{name: c{c}, kind: slack, token: xoxb-test, per_second: "20", target: "#c{c}"}}'
        for c in range(CHANNELS)
    ]
    lines += ["rules:"]
    for c in range(CHANNELS):
        lines += [f"  - {{name: Rule {c}, when: {{target_list: List {c}}}, send: [{{channel: c{c}}}]}}"]
    return "\n".join(lines)


def overrides() -> str:
    rows = [f"198.51.{n}.0/24,company,Company {n},company-{n}.test" for n in range(COMPANIES)]
    return "\n".join(["network,kind,organisation,domain", *rows]) + "\n"


@dataclass
class Load:
    """A client that sends page views and, as the snippet does, sends one again until it is acknowledged."""

    stand: Stand
    acknowledged: set[str] = field(default_factory=set)
    companies: int = 1  # how many of the companies visit by now
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self, name: int) -> None:
        chance = random.Random(name)
        number = 0
        while not self.stopping.is_set():
            number += 1
            self.send(f"{name}-{number}", chance.randrange(self.companies))

    def send(self, hit_id: str, company: int) -> None:
        hit = page_view(hit_id, f"/{hit_id}")
        while self.stand.send(f"198.51.{company}.7", hit) != 202:
            if self.stopping.is_set():
                return
            time.sleep(0.05)  # the pause of a client between two tries, not a wait of the test
        self.acknowledged.add(hit_id)


@pytest.fixture(params=["sqlite", "postgresql"])
def stand(request: pytest.FixtureRequest, tmp_path: Path) -> Stand:
    url = ""
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.address(server.new_database())
    return Stand(tmp_path, url)


def test_killing_any_process_under_load_loses_and_doubles_nothing(stand: Stand) -> None:
    seed = int(os.environ.get("DOORBELL_DRILL_SEED", "1"))
    chance = random.Random(seed)
    with FakeSlack(token="xoxb-test") as slack:
        stand.environ = {"DOORBELL_SLACK_API_URL": slack.api_url}
        (stand.data_dir / "overrides.csv").write_text(overrides())
        stand.start()
        stand.configure(config())
        load = Load(stand)
        threads = [threading.Thread(target=load.run, args=(n,), daemon=True) for n in range(4)]
        for thread in threads:
            thread.start()
        for kill in range(KILLS):
            load.companies = 1 + (COMPANIES - 1) * kill // max(1, KILLS - 1)
            before = len(load.acknowledged)
            wait_until(
                lambda before=before: len(load.acknowledged) > before + 20, seconds=30, what="page views"
            )
            time.sleep(chance.uniform(0, 0.4))  # the random moment
            stand.kill_some(chance)
        before = len(load.acknowledged)
        wait_until(lambda: len(load.acknowledged) > before + 200, seconds=60, what="life after the last kill")
        load.stopping.set()
        for thread in threads:
            thread.join()
        wait_until(stand.drained, seconds=120, what="an empty inbox and outbox")
        wait_until(lambda: stand.status("/healthz") == 200, seconds=30, what="health")
        books = stand.books()
        stand.stop()
        check_page_views(stand, load.acknowledged)
        check_books(books)
        check_alerts(stand, slack)


def check_page_views(stand: Stand, acknowledged: set[str]) -> None:
    with stand.database.read() as session:
        rows = session.execute(select(PageView.hit_id, PageView.path)).all()
    assert acknowledged - {hit_id for hit_id, _ in rows} == set(), "acknowledged hits were lost"
    assert len(rows) == len({hit_id for hit_id, _ in rows}), "hits were stored twice"
    assert all(path == f"/{hit_id}" for hit_id, path in rows)


def check_books(books: dict[str, object]) -> None:
    dropped = books["dropped"]
    assert isinstance(dropped, dict)
    parts = ("waiting", "page_views", "actions", "duplicates", "quarantined")
    assert books["accepted"] == sum(int(str(books[part])) for part in parts) + sum(dropped.values())
    assert books["quarantined"] == 0


def check_alerts(stand: Stand, slack: FakeSlack) -> None:
    with stand.database.read() as session:
        alerts = {alert.public_id: alert.subject for alert in session.scalars(select(Alert))}
        repeats = {
            public_id
            for public_id, repeat in session.execute(
                select(Alert.public_id, Delivery.possible_repeat).join(
                    Delivery, Delivery.alert_id == Alert.id
                )
            )
            if repeat
        }
    assert len(alerts) == len(set(alerts.values())), "a company was alerted on twice"
    received = {
        public_id: sum(public_id in str(message) for message in slack.accepted) for public_id in alerts
    }
    assert [public_id for public_id, count in received.items() if count == 0] == [], "alerts were lost"
    doubled = {public_id for public_id, count in received.items() if count > 1}
    assert doubled <= repeats, "a repeat did not say that it may be one"
    assert sum(received.values()) - len(received) <= KILLS
