"""The application with a week of made-up traffic, on a real port, for a real browser."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from pathlib import Path

from flask import Flask
from playwright.sync_api import Browser, BrowserContext
from werkzeug.serving import make_server

from enrichment.kinds import Kind
from enrichment.models import Correction, Identification
from enrichment.providers.base import Evidence
from tests.conftest import make_settings
from tests.web.story import Story
from tracker.db import Database, utc_now
from tracker.models import DroppedHit, JobTick, Site, User, Visit, Visitor
from web.accounts import make_first_admin_link
from web.app import create_app
from web.sessions import make_session

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
RAW_TOKEN = "0123456789abcdef0123456789abcdef01234567"


class Office:
    """An installation that somebody works with: `story` holds its rows, `address` is where it answers."""

    def __init__(self, directory: Path, database: Database) -> None:
        self.database = database
        self.now = utc_now()
        self.settings = make_settings(directory, database.url, base_url="http://127.0.0.1")
        link = make_first_admin_link(database, self.settings, self.now) or ""
        self.setup_path = link.removeprefix("http://127.0.0.1")
        self.story = Story(database, self.now)
        self._add_administration(self.now)
        self._add_old_visits(self.now - timedelta(days=45))
        self.app: Flask = create_app(self.settings, database)
        self.server = make_server("127.0.0.1", 0, self.app, threaded=True)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _add_administration(self, now: datetime) -> None:
        with self.database.write() as db:
            for job in ("hits", "contacts", "identification", "decisions", "deliveries"):
                db.add(JobTick(job=job, ticked_at=now + timedelta(minutes=5), worker="bell:4711", error=""))
            self.new_site = Site(key="new-site", name="Shop", hosts=[], secret="secret", created_at=now)
            self.guest = User(email="guest@ours.test", name="Guest", role="seller", created_at=now)
            db.add_all([self.new_site, self.guest])
            made = {"made_by": "eva@ours.test", "made_at": now}
            db.add_all(
                [
                    Correction(network="198.51.100.0/24", verdict="company", organisation="Acme AB", **made),
                    Correction(network="2001:db8::/32", verdict="us", undone_at=now, **made),
                ]
            )
            for number, reason in enumerate(("staff", "bot", "bot")):
                db.add(
                    DroppedHit(
                        site_id=self.story.site.id,
                        hit_id=f"d{number}",
                        reason=reason,
                        received_at=now,
                        address="203.0.113.7",
                        url="https://www.ours.test/pricing",
                        detail="Googlebot" if reason == "bot" else "203.0.113.0/24",
                    )
                )

    def _add_old_visits(self, then: datetime) -> None:
        """Enough visits of weeks ago for a report to have shares."""
        evidence = [
            Evidence(source, source, Kind.COMPANY, 0.85, "a made-up row", organisation="Scania AB").as_json()
            for source in ("routing table", "Snitcher")
        ]
        with self.database.write() as db:
            visitor = Visitor(
                site_id=self.story.site.id,
                key="weeks-ago",
                cookieless=False,
                first_seen_at=then,
                last_seen_at=then,
            )
            db.add(visitor)
            db.flush()
            for number in range(130):
                at = then - timedelta(hours=number)
                visit = Visit(
                    site_id=self.story.site.id,
                    visitor_id=visitor.id,
                    started_at=at,
                    ended_at=at,
                    address="2.248.35.152",
                    identified_at=at,
                )
                db.add(visit)
                db.flush()
                known = number % 3 == 0
                db.add(
                    Identification(
                        visit_id=visit.id,
                        kind="company" if known else "isp",
                        company_id=self.story.rescue.id if known else None,
                        organisation="" if known else "Telia",
                        network="" if known else f"2.{number % 12}.0.0/16",
                        evidence=evidence if known else [],
                        identified_at=at,
                    )
                )

    def sign_in(self, context: BrowserContext, user: User | None = None) -> None:
        """Signs the browser in: as Eva, the admin, unless told otherwise."""
        user = user or self.story.eva
        cookie = make_session(self.database, user.id, {"csrf_token": RAW_TOKEN}, utc_now())
        context.add_cookies([{"name": "doorbell", "value": cookie, "url": self.address}])

    def set_theme(self, theme: str) -> None:
        """Eva's choice of colours."""
        with self.database.write() as db:
            db.get_one(User, self.story.eva.id).theme = theme

    def open(self, browser: Browser, *, width: int, dark: bool, signed_in: bool = True) -> BrowserContext:
        context = browser.new_context(
            viewport={"width": width, "height": 800 if width > 500 else 844},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        if signed_in:
            self.sign_in(context)
        return context

    def close(self) -> None:
        self.server.shutdown()
        self.app.extensions["collector"].close()
