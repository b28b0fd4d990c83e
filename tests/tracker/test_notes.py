"""What the collector notes, how rarely it writes, and how little it keeps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from tests.conftest import NOW, Cast, make_settings, wait_until
from tests.tracker.trouble import report
from tracker.collector import Collector, collector_blueprint
from tracker.db import Database
from tracker.inbox import Inbox, Limits
from tracker.models import CollectorNote, Site
from tracker.notes import (
    MOST_KEPT,
    MOST_PENDING,
    REFUSED_HOST,
    SCRIPT,
    CollectorNotes,
    UnknownKey,
    get_noted,
    get_unknown_keys,
    save_notes,
)
from tracker.sites import SiteBook


def noted(database: Database, key: str, kind: str) -> list[str]:
    with database.read() as session:
        return get_noted(session, key, kind, NOW - timedelta(days=30))


def unknown(database: Database, least: int = 0) -> list[UnknownKey]:
    with database.read() as session:
        return [one for one in get_unknown_keys(session, NOW - timedelta(days=400)) if one.count >= least]


def save(database: Database, *notes: tuple[str, str, str], days: float = 0) -> None:
    with database.write() as session:
        save_notes(session, Counter(notes), NOW + timedelta(days=days))


def test_the_same_note_is_counted_and_not_repeated(database: Database) -> None:
    for _ in range(2):
        save(database, *[("acme-web", REFUSED_HOST, "www2.ours.test")] * 3)
    with database.read() as session:
        note = session.scalars(select(CollectorNote)).one()
    assert (note.detail, note.count, note.last_at) == ("www2.ours.test", 6, NOW)


def test_old_notes_go(database: Database) -> None:
    save(database, ("acme-web", REFUSED_HOST, "old.ours.test"))
    save(database, ("acme-web", REFUSED_HOST, "new.ours.test"), days=8)
    assert noted(database, "acme-web", REFUSED_HOST) == ["new.ours.test"]


def test_a_flood_of_hosts_does_not_push_out_what_is_seen_often(database: Database) -> None:
    save(database, *[("acme-web", REFUSED_HOST, "www2.ours.test")] * 5)
    save(database, *[("acme-web", REFUSED_HOST, f"{number}.evil.test") for number in range(200)], days=1)
    kept = noted(database, "acme-web", REFUSED_HOST)
    assert len(kept) == MOST_KEPT
    assert kept[0] == "www2.ours.test"


class TestOnSqlite:
    @pytest.fixture
    def database_kind(self) -> str:
        return "sqlite"

    def test_memory_is_bounded(self, database: Database) -> None:
        notes = CollectorNotes(database, save_seconds=0)
        for number in range(MOST_PENDING + 10):
            notes.add("", SCRIPT, f"{number}.test")
        notes.save()
        with database.read() as session:
            assert session.scalar(select(func.count()).select_from(CollectorNote)) == MOST_KEPT

    def test_nothing_is_written_sooner_than_allowed(self, database: Database) -> None:
        notes = CollectorNotes(database, save_seconds=3_600)
        writes: list[str] = []
        event.listen(database.engine, "before_cursor_execute", lambda *args: writes.append(args[2]))
        for number in range(100):
            notes.add("", SCRIPT, f"{number}.test")
            notes.save()
        assert sum(statement.startswith("INSERT") for statement in writes) == 1

    def test_what_cannot_be_written_is_written_later(self, database: Database) -> None:
        notes = CollectorNotes(database, save_seconds=0)
        notes.add("", SCRIPT, "www.ours.test")
        with database.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE collector_notes RENAME TO away")
        notes.save()
        with database.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE away RENAME TO collector_notes")
        notes.save()
        assert noted(database, "", SCRIPT) == ["www.ours.test"]

    @pytest.fixture
    def client(self, database: Database, cast: Cast, tmp_path: Path) -> Iterator[FlaskClient]:
        notes = CollectorNotes(database, save_seconds=0)
        sites = SiteBook(database, refresh_seconds=0.05, then=notes.save)
        settings = make_settings(tmp_path, database.url)
        inbox = Inbox(settings.inbox_dir, Limits(free_bytes=0, free_share=0))
        collector = Collector(settings, sites, inbox, notes=notes)
        app = Flask(__name__)
        app.register_blueprint(collector_blueprint(collector))
        yield app.test_client()
        collector.close()

    def test_a_refused_page_is_noted_by_its_host(self, client: FlaskClient, database: Database) -> None:
        answer = client.post("/s/e", data=report(), headers={"Origin": "https://WWW2.ours.test"})
        assert answer.status_code == 403
        kept = wait_until(lambda: noted(database, "acme-web", REFUSED_HOST), what="the note")
        assert kept == ["www2.ours.test"]

    def test_who_fetches_the_script_is_noted_by_its_host(
        self, client: FlaskClient, database: Database
    ) -> None:
        client.get("/s/v.js", headers={"Referer": "https://www.ours.test/secret?token=x"})
        assert wait_until(lambda: noted(database, "", SCRIPT), what="the note") == ["www.ours.test"]

    def test_a_key_that_no_site_has_is_noted_with_its_host(
        self, client: FlaskClient, database: Database, cast: Cast
    ) -> None:
        for _ in range(2):
            answer = client.post(
                "/s/e", data=report(s="acme-wbe"), headers={"Origin": "https://WWW.ours.test"}
            )
            assert answer.status_code == 404
        (found,) = wait_until(lambda: unknown(database, least=2), what="the note")
        assert (found.key, found.host, found.count) == ("acme-wbe", "www.ours.test", 2)
        assert found.first_at <= found.last_at
        with database.write() as session:
            session.get_one(Site, cast.site.id).key = "acme-wbe"
        assert unknown(database) == [], "a site has it now"

    def test_a_pixel_and_a_server_with_an_unknown_key_are_noted(
        self, client: FlaskClient, database: Database
    ) -> None:
        client.get("/s/px?s=no-such-key", headers={"Referer": "https://www.ours.test/"})
        client.post("/s/e", data=report(s="other-key"))
        found = wait_until(lambda: len(unknown(database)) == 2 and unknown(database), what="the notes")
        assert {(one.key, one.host) for one in found} == {("no-such-key", "www.ours.test"), ("other-key", "")}

    @pytest.mark.parametrize("key", ["server_0123456789abcdef", "a b", "x" * 41, "<script>", "\n" * 8])
    def test_neither_a_part_of_a_secret_nor_nonsense_is_kept(self, database: Database, key: str) -> None:
        notes = CollectorNotes(database, save_seconds=0)
        notes.add_unknown(key, "www.ours.test")
        notes.save()
        assert unknown(database) == []

    def test_a_flood_of_keys_is_bounded_and_hides_nothing_else(self, database: Database) -> None:
        notes = CollectorNotes(database, save_seconds=0)
        for window in range(5):
            notes.add_unknown("acme-wbe", "www.ours.test")
            for number in range(300):
                notes.add_unknown(f"key-{window}-{number}", "x" * 253 + ":65535")
            notes.save()
        notes.add("acme-web", REFUSED_HOST, "www2.ours.test")
        notes.save()
        found = unknown(database)
        assert len(found) == MOST_KEPT
        assert (found[0].key, found[0].count) == ("acme-wbe", 5)
        assert noted(database, "acme-web", REFUSED_HOST) == ["www2.ours.test"]
