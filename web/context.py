"""What every page may ask for: settings, database, the signed-in user, the time of the request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec

from flask import abort, current_app, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from tracker.address import find_client_address
from tracker.db import Database
from tracker.models import User
from tracker.settings import Settings
from web.clock import request_now
from web.sessions import get_stored

__all__ = [
    "Context",
    "current_user",
    "get_database",
    "get_settings",
    "get_user",
    "is_fragment",
    "needs_admin",
    "needs_user",
    "request_now",
    "visitor_address",
]

P = ParamSpec("P")
View = Callable[P, ResponseReturnValue]


@dataclass(frozen=True, slots=True)
class Context:
    """What `create_app` was given; lies under `doorbell` in the app's extensions."""

    settings: Settings
    database: Database


def get_settings() -> Settings:
    return _context().settings


def get_database() -> Database:
    return _context().database


def _context() -> Context:
    context: Context = current_app.extensions["doorbell"]
    return context


def current_user() -> User | None:
    """The signed-in user, read once per request; None for a stranger."""
    if "user" not in g:
        g.user = _find_user()
    user: User | None = g.user
    return user


def _find_user() -> User | None:
    stored = get_stored()
    if stored is None:
        return None
    with get_database().read() as db:
        return db.get(User, stored.user_id)


def get_user() -> User:
    """The signed-in user of a page that `needs_user`."""
    user = current_user()
    if user is None:
        abort(401)
    return user


def needs_user(view: View[P]) -> View[P]:
    """Lets signed-in users in; sends others to the sign-in page and back here afterwards."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if current_user() is None:
            return _ask_to_sign_in()
        return view(*args, **kwargs)

    return guarded


def needs_admin(view: View[P]) -> View[P]:
    """Lets admins in; a seller gets a page that says an admin is needed."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        user = current_user()
        if user is None:
            return _ask_to_sign_in()
        if user.role != "admin":
            abort(403)
        return view(*args, **kwargs)

    return guarded


def visitor_address() -> str:
    """The address of this browser, believed only as far as the trusted proxies go."""
    forwarded = ",".join(request.headers.getlist("X-Forwarded-For"))
    return find_client_address(request.remote_addr or "", forwarded, get_settings().trusted_proxies)


def is_fragment() -> bool:
    """Whether the page's own script asks, to replace a part of an open page."""
    return request.headers.get("X-Fragment") == "1"


def _ask_to_sign_in() -> ResponseReturnValue:
    if is_fragment():
        abort(401)
    here = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("signin.sign_in", next=here))
