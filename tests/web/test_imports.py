"""Import of a file in the browser."""

from __future__ import annotations

import time
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from flask import Flask
from sqlalchemy import func, select

from enrichment.models import Company
from tests.conftest import Cast, wait_until
from tests.web.conftest import Browser
from tracker.db import Database
from tracker.settings import Settings
from web.import_runs import ImportRun

FILE = "domain;name;stage;owner\nnew.test;New AB;;\nacme.test;Acme AB;mql;bob@ours.test\n;;lead;\n"


def send(browser: Browser, text: str | bytes = FILE, kind: str = "companies", name: str = "companies.csv"):  # type: ignore[no-untyped-def]
    content = text.encode() if isinstance(text, str) else text
    return browser.post("/import", data={"kind": kind, "file": (BytesIO(content), name)})


def count_companies(database: Database) -> int:
    with database.read() as db:
        return db.scalar(select(func.count()).select_from(Company)) or 0


def test_a_file_is_first_only_looked_at(as_admin: Browser, cast: Cast, database: Database) -> None:
    before = count_companies(database)
    answer = send(as_admin)
    assert answer.location == "/import/check"
    page = as_admin.get("/import/check").text
    assert "What the file would change" in page
    assert "Import 2 rows" in page
    assert "Refused: 1" in page
    assert count_companies(database) == before


def test_then_it_is_imported(as_admin: Browser, cast: Cast, database: Database) -> None:
    before = count_companies(database)
    send(as_admin)
    page = as_admin.post("/import/check").text
    assert "1 added, 1 changed." in page
    assert count_companies(database) == before + 1


def test_the_same_file_again_changes_nothing(as_admin: Browser, cast: Cast) -> None:
    text = FILE.rpartition("\n;")[0]
    send(as_admin, text)
    as_admin.post("/import/check")
    send(as_admin, text)
    page = as_admin.get("/import/check").text
    assert "Nothing to change: all 2 readable rows are as they were." in page


def test_refused_rows_come_back_as_csv(as_admin: Browser, cast: Cast) -> None:
    send(as_admin)
    as_admin.post("/import/check")
    answer = as_admin.get("/import/refused.csv")
    assert answer.mimetype == "text/csv"
    assert "refused_because" in answer.text
    assert answer.text.count("\n") == 2


def test_a_file_that_cannot_be_read_says_where(as_admin: Browser, cast: Cast, settings: Settings) -> None:
    for content in (b"", b"a,b\n1,2\n", b"PK\x03\x04 broken", b"\xff\xfe\x00"):
        answer = send(as_admin, content)
        assert answer.status_code == 422
        assert "This file cannot be read: " in answer.text
    assert list((settings.data_dir / "uploads").iterdir()) == []


@pytest.fixture
def half_way(as_admin: Browser, cast: Cast, settings: Settings) -> Path:
    """An import of 1,200 rows that has taken 400 of them; its state file."""
    send(as_admin)
    (state,) = (settings.data_dir / "uploads").glob("*.state")
    run = ImportRun(dry_run=False, renewed=time.time(), done=400, total=1200)
    state.write_bytes(msgspec.json.encode(run))
    return state


def test_an_import_that_takes_its_time_shows_how_far_it_is(as_admin: Browser, half_way: Path) -> None:
    page = as_admin.get("/import/check").text
    assert "400 of 1,200 rows" in page
    assert '<progress id="rows" max="1200" value="400">' in page
    assert "You may leave this page" in page


def test_who_left_finds_the_way_back_to_the_import(as_admin: Browser, half_way: Path) -> None:
    assert "see how far it is" in as_admin.get("/import").text


def test_a_second_press_does_not_start_it_twice(
    as_admin: Browser, half_way: Path, database: Database
) -> None:
    before = count_companies(database)
    assert "400 of 1,200 rows" in as_admin.post("/import/check").text
    assert count_companies(database) == before


def test_an_import_whose_process_died_is_started_again(as_admin: Browser, half_way: Path) -> None:
    silent = ImportRun(dry_run=False, renewed=time.time() - 60, done=400, total=1200)
    half_way.write_bytes(msgspec.json.encode(silent))
    page = as_admin.get("/import/check").text
    assert "Doorbell was stopped in the middle of it." in page
    assert "Start again" in page
    assert "1 added, 1 changed." in as_admin.post("/import/check").text


def test_a_state_that_another_version_wrote_begins_anew(as_admin: Browser, half_way: Path) -> None:
    half_way.write_bytes(b'{"rows": 3}')
    assert "Import 2 rows" in as_admin.get("/import/check").text


def test_a_file_too_long_to_wait_for_is_read_on_by_itself(as_admin: Browser, cast: Cast, app: Flask) -> None:
    app.config["PATIENCE"] = 0
    send(as_admin)
    wait_until(lambda: "Import 2 rows" in as_admin.get("/import/check").text)


def test_no_file_is_said(as_admin: Browser) -> None:
    answer = as_admin.post("/import", data={"kind": "companies"})
    assert answer.status_code == 422
    assert "Choose a file" in answer.text


def test_an_import_without_its_file_asks_for_it_again(as_admin: Browser, cast: Cast) -> None:
    send(as_admin, FILE.rpartition("\n;")[0])
    as_admin.post("/import/check")
    assert as_admin.get("/import/check").location == "/import"
    assert "The file is not here any more" in as_admin.post("/import/check").text


def test_one_admins_file_is_not_anothers(
    as_admin: Browser, as_seller: Browser, cast: Cast, settings: Settings
) -> None:
    send(as_admin)
    assert as_seller.get("/import/check").status_code == 403
    assert oct((settings.data_dir / "uploads").stat().st_mode & 0o777) == "0o700"


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "=1+1"])
def test_hostile_cells_are_shown_as_text(as_admin: Browser, cast: Cast, text: str) -> None:
    send(as_admin, f"domain,name,{text}\nx.test,{text},1\n,,{text}\n", name=f"{text}.csv")
    page = as_admin.get("/import/check")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
