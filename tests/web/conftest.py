"""The pages under test: an app on a fresh database, and browsers that are signed in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from werkzeug.test import TestResponse

from tests.conftest import Cast
from tests.web.story import Story
from tracker.db import Database
from tracker.models import User
from tracker.settings import Settings
from web.app import create_app
from web.sessions import find_session, make_session

RAW_TOKEN = "0123456789abcdef0123456789abcdef01234567"


class Browser(FlaskClient):
    """A test client that, once signed in, sends the CSRF token with each POST (unless `csrf=False`)."""

    def post(self, *args: Any, csrf: bool = True, **kw: Any) -> TestResponse:
        if csrf and not kw.get("json"):
            kw["data"] = dict(kw.get("data") or {}) | {"csrf_token": self.csrf_token()}
        return super().post(*args, **kw)

    _token: tuple[str | None, str] | None = None

    def csrf_token(self) -> str:
        """The token of the present session, made anew only after the cookie has changed."""
        cookie = self.session_cookie()
        if self._token is None or self._token[0] != cookie or not (cookie or "").startswith("s."):
            self._token = (cookie, self._make_token())
        return self._token[1]

    def _make_token(self) -> str:
        app = self.application
        raw = RAW_TOKEN
        if not (self.session_cookie() or "").startswith("s."):
            with self.session_transaction() as session:
                raw = session.setdefault("csrf_token", RAW_TOKEN)
        else:
            stored = find_session(
                app.extensions["doorbell"].database, self.session_cookie() or "", app.config["CLOCK"]()
            )
            raw = stored["csrf_token"] if stored else raw
        return str(URLSafeTimedSerializer(app.secret_key or "", salt="wtf-csrf-token").dumps(raw))

    def session_cookie(self) -> str | None:
        cookie = self.get_cookie(self.application.config["SESSION_COOKIE_NAME"])
        return cookie.value if cookie else None


@pytest.fixture
def app(settings: Settings, database: Database, now: datetime) -> Iterator[Flask]:
    """The app on the test's database, its clock standing at `now`; errors become pages as in real life."""
    app = create_app(settings, database)
    app.config["CLOCK"] = lambda: now
    app.config["PATIENCE"] = 60.0
    app.test_client_class = Browser
    yield app
    app.extensions["collector"].close()


@pytest.fixture
def client(app: Flask) -> Browser:
    """A stranger's browser."""
    browser: Browser = app.test_client()  # type: ignore[assignment]
    return browser


SignIn = Callable[[Browser, User], Browser]


@pytest.fixture
def sign_in(database: Database, now: datetime) -> SignIn:
    """`sign_in(client, user)` signs that browser in and returns it."""

    def do(client: Browser, user: User) -> Browser:
        cookie = make_session(database, user.id, {"csrf_token": RAW_TOKEN}, now)
        client.set_cookie(client.application.config["SESSION_COOKIE_NAME"], cookie)
        return client

    return do


@pytest.fixture
def as_admin(app: Flask, cast: Cast, sign_in: SignIn) -> Browser:
    """Alice's browser."""
    return sign_in(app.test_client(), cast.alice)  # type: ignore[arg-type]


@pytest.fixture
def as_seller(app: Flask, cast: Cast, sign_in: SignIn) -> Browser:
    """Bob's browser."""
    return sign_in(app.test_client(), cast.bob)  # type: ignore[arg-type]


@pytest.fixture
def story(database: Database, now: datetime) -> Story:
    """A database filled with a week of visits, alerts, deals and one failed delivery."""
    return Story(database, now)


@pytest.fixture
def as_eva(app: Flask, story: Story, sign_in: SignIn) -> Browser:
    """The browser of the story's admin."""
    return sign_in(app.test_client(), story.eva)  # type: ignore[arg-type]


@pytest.fixture
def as_jonas(app: Flask, story: Story, sign_in: SignIn) -> Browser:
    """The browser of the story's seller."""
    return sign_in(app.test_client(), story.jonas)  # type: ignore[arg-type]
