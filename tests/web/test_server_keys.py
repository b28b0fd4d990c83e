"""Secret keys of servers: shown once, kept as a digest, and of no use once revoked."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from tests.conftest import Cast
from tests.web.conftest import Browser
from tracker.db import Database
from tracker.models import Site, SiteKey
from tracker.server_keys import digest_key, is_server_key


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


TRACK = {"anonymousId": "a-visitor", "event": "Signed up", "messageId": "m-1"}


def make_key(browser: Browser, site_id: int, name: str = "Shop backend") -> str:
    page = browser.post(f"/sites/{site_id}/keys/new", data={"name": name}).text
    found = re.search(r'<code id="key">(\w+)</code>', page)
    assert found
    return found[1]


def send(browser: Browser, key: str, **headers: str) -> tuple[int, str]:
    answer = browser.post("/v1/track", json=TRACK | {"writeKey": key}, headers=headers)
    return answer.status_code, (answer.json or {}).get("code", "")


def test_a_key_is_shown_once_and_only_its_digest_is_kept(
    as_admin: Browser, cast: Cast, database: Database
) -> None:
    key = make_key(as_admin, cast.site.id)
    assert is_server_key(key)
    page = as_admin.get(f"/sites/{cast.site.id}").text
    assert "Shop backend" in page
    assert key not in page
    with database.read() as db:
        row = db.scalars(select(SiteKey)).one()
    assert (row.digest, row.hint) == (digest_key(key), key[-4:])


def test_a_key_without_a_name_is_not_made(as_admin: Browser, cast: Cast) -> None:
    answer = as_admin.post(f"/sites/{cast.site.id}/keys/new", data={"name": ""})
    assert answer.status_code == 422
    assert "Write which server will hold the key" in answer.text


def test_a_key_holds_until_it_is_revoked(as_admin: Browser, cast: Cast, database: Database) -> None:
    key = make_key(as_admin, cast.site.id)
    assert send(as_admin, key) == (200, "")
    with database.read() as db:
        row = db.scalars(select(SiteKey)).one()
    as_admin.post(f"/sites/{cast.site.id}/keys/{row.id}/revoke")
    as_admin.application.extensions["collector"].refresh_sites()
    assert send(as_admin, key) == (401, "key_unknown")
    assert "Shop backend" not in as_admin.get(f"/sites/{cast.site.id}").text.split("Server keys")[1]


def test_a_key_that_comes_from_a_page_is_refused(as_admin: Browser, cast: Cast) -> None:
    key = make_key(as_admin, cast.site.id)
    assert send(as_admin, key, Origin="https://www.ours.test") == (403, "secret_in_browser")


def test_a_key_cannot_be_revoked_under_another_site(
    as_admin: Browser, cast: Cast, database: Database
) -> None:
    key = make_key(as_admin, cast.site.id)
    assert as_admin.post(f"/sites/{cast.site.id + 1}/keys/1/revoke").status_code == 404
    assert send(as_admin, key) == (200, "")


def test_a_site_may_say_that_its_senders_ask_for_consent(
    as_admin: Browser, cast: Cast, database: Database
) -> None:
    form = {"name": "Acme", "hosts": "", "staff_networks": "", "page_groups": "", "sender_consent": "y"}
    as_admin.post(f"/sites/{cast.site.id}/edit", data=form)
    with database.read() as db:
        assert db.get_one(Site, cast.site.id).sender_consent
    page = as_admin.get(f"/sites/{cast.site.id}/edit").text
    assert re.search(r'<input[^>]*checked[^>]*id="sender_consent"', page)
