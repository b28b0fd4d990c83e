"""What people see when something goes wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import make_settings
from tests.web.conftest import Browser
from tracker.db import Database
from web.app import create_app

AWAY = "postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=1"


@pytest.fixture
def app_without_database(tmp_path: Path) -> Iterator[Flask]:
    app = create_app(make_settings(tmp_path, AWAY), Database(AWAY))
    yield app
    app.extensions["collector"].close()


def test_a_missing_page_offers_a_search(as_admin: Browser) -> None:
    answer = as_admin.get("/nothing-here")
    assert answer.status_code == 404
    assert "There is no such page, or it was erased" in answer.text
    assert 'action="/companies"' in answer.text


def test_a_crash_says_what_was_not_lost_and_has_a_number_in_the_log(
    app: Flask, as_admin: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    app.add_url_rule("/crash", view_func=lambda: str(1 / 0))
    answer = as_admin.get("/crash")
    assert answer.status_code == 500
    assert "page views are still being received" in answer.text
    number = re.search(r"Error number <code>([0-9a-f]{8})</code>", answer.text)
    assert number
    assert f"id={number[1]}" in caplog.text
    assert "ZeroDivisionError" not in answer.text


def test_a_form_of_text_may_not_be_huge(as_admin: Browser) -> None:
    answer = as_admin.post("/products/new", data={"name": "x" * 3_000_000})
    assert answer.status_code == 413
    assert "This is too large" in answer.text


def test_a_stranger_cannot_send_a_large_import(client: Browser) -> None:
    data = {"kind": "companies", "file": (BytesIO(b"x" * 3_000_000), "a.csv")}
    assert client.post("/import", data=data).status_code == 413


def test_a_wrong_method_gets_a_page(as_admin: Browser) -> None:
    answer = as_admin.get("/sign-out")
    assert answer.status_code == 405
    assert answer.headers["Allow"]


def test_without_a_database_pages_say_so_and_when_to_come_again(app_without_database: Flask) -> None:
    browser = app_without_database.test_client()
    browser.set_cookie("doorbell", "s.whatever")
    for path in ("/", "/sign-in", "/live", "/health"):
        answer = browser.get(path)
        assert answer.status_code == 503, path
        assert "The database does not answer" in answer.text
        assert answer.headers["Retry-After"] == "60"


def test_without_a_database_healthz_is_not_well(app_without_database: Flask, now: datetime) -> None:
    answer = app_without_database.test_client().get("/healthz")
    assert (answer.status_code, answer.json) == (503, {"well": False, "problems": ["database"]})
