"""The front door, the page of further pages, and what robots are told."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from web.accounts import can_anyone_sign_in
from web.context import current_user, get_database, get_user, needs_user
from web.shell import static_url

blueprint = Blueprint("home", __name__)

# name, path, icon, what it is for
Link = tuple[str, str, str, str]
SET_UP: tuple[Link, ...] = (
    ("Sites", "/sites", "page", "The snippet, whether it works, page groups and your own addresses"),
    ("Channels", "/channels", "bell", "Slack and SMS: where alerts are sent"),
    ("Products", "/products", "product", "What you sell, and the pages that are about it"),
    ("Target lists", "/target-lists", "take", "Companies you want as customers, by domain"),
    ("Import", "/import", "download", "Companies, contacts, deals and target lists from a file"),
    ("Vendors", "/vendors", "search", "Who may be asked whose an address is, and what was sent to them"),
    ("Users", "/users", "person", "Who signs in and who gets alerts"),
)
LOOK_AFTER: tuple[Link, ...] = (
    ("Health", "/health", "tick", "Whether page views are handled and alerts are sent"),
)
CORRECT: tuple[Link, ...] = (
    ("Identification report", "/reports/identification", "question", "How much is named, how often right"),
    ("Corrections", "/corrections", "company", "What was said of networks that were wrongly named"),
)
YOU: tuple[Link, ...] = (
    ("Your profile", "/profile", "person", "Name, phone, Slack, language, time zone, theme and password"),
)


@blueprint.get("/")
def front() -> ResponseReturnValue:
    if current_user():
        return redirect("/live")
    if can_anyone_sign_in(get_database()):
        return redirect(url_for("signin.sign_in"))
    return render_template("home/welcome.html")


@blueprint.get("/more")
@needs_user
def more() -> ResponseReturnValue:
    groups = [("Who it is", CORRECT), ("You", YOU)]
    if get_user().role == "admin":
        groups = [("Set up", SET_UP), ("Look after", LOOK_AFTER), *groups]
    return render_template("home/more.html", groups=groups)


@blueprint.get("/robots.txt")
def robots() -> Response:
    return Response("User-agent: *\nDisallow: /\n", mimetype="text/plain")


@blueprint.get("/favicon.ico")
def favicon() -> ResponseReturnValue:
    return redirect(static_url("favicon.svg"))
