"""The web application: pages for people, and the collector in front of them."""

from __future__ import annotations

from flask import Blueprint, Flask
from flask_wtf.csrf import CSRFProtect
from jinja2 import StrictUndefined

from tracker.collector import Collector, collector_blueprint, collector_front, make_collector
from tracker.db import Database, utc_now
from tracker.segment_routes import segment_blueprint
from tracker.settings import Settings, read_settings
from web import (
    alert_pages,
    channels,
    companies,
    company_domain,
    company_edit,
    contacts,
    corrections,
    errors,
    health,
    home,
    identification_report,
    imports,
    live,
    page_look,
    products,
    profile,
    rules,
    security,
    server_keys,
    setup,
    shell,
    signin,
    sites,
    stored,
    targets,
    users,
    vendors,
)
from web.context import Context
from web.sessions import LIFETIME, DatabaseSessions

# One line per group of pages.
BLUEPRINTS: tuple[Blueprint, ...] = (
    home.blueprint,
    signin.blueprint,
    live.blueprint,
    companies.blueprint,
    company_edit.blueprint,
    company_domain.blueprint,
    contacts.blueprint,
    alert_pages.blueprint,
    corrections.blueprint,
    rules.blueprint,
    channels.blueprint,
    setup.blueprint,
    profile.blueprint,
    users.blueprint,
    sites.blueprint,
    page_look.blueprint,
    stored.blueprint,
    server_keys.blueprint,
    products.blueprint,
    targets.blueprint,
    imports.blueprint,
    vendors.blueprint,
    identification_report.blueprint,
    health.blueprint,
)

csrf = CSRFProtect()


def create_app(settings: Settings | None = None, database: Database | None = None) -> Flask:
    """The application for one installation; settings come from the environment unless given."""
    settings = settings or read_settings()
    database = database or Database(settings.database_url)
    app = Flask("web")
    app.extensions["doorbell"] = Context(settings, database)
    _configure(app, settings)
    app.session_interface = DatabaseSessions(database)
    _add_pages(app)
    _mount_collector(app, make_collector(settings, database))
    return app


def _configure(app: Flask, settings: Settings) -> None:
    secure = settings.base_url.startswith("https://")
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="__Host-doorbell" if secure else "doorbell",
        SESSION_COOKIE_SECURE=secure,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=LIFETIME,
        MAX_CONTENT_LENGTH=security.LARGEST_FORM,
        MAX_FORM_MEMORY_SIZE=security.LARGEST_FORM,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,
        CLOCK=utc_now,
        PATIENCE=1.0,  # seconds that a page waits for work that goes on by itself
    )
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True


def _add_pages(app: Flask) -> None:
    security.set_up(app)
    csrf.init_app(app)
    shell.set_up(app)
    errors.set_up(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)


def _mount_collector(app: Flask, collector: Collector) -> None:
    """The collector's doors: `/s/e` before everything else, the rest as views."""
    for blueprint in (collector_blueprint(collector), segment_blueprint(collector)):
        csrf.exempt(blueprint)
        app.register_blueprint(blueprint)
    app.wsgi_app = collector_front(app.wsgi_app, collector)  # type: ignore[method-assign, assignment]
    app.extensions["collector"] = collector
