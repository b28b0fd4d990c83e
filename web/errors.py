"""Pages for what goes wrong, in our words."""

from __future__ import annotations

import logging
import secrets
from dataclasses import dataclass

from flask import Flask, g, render_template, request
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, OperationalError
from werkzeug.exceptions import HTTPException

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a page of an error says: what is the matter, and what to do next."""

    title: str
    text: str


TROUBLES: dict[int, Trouble] = {
    400: Trouble("This request could not be read", "Go back and send the form again."),
    401: Trouble("You are not signed in", "Sign in, then open the page again."),
    403: Trouble(
        "This page is for admins",
        "Your role is seller. An admin can open this page, or change your role under Users.",
    ),
    404: Trouble(
        "There is no such page, or it was erased",
        "Check the address, or find the company by its name.",
    ),
    405: Trouble("This page cannot be used that way", "Open it from a link, or use the form on it."),
    410: Trouble("This was erased", "It was erased on request, and nothing of it is left."),
    413: Trouble(
        "This is too large",
        "A file may have 20 MB. Split it into several files and import one after the other.",
    ),
    415: Trouble("This kind of content is not understood here", "Use the form on the page."),
    429: Trouble("Too many tries", "Wait a few minutes, then try again."),
    503: Trouble(
        "The database does not answer",
        "Nothing is lost: page views are still being received and wait on disk. Try again in a minute.",
    ),
}
FALLBACK = Trouble("Something is wrong with this request", "Go back and try again.")
OLD_FORM = Trouble(
    "This form is too old to be accepted",
    "You signed in or out since it was opened. Nothing was changed. "
    "Go back, reload the page and send it again.",
)
OURS = Trouble(
    "Something broke on our side",
    "Nothing that visitors did was lost: page views are still being received. "
    "Try again; if it happens again, give an admin the number below.",
)


def set_up(app: Flask) -> None:
    app.register_error_handler(HTTPException, _show_http_error)
    app.register_error_handler(CSRFError, _show_old_form)
    app.register_error_handler(OperationalError, _show_database_away)
    app.register_error_handler(InterfaceError, _show_database_away)
    app.register_error_handler(Exception, _show_crash)


def _show_http_error(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    return _show(TROUBLES.get(error.code, FALLBACK), error.code), error.code, kept


def _show_old_form(error: CSRFError) -> ResponseReturnValue:
    return _show(OLD_FORM, 400), 400


def _show_database_away(error: Exception) -> ResponseReturnValue:
    number = _log(error)
    _forget_user()
    return _show(TROUBLES[503], 503, number), 503, {"Retry-After": "60"}


def _show_crash(error: Exception) -> ResponseReturnValue:
    number = _log(error)
    _forget_user()
    return _show(OURS, 500, number), 500


def _forget_user() -> None:
    """The page of an error must not ask the database that may have caused it."""
    g.user = g.get("user")


def _log(error: Exception) -> str:
    number = secrets.token_hex(4)
    logger.error("page failed id=%s path=%s", number, request.path, exc_info=error)
    return number


def _show(trouble: Trouble, code: int, number: str = "") -> str:
    return render_template("error.html", trouble=trouble, code=code, number=number)
