"""A WSGI application with nothing but the collector, for tests and benchmarks that need a real server.

`front_app` answers `/s/e` before Flask, `view_app` inside it. Settings come from the environment.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from flask import Flask

from tracker.collector import Collector, collector_blueprint, collector_front
from tracker.db import Database
from tracker.inbox import Inbox
from tracker.rate_limit import RateLimit
from tracker.segment_routes import segment_blueprint
from tracker.settings import read_settings
from tracker.sites import SiteBook

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def make_view() -> tuple[Flask, Collector]:
    settings = read_settings()
    rate = float(os.environ.get("TEST_RATE", "1e9"))
    collector = Collector(
        settings,
        SiteBook(Database(settings.database_url)),
        Inbox(settings.inbox_dir),
        limit=RateLimit(rate, rate),
    )
    app = Flask(__name__, static_folder=None)
    app.register_blueprint(collector_blueprint(collector))
    app.register_blueprint(segment_blueprint(collector))
    return app, collector


def view_app() -> WSGIApplication:
    return make_view()[0]


def front_app() -> WSGIApplication:
    app, collector = make_view()
    return collector_front(app.wsgi_app, collector)
