"""The moment a request began. The app's `CLOCK` gives it; everything below a page gets it as `now`."""

from __future__ import annotations

from datetime import datetime

from flask import current_app, g


def request_now() -> datetime:
    """The moment this request began (UTC); the same for everything in it."""
    if "now" not in g:
        g.now = current_app.config["CLOCK"]()
    now: datetime = g.now
    return now
