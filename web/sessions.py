"""Who is signed in: sessions kept on the server, so that they can be revoked.

Before sign-in a browser only needs a CSRF token and perhaps a message; that fits in Flask's signed
cookie and writes nothing to the database. At sign-in the cookie becomes a new random id whose hash
is the key of a row: a stolen database holds no usable cookie, and an id known before sign-in is
worth nothing after it.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, Request, Response, g, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_wtf.csrf import generate_csrf
from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from tracker.db import Database
from tracker.models import User
from web.clock import request_now
from web.models import WebSession

LIFETIME = timedelta(days=14)
# Stands before the id in the cookie, so that it can never be taken for a signed one.
MARK = "s."


class StoredSession(SecureCookieSession):
    """The session of a signed-in browser, as its row had it."""

    def __init__(self, initial: dict[str, Any], *, id_hash: str, user_id: int) -> None:
        super().__init__(initial)
        self.id_hash = id_hash
        self.user_id = user_id


class DatabaseSessions(SecureCookieSessionInterface):
    """Flask's sessions: a row once signed in, a signed cookie before."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        cookie = request.cookies.get(self.get_cookie_name(app), "")
        if cookie.startswith(MARK):
            return self._find(cookie)
        return super().open_session(app, request)

    def _find(self, cookie: str) -> SecureCookieSession:
        try:
            return find_session(self.database, cookie, request_now()) or self.session_class()
        except SQLAlchemyError as error:
            # Raised again once the request is far enough to be answered with a page.
            g.failure = error
            return self.session_class()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if g.pop("signed_out", False):
            self._forget_cookie(app, response)
        elif user_id := g.pop("signed_in", None):
            cookie = make_session(self.database, user_id, dict(session), request_now())
            self._set_cookie(app, response, cookie)
        elif not isinstance(session, StoredSession):
            super().save_session(app, session, response)
        elif session.modified:
            keep_data(self.database, session.id_hash, dict(session))

    def _set_cookie(self, app: Flask, response: Response, value: str) -> None:
        response.set_cookie(
            self.get_cookie_name(app),
            value,
            max_age=LIFETIME,
            path="/",
            secure=self.get_cookie_secure(app),
            httponly=True,
            samesite=self.get_cookie_samesite(app),
        )

    def _forget_cookie(self, app: Flask, response: Response) -> None:
        response.delete_cookie(
            self.get_cookie_name(app),
            path="/",
            secure=self.get_cookie_secure(app),
            httponly=True,
            samesite=self.get_cookie_samesite(app),
        )


def hash_token(token: str) -> str:
    """What the database keeps of a secret that a browser or a mail holds."""
    return hashlib.sha256(token.encode()).hexdigest()


def make_session(database: Database, user_id: int, data: dict[str, Any], now: datetime) -> str:
    """A new session of a user; returns the cookie's value, which is nowhere else."""
    cookie = MARK + secrets.token_urlsafe(32)
    with database.write() as db:
        db.execute(delete(WebSession).where(WebSession.expires_at <= now))
        db.add(
            WebSession(
                id_hash=hash_token(cookie),
                user_id=user_id,
                data=data,
                created_at=now,
                expires_at=now + LIFETIME,
            )
        )
    return cookie


def find_session(database: Database, cookie: str, now: datetime) -> StoredSession | None:
    """The session behind a cookie, unless it ended or its user was disabled."""
    with database.read() as db:
        row = db.scalar(
            select(WebSession)
            .join(User, User.id == WebSession.user_id)
            .where(WebSession.id_hash == hash_token(cookie))
            .where(WebSession.expires_at > now, User.disabled_at.is_(None))
        )
    if row is None or row.user_id is None:
        return None
    return StoredSession(row.data, id_hash=row.id_hash, user_id=row.user_id)


def keep_data(database: Database, id_hash: str, data: dict[str, Any]) -> None:
    with database.write() as db:
        db.execute(update(WebSession).where(WebSession.id_hash == id_hash).values(data=data))


def begin_session(database: Database, user_id: int) -> None:
    """Signs the browser of this request in, under a new id and with a new CSRF token."""
    end_session(database)
    g.pop("signed_out")
    session.clear()
    g.pop("csrf_token", None)
    generate_csrf()
    g.signed_in = user_id


def end_session(database: Database) -> None:
    """Signs the browser of this request out; its cookie is worth nothing from now on."""
    if stored := get_stored():
        with database.write() as db:
            db.execute(delete(WebSession).where(WebSession.id_hash == stored.id_hash))
    g.signed_out = True


def get_stored() -> StoredSession | None:
    """The session of this request, if it is a signed-in one."""
    stored = session._get_current_object()  # type: ignore[attr-defined]
    return stored if isinstance(stored, StoredSession) else None


def revoke_sessions(db: Session, user_id: int, *, but: str = "") -> int:
    """Ends all sessions of a user, but for the one with this id hash; returns how many."""
    result = db.execute(delete(WebSession).where(WebSession.user_id == user_id, WebSession.id_hash != but))
    return int(result.rowcount)  # type: ignore[attr-defined]
