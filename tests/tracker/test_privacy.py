"""Without consent nothing that tells people apart is stored: not in the inbox, not in any column."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from migrations.metadata import metadata
from tests.conftest import Cast, make_settings
from tests.tracker.hits import FIREFOX
from tests.tracker.trouble import report
from tracker.collector import Collector, collector_blueprint
from tracker.db import Database
from tracker.inbox import Inbox, Limits
from tracker.ingest import ingest_waiting
from tracker.segment_routes import segment_blueprint
from tracker.sites import SiteBook

MARKS = ("markvisitor-1", "marksession", "markperson", "markfieldname", "markfieldvalue")
HITS = [
    {"n": "pageview", "id": "hit-1", "u": "https://www.ours.test/"},
    {"n": "form", "id": "hit-2", "f": {"markfieldname": "markfieldvalue"}},
]
REPORT = {"i": "markvisitor-1", "ss": "marksession", "uid": "markperson", "b": HITS}
HEADERS = {"Origin": "https://www.ours.test", "User-Agent": FIREFOX}


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
        return {mark for mark in MARKS if mark.encode() in kept}


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
    assert {"markvisitor-1", "markfieldname", "markfieldvalue"} <= house.find_marks()


def test_global_privacy_control_outweighs_consent(house: House) -> None:
    headers = HEADERS | {"Sec-GPC": "1"}
    assert house.client.post("/s/e", data=report(**REPORT, c="y"), headers=headers).status_code == 202
    assert house.find_marks() == set()


def test_segments_ids_are_not_stored_where_the_site_does_not_ask(house: House) -> None:
    page = {"anonymousId": "markvisitor-1", "userId": "markperson", "writeKey": "acme-web"}
    body = page | {"properties": {"url": "https://www.ours.test/"}}
    assert house.client.post("/v1/page", json=body, headers=HEADERS).status_code == 200
    assert house.find_marks() == set()
