"""Inviting, changing and disabling users; one's own profile; the first admin."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from tests.conftest import Cast
from tests.web.conftest import Browser, SignIn
from tracker.db import Database
from tracker.models import User
from tracker.settings import Settings
from web.accounts import TRIES_PER_EMAIL, hash_password, is_password, make_first_admin_link, make_invitation

PASSWORD = "four words in a row"
PROFILE = {
    "name": "Alice",
    "slack_id": "u024be7lh",
    "phone": "+46 70 174 06 05",
    "time_zone": "Europe/Stockholm",
    "language": "sv",
    "quiet_from": "20:00",
    "quiet_to": "7:00",
    "theme": "dark",
}


def get_user(database: Database, user_id: int) -> User:
    with database.read() as db:
        return db.get_one(User, user_id)


def test_the_first_admin_is_made_with_a_link_that_works_once(
    client: Browser, database: Database, settings: Settings, now: datetime
) -> None:
    link = make_first_admin_link(database, settings, now)
    assert link
    path = link.removeprefix(settings.base_url)
    assert client.get(path).status_code == 200
    form = {"email": "Eva@Ours.test", "name": "Eva", "password": PASSWORD}
    assert client.post(path, data=form).location == "/setup/site"
    assert client.get("/users").status_code == 200
    assert client.application.test_client().get(path).status_code == 410
    assert make_first_admin_link(database, settings, now) is None


def test_a_newer_first_admin_link_ends_the_older(
    client: Browser, database: Database, settings: Settings, now: datetime
) -> None:
    older = make_first_admin_link(database, settings, now) or ""
    newer = make_first_admin_link(database, settings, now) or ""
    assert client.get(older.removeprefix(settings.base_url)).status_code == 410
    assert client.get(newer.removeprefix(settings.base_url)).status_code == 200


def test_a_first_admin_link_ends_after_a_day(
    app: Flask, client: Browser, database: Database, settings: Settings, now: datetime
) -> None:
    link = make_first_admin_link(database, settings, now) or ""
    app.config["CLOCK"] = lambda: now + timedelta(hours=25)
    assert client.get(link.removeprefix(settings.base_url)).status_code == 410


def test_an_invitation_does_not_make_an_admin(
    client: Browser, cast: Cast, database: Database, settings: Settings, now: datetime
) -> None:
    with database.write() as db:
        link = make_invitation(db, settings, cast.bob.id, now)
    token = link.rpartition("/")[2]
    form = {"email": "mallory@ours.test", "name": "Mallory", "password": PASSWORD}
    assert client.post(f"/setup/{token}", data=form).status_code == 410


def test_an_invited_user_sets_a_password_and_is_signed_in(
    app: Flask, as_admin: Browser, database: Database
) -> None:
    form = {"email": " Dora@Ours.test", "name": "Dora", "role": "seller"}
    page = as_admin.post("/users/new", data=form)
    link = re.search(r"http://bell.acme.test(/welcome/[\w-]+)", page.text)
    assert link
    guest = app.test_client()
    assert guest.get(link[1]).status_code == 200
    assert guest.post(link[1], data={"password": PASSWORD}).location == "/profile"
    assert guest.get("/profile").status_code == 200
    assert guest.post(link[1], data={"password": PASSWORD}).status_code == 410


def test_an_e_mail_is_invited_only_once(as_admin: Browser, cast: Cast) -> None:
    page = as_admin.post("/users/new", data={"email": "BOB@ours.test", "name": "B", "role": "seller"})
    assert page.status_code == 422
    assert "There is a user with this e-mail already" in page.text


def test_a_short_password_is_refused_with_a_reason(
    client: Browser, cast: Cast, database: Database, settings: Settings, now: datetime
) -> None:
    with database.write() as db:
        link = make_invitation(db, settings, cast.bob.id, now)
    page = client.post(link.removeprefix(settings.base_url), data={"password": "short"})
    assert page.status_code == 422
    assert "Use at least 12 characters" in page.text


def test_a_disabled_user_is_signed_out_at_once(as_admin: Browser, as_seller: Browser, cast: Cast) -> None:
    assert as_seller.get("/more").status_code == 200
    assert as_admin.post(f"/users/{cast.bob.id}/disable").location == "/users"
    assert as_seller.get("/more").status_code == 302


def test_the_last_admin_can_neither_be_disabled_nor_made_a_seller(
    as_admin: Browser, cast: Cast, database: Database
) -> None:
    assert as_admin.post(f"/users/{cast.alice.id}/disable").status_code == 422
    page = as_admin.post(f"/users/{cast.alice.id}", data=PROFILE | {"role": "seller"})
    assert page.status_code == 422
    assert get_user(database, cast.alice.id).role == "admin"


def test_a_profile_is_saved_in_its_usual_spelling(as_admin: Browser, cast: Cast, database: Database) -> None:
    assert as_admin.post("/profile", data=PROFILE).status_code == 302
    alice = get_user(database, cast.alice.id)
    assert (alice.phone, alice.slack_id) == ("+46701740605", "U024BE7LH")
    assert (alice.quiet_from, alice.quiet_to) == ("20:00", "07:00")


def test_the_theme_stands_in_the_page(as_admin: Browser) -> None:
    as_admin.post("/profile", data=PROFILE)
    page = as_admin.get("/profile").text
    assert 'data-theme="dark"' in page
    assert "Your profile is saved." in page


def test_a_profile_cannot_change_the_role(as_seller: Browser, cast: Cast, database: Database) -> None:
    as_seller.post("/profile", data=PROFILE | {"role": "admin"})
    assert get_user(database, cast.bob.id).role == "seller"


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("phone", "070-1740605", "with its country code"),
        ("phone", "+46 70 1", "No such number exists"),
        ("slack_id", "@eva", "Write a Slack member ID"),
        ("time_zone", "Stockholm", "a region and a city"),
        ("quiet_from", "25:00", "Write a time of day"),
        ("quiet_to", "", "Write both hours or neither"),
        ("name", " ", "Write a name"),
        ("name", "x" * 201, "at most 200 characters"),
    ],
)
def test_an_odd_field_keeps_what_was_typed_and_says_what_to_do(
    as_admin: Browser, field: str, value: str, text: str
) -> None:
    page = as_admin.post("/profile", data=PROFILE | {field: value})
    assert page.status_code == 422
    assert text in page.text
    assert "<title>Error: " in page.text
    assert f'<a href="#{field}">' in page.text
    assert 'aria-invalid="true"' in page.text
    assert "Europe/Stockholm" in page.text


def test_changing_the_password_signs_out_the_other_devices(
    app: Flask, as_admin: Browser, cast: Cast, database: Database, sign_in: SignIn
) -> None:
    with database.write() as db:
        db.get_one(User, cast.alice.id).password_hash = hash_password(PASSWORD)
    other: Browser = sign_in(app.test_client(), cast.alice)  # type: ignore[arg-type]
    before = as_admin.session_cookie()
    form = {"old": PASSWORD, "new": "quite another secret"}
    assert as_admin.post("/profile/password", data=form).status_code == 302
    assert other.get("/profile").status_code == 302
    assert as_admin.session_cookie() != before
    assert "signed out on 1 other device." in as_admin.get("/profile").text
    assert is_password(get_user(database, cast.alice.id).password_hash, "quite another secret")


def test_the_password_is_changed_only_by_who_knows_it(as_admin: Browser, cast: Cast) -> None:
    page = as_admin.post("/profile/password", data={"old": "guess", "new": "quite another secret"})
    assert page.status_code == 422
    assert "This is not the password you have now" in page.text


def test_everybody_in_the_cast_is_listed(as_admin: Browser, database: Database) -> None:
    page = as_admin.get("/users").text.replace("<wbr>", "")
    with database.read() as db:
        for user in db.scalars(select(User)):
            assert user.email in page


def test_guessing_the_password_on_an_open_page_must_wait_too(as_admin: Browser, cast: Cast) -> None:
    form = {"old": "guess", "new": "quite another secret"}
    pages = [as_admin.post("/profile/password", data=form).text for _ in range(TRIES_PER_EMAIL + 1)]
    assert "Too many tries. Wait 15 minutes" in pages[-1]
