"""Without consent nothing that tells people apart is stored: not in the inbox, not in any column."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from migrations.metadata import metadata
from tests.conftest import Cast, make_settings
from tests.tracker.hits import FIREFOX
from tests.tracker.trouble import report
from tracker.collector import Collector, collector_blueprint
from tracker.db import Database
from tracker.inbox import Inbox, Limits
from tracker.ingest import ingest_waiting
from tracker.models import Site
from tracker.segment_routes import segment_blueprint
from tracker.sites import SiteBook

MARKS = ("markvisitor-1", "marksession", "markperson", "markfieldname", "markfieldvalue")
# What no hit may leave behind, whatever the visitor agreed to.
SECRETS = ("marktoken", "marksearch", "markpassword", "markticket", "markfragment", "markcookie")
PAGE = "https://eva:markpassword@www.ours.test/?token=marktoken&utm_source=news#access=markfragment"
HITS = [
    {"n": "pageview", "id": "hit-1", "u": PAGE, "r": "https://search.test/?q=marksearch"},
    {"n": "form", "id": "hit-2", "u": PAGE, "f": {"markfieldname": "markfieldvalue"}},
    {"n": "outbound", "id": "hit-3", "u": PAGE, "p": {"url": "https://files.test/?ticket=markticket"}},
]
REPORT = {"i": "markvisitor-1", "ss": "marksession", "uid": "markperson", "b": HITS}
HEADERS = {"Origin": "https://www.ours.test", "User-Agent": FIREFOX, "Cookie": "_doorbell=markcookie"}
HEADERS["Referer"] = PAGE


class House:
    def __init__(self, database: Database, directory: Path) -> None:
        settings = make_settings(directory, database.url)
        self.database, self.inbox_dir = database, settings.inbox_dir
        inbox = Inbox(self.inbox_dir, Limits(free_bytes=0, free_share=0))
        self.collector = Collector(settings, SiteBook(database), inbox)
        app = Flask(__name__)
        app.register_blueprint(collector_blueprint(self.collector))
        app.register_blueprint(segment_blueprint(self.collector))
        self.client: FlaskClient = app.test_client()

    def find_marks(self) -> set[str]:
        """Those of the marks that lie in the inbox, and after the worker's turn in any column."""
        kept = b"".join(file.read_bytes() for file in self.inbox_dir.iterdir() if file.is_file())
        assert b"ours.test" in kept, "the hit itself is there"
        ingest_waiting(self.database, self.inbox_dir, datetime.now(UTC))
        with self.database.read() as session:
            rows = [row for table in metadata.sorted_tables for row in session.execute(select(table))]
        kept += repr([tuple(row) for row in rows]).encode()
        return {mark for mark in (*MARKS, *SECRETS) if mark.encode() in kept}


@pytest.fixture
def house(database: Database, cast: Cast, tmp_path: Path) -> Iterator[House]:
    house = House(database, tmp_path)
    yield house
    house.collector.close()


def test_without_consent_no_id_and_no_form_field_is_stored(house: House) -> None:
    assert house.client.post("/s/e", data=report(**REPORT, c="n"), headers=HEADERS).status_code == 202
    assert house.find_marks() == set()


def test_the_same_with_consent_finds_them(house: House) -> None:
    assert house.client.post("/s/e", data=report(**REPORT, c="y"), headers=HEADERS).status_code == 202
    found = house.find_marks()
    assert {"markvisitor-1", "markfieldname", "markfieldvalue"} <= found
    assert found.isdisjoint(SECRETS)


def test_global_privacy_control_outweighs_consent(house: House) -> None:
    headers = HEADERS | {"Sec-GPC": "1"}
    assert house.client.post("/s/e", data=report(**REPORT, c="y"), headers=headers).status_code == 202
    assert house.find_marks() == set()


def test_do_not_track_outweighs_consent_where_the_site_honours_it(house: House) -> None:
    with house.database.write() as session:
        session.execute(update(Site).values(do_not_track=True))
    headers = HEADERS | {"DNT": "1"}
    assert house.client.post("/s/e", data=report(**REPORT, c="y"), headers=headers).status_code == 202
    assert house.find_marks() == set()


@pytest.mark.parametrize("agent", ["Googlebot/2.1", ""])
def test_of_a_dropped_hit_no_more_is_stored(house: House, agent: str) -> None:
    headers = HEADERS | {"User-Agent": agent}
    assert house.client.post("/s/e", data=report(**REPORT, c="n"), headers=headers).status_code == 202
    assert house.find_marks() == set()


def test_the_pixel_stores_nothing_of_a_person(house: House) -> None:
    assert house.client.get("/s/px?s=acme-web&i=markvisitor-1", headers=HEADERS).status_code == 200
    assert house.find_marks() == set()


def test_segments_ids_are_not_stored_where_the_site_does_not_ask(house: House) -> None:
    who = {"anonymousId": "markvisitor-1", "userId": "markperson"}
    page = {"type": "page", "messageId": "m-1", "properties": {"url": PAGE}}
    alias = {"type": "alias", "messageId": "m-2", "previousId": "marksession"}
    body = {"batch": [who | page, who | alias], "writeKey": "acme-web"}
    assert house.client.post("/v1/batch", json=body, headers=HEADERS).status_code == 200
    assert house.find_marks() == set()
