"""What surrounds every page: navigation, filters, the addresses of static files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask, g, request, url_for

from web.context import current_user, get_settings, request_now
from web.formatting import Reader, add_filters, make_reader

STATIC = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the navigation; `paths` are the beginnings of the paths that belong to it."""

    name: str
    path: str
    icon: str
    paths: tuple[str, ...]

    def holds(self, path: str) -> bool:
        return any(path == start or path.startswith(f"{start}/") for start in self.paths)


PLACES = (
    Place("Live", "/live", "live", ("/live",)),
    Place("Companies", "/companies", "company", ("/companies", "/c", "/contacts", "/visits")),
    Place("Alerts", "/alerts", "bell", ("/alerts", "/a")),
    Place("Rules", "/rules", "rule", ("/rules",)),
    Place(
        "More",
        "/more",
        "more",
        (
            "/more",
            "/sites",
            "/channels",
            "/products",
            "/target-lists",
            "/users",
            "/vendors",
            "/reports",
            "/import",
            "/corrections",
            "/health",
            "/profile",
        ),
    ),
)


def set_up(app: Flask) -> None:
    app.before_request(_raise_failure)
    app.context_processor(_shell)
    app.jinja_env.globals["static_url"] = static_url
    add_filters(app, get_reader)


def _raise_failure() -> None:
    """A database that was away while the session was looked up: pages say so, the rest goes on."""
    if "failure" in g and request.endpoint not in ("static", "health.healthz"):
        raise g.failure


def get_reader() -> Reader:
    """For whom the page of this request is written."""
    if "reader" not in g:
        g.reader = make_reader(current_user(), request_now())
    reader: Reader = g.reader
    return reader


def _shell() -> dict[str, Any]:
    user = current_user()
    return {
        "user": user,
        "is_admin": user is not None and user.role == "admin",
        "places": PLACES,
        "place": next((place for place in PLACES if place.holds(request.path)), None),
        "reader": get_reader(),
        "zone_name": user.time_zone if user else "UTC",
        "now": request_now(),
        "base_url": get_settings().base_url,
    }


def static_url(name: str) -> str:
    """The address of a static file with its content's mark: it may be kept for ever."""
    return url_for("static", filename=name, v=_content_mark(name))


@lru_cache(maxsize=64)
def _content_mark(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
