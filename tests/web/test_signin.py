"""Signing in and out."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from tests.conftest import Cast
from tests.web.conftest import Browser, SignIn
from tracker.db import Database
from tracker.models import User
from tracker.settings import Settings
from web.accounts import NOBODYS_HASH, TRIES_PER_EMAIL, hash_password, is_password
from web.app import create_app
from web.models import SignInTry, WebSession
from web.signin import WRONG, safe_target

PASSWORD = "four words in a row"


@pytest.fixture
def alice(database: Database, cast: Cast) -> User:
    with database.write() as db:
        user = db.get_one(User, cast.alice.id)
        user.password_hash = hash_password(PASSWORD)
    return user


def try_to_sign_in(client: Browser, email: str = "alice@ours.test", password: str = PASSWORD) -> int:
    return client.post("/sign-in", data={"email": email, "password": password}).status_code


def test_the_right_password_leads_to_the_live_list(client: Browser, alice: User) -> None:
    answer = client.post("/sign-in", data={"email": " Alice@Ours.test ", "password": PASSWORD})
    assert (answer.status_code, answer.location) == (302, "/live")
    assert client.get("/more").status_code == 200


def test_a_wrong_password_and_an_unknown_mail_get_the_same_answer(client: Browser, alice: User) -> None:
    wrong = client.post("/sign-in", data={"email": "alice@ours.test", "password": "wrong"})
    unknown = client.post("/sign-in", data={"email": "nobody@ours.test", "password": "wrong"})
    assert wrong.status_code == unknown.status_code == 422
    assert WRONG in wrong.text
    assert WRONG in unknown.text


def test_an_unknown_mail_costs_a_password_check_too() -> None:
    assert is_password("", "anything") is False
    assert NOBODYS_HASH.startswith("$argon2id$")


def test_a_user_without_a_password_cannot_sign_in(client: Browser, cast: Cast) -> None:
    assert try_to_sign_in(client, "bob@ours.test", "") == 422
    assert try_to_sign_in(client, "bob@ours.test", "anything at all") == 422


def test_a_disabled_user_cannot_sign_in(
    client: Browser, alice: User, database: Database, now: datetime
) -> None:
    with database.write() as db:
        db.get_one(User, alice.id).disabled_at = now
    assert try_to_sign_in(client) == 422


def test_too_many_tries_on_one_mail_must_wait(client: Browser, alice: User) -> None:
    codes = [try_to_sign_in(client, password="wrong") for _ in range(TRIES_PER_EMAIL)]
    assert set(codes) == {422}
    answer = client.post("/sign-in", data={"email": "alice@ours.test", "password": PASSWORD})
    assert answer.status_code == 429
    assert "Too many tries. Wait 15 minutes" in answer.text


def test_after_the_wait_the_right_password_is_heard_again(
    app: Flask, client: Browser, alice: User, now: datetime
) -> None:
    for _ in range(TRIES_PER_EMAIL + 1):
        try_to_sign_in(client, password="wrong")
    app.config["CLOCK"] = lambda: now + timedelta(minutes=16)
    assert try_to_sign_in(client) == 302


def test_too_many_tries_from_one_address_must_wait(client: Browser, cast: Cast, database: Database) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("web.accounts.TRIES_PER_ADDRESS", 3)
        codes = [try_to_sign_in(client, f"user{number}@ours.test", "wrong") for number in range(4)]
    assert codes == [422, 422, 422, 429]


def test_a_good_sign_in_forgets_the_failed_tries_of_that_mail(
    client: Browser, alice: User, database: Database
) -> None:
    try_to_sign_in(client, password="wrong")
    try_to_sign_in(client)
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(SignInTry)) == 1, "the address's own"


def test_sign_in_gives_the_browser_a_new_id(client: Browser, alice: User) -> None:
    client.get("/sign-in")
    before = client.session_cookie()
    try_to_sign_in(client)
    assert client.session_cookie() != before


def test_a_session_id_chosen_by_somebody_else_is_worth_nothing(client: Browser, alice: User) -> None:
    client.set_cookie("doorbell", "s.chosen-by-an-attacker")
    client.get("/sign-in")
    assert try_to_sign_in(client) == 302
    assert client.session_cookie() != "s.chosen-by-an-attacker"
    stranger = client.application.test_client()
    stranger.set_cookie("doorbell", "s.chosen-by-an-attacker")
    assert stranger.get("/more").status_code == 302


def test_the_database_does_not_hold_the_cookie(client: Browser, alice: User, database: Database) -> None:
    try_to_sign_in(client)
    with database.read() as db:
        ids = db.scalars(select(WebSession.id_hash)).all()
    assert len(ids) == 1
    assert ids[0] != client.session_cookie()


def test_signing_out_revokes_the_cookie_and_not_only_in_the_browser(
    client: Browser, cast: Cast, sign_in: SignIn
) -> None:
    sign_in(client, cast.alice)
    kept = client.session_cookie() or ""
    assert client.post("/sign-out").location == "/sign-in"
    client.set_cookie("doorbell", kept)
    assert client.get("/more").status_code == 302


def test_signing_out_needs_a_post(as_admin: Browser) -> None:
    assert as_admin.get("/sign-out").status_code == 405
    assert as_admin.get("/more").status_code == 200


def test_a_post_without_the_token_is_refused(as_admin: Browser) -> None:
    answer = as_admin.post("/sign-out", csrf=False)
    assert answer.status_code == 400
    assert "This form is too old to be accepted" in answer.text
    assert as_admin.get("/more").status_code == 200


def test_a_session_ends_after_two_weeks(app: Flask, as_admin: Browser, now: datetime) -> None:
    app.config["CLOCK"] = lambda: now + timedelta(days=14)
    assert as_admin.get("/more").status_code == 302


def test_looking_at_the_sign_in_page_writes_nothing(client: Browser, database: Database) -> None:
    client.get("/sign-in")
    with database.read() as db:
        assert db.scalar(select(func.count()).select_from(WebSession)) == 0


def test_a_page_asked_for_comes_after_sign_in(client: Browser, alice: User) -> None:
    asked = client.get("/more?a=1&b=2")
    assert asked.location == "/sign-in?next=/more?a%3D1%26b%3D2"
    answer = client.post(asked.location, data={"email": "alice@ours.test", "password": PASSWORD})
    assert answer.location == "/more?a=1&b=2"


@pytest.mark.parametrize(
    "target",
    ["https://evil.test", "//evil.test", "/\\evil.test", "\\\\evil.test", "javascript:x", "/a\n//b", ""],
)
def test_sign_in_never_leads_to_another_site(target: str) -> None:
    assert safe_target(target) == "/live"


def test_the_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites(client: Browser, alice: User) -> None:
    header = client.post("/sign-in", data={"email": "alice@ours.test", "password": PASSWORD}).headers[
        "Set-Cookie"
    ]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Secure" not in header


def test_behind_https_the_cookie_is_bound_to_the_host_and_to_https(
    settings: Settings, database: Database, alice: User, now: datetime
) -> None:
    app = create_app(replace(settings, base_url="https://bell.acme.test"), database)
    app.config.update(CLOCK=lambda: now, WTF_CSRF_ENABLED=False)
    browser = app.test_client()
    data = {"email": "alice@ours.test", "password": PASSWORD}
    answer = browser.post("/sign-in", data=data, base_url="https://bell.acme.test")
    app.extensions["collector"].close()
    header = answer.headers["Set-Cookie"]
    assert header.startswith("__Host-doorbell=")
    assert "Secure" in header
    assert "Strict-Transport-Security" in answer.headers


def test_a_made_up_forwarded_address_does_not_help_a_guesser(client: Browser, cast: Cast) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("web.accounts.TRIES_PER_ADDRESS", 2)
        codes = [
            client.post(
                "/sign-in",
                data={"email": f"user{number}@ours.test", "password": "wrong"},
                headers={"X-Forwarded-For": f"192.0.2.{number}"},
            ).status_code
            for number in range(3)
        ]
    assert codes == [422, 422, 429]
