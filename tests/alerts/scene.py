"""Rows that tests of alerts start from: page views, channels, rules and alerts in a real database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import select

from alerts.models import Alert, Channel, Delivery, DeliveryTry, Rule
from alerts.rules import fill_row, parse_rule
from alerts.story import CompanyStory, Story, plain_story
from enrichment.models import Company, Contact, Identification, VisitorContact
from tests.conftest import Cast
from tests.fakes.slack import TOKEN
from tracker.db import Database
from tracker.models import PageView, Visit, Visitor

_numbers = count(1)


class Scene:
    """The database of a test with the cast in it."""

    def __init__(self, database: Database, cast: Cast, now: datetime) -> None:
        self.database = database
        self.cast = cast
        self.now = now

    def see(
        self,
        company: Company | None = None,
        *,
        path: str = "/pricing",
        group: str = "pricing",
        at: datetime | None = None,
        confidence: float = 0.92,
        visitor_id: int | None = None,
        visit_id: int | None = None,
        identified: bool = True,
        quiet: bool = False,
        kind: str = "company",
    ) -> PageView:
        """A page view in a visit of its own unless `visit_id` names one."""
        at = at or self.now
        with self.database.write() as session:
            if visitor_id is None:
                visitor = Visitor(
                    site_id=self.cast.site.id,
                    key=f"v{next(_numbers)}",
                    cookieless=False,
                    first_seen_at=at,
                    last_seen_at=at,
                )
                session.add(visitor)
                session.flush()
                visitor_id = visitor.id
            if visit_id is None:
                visit = Visit(
                    site_id=self.cast.site.id,
                    visitor_id=visitor_id,
                    started_at=at,
                    ended_at=at,
                    address="192.0.2.7",
                    identified_at=at if identified else None,
                    quiet=quiet,
                )
                session.add(visit)
                session.flush()
                visit_id = visit.id
                if identified:
                    session.add(self._identification(visit_id, company, confidence, kind, at))
            page = PageView(
                site_id=self.cast.site.id,
                visit_id=visit_id,
                hit_id=f"h{next(_numbers)}",
                seen_at=at,
                received_at=at,
                saved_at=at,
                url=f"https://www.ours.test{path}",
                path=path,
                title=f"Title of {path}",
                page_group=group,
            )
            session.add(page)
        return page

    @staticmethod
    def _identification(
        visit_id: int, company: Company | None, confidence: float, kind: str, at: datetime
    ) -> Identification:
        return Identification(
            visit_id=visit_id,
            company_id=company.id if company else None,
            kind=kind if company else "isp",
            confidence=confidence if company else 0.0,
            country="SE",
            evidence=[{"source": "routes", "kind": "company", "why": "the network is theirs"}],
            identified_at=at,
        )

    def link(
        self, page: PageView, *, proof: str = "claimed", company: Company | None = None, **more: Any
    ) -> Contact:
        """A contact linked to the visitor of a page view."""
        with self.database.write() as session:
            contact = Contact(
                email=f"anna{next(_numbers)}@acme.test",
                name="Anna Ek",
                company_id=company.id if company else None,
                created_at=self.now,
                **more,
            )
            session.add(contact)
            session.flush()
            visit = session.get_one(Visit, page.visit_id)
            session.add(
                VisitorContact(
                    visitor_id=visit.visitor_id,
                    email=contact.email,
                    contact_id=contact.id,
                    proof=proof,
                    linked_at=self.now,
                )
            )
        return contact

    def channel(
        self, name: str = "sales", kind: str = "slack", target: str = "#sales", **values: Any
    ) -> Channel:
        values = values or {"token": TOKEN}
        with self.database.write() as session:
            channel = Channel(
                name=name,
                kind=kind,
                target=target,
                settings={"per_second": "1000"} | values,
                created_at=self.now,
            )
            session.add(channel)
        return channel

    def rule(self, when: dict[str, Any], **more: Any) -> Rule:
        data: dict[str, Any] = {"name": "A rule", "when": when, "send": [{"channel": "sales"}]} | more
        channels = [one["channel"] for one in data["send"]]
        with self.database.write() as session:
            row = Rule(version=1, created_at=self.now, updated_at=self.now)
            fill_row(row, parse_rule(data, channels=channels))
            session.add(row)
        return row

    def deliveries(self, *, count: int = 1, channel: Channel, target: str | None = None) -> list[int]:
        """Alerts with one waiting delivery each; the ids of the deliveries."""
        page = self.see(self.cast.acme)
        with self.database.write() as session:
            ids = []
            for number in range(count):
                alert = self._alert(page, f"public-{next(_numbers)}", f"Rule {number}")
                session.add(alert)
                session.flush()
                delivery = Delivery(
                    alert_id=alert.id,
                    channel_id=channel.id,
                    channel_name=channel.name,
                    target=channel.target if target is None else target,
                    next_try_at=self.now,
                    created_at=self.now,
                )
                session.add(delivery)
                session.flush()
                ids.append(delivery.id)
        return ids

    def _alert(self, page: PageView, public_id: str, rule_name: str) -> Alert:
        story = Story(
            headline="reading",
            rule=rule_name,
            reason="a test",
            page="Pricing",
            path="/pricing",
            seen_at=self.now,
            alert_url=f"http://bell.acme.test/a/{public_id}",
            company=CompanyStory(id=self.cast.acme.id, name="Acme AB", confidence=92),
        )
        return Alert(
            public_id=public_id,
            rule_name=rule_name,
            rule_version=1,
            visit_id=page.visit_id,
            page_view_id=page.id,
            company_id=self.cast.acme.id,
            subject=f"company:{self.cast.acme.id}",
            seen_at=self.now,
            reason="a test",
            story=plain_story(story),
            created_at=self.now,
        )

    def get(self, delivery_id: int) -> Delivery:
        with self.database.read() as session:
            return session.get_one(Delivery, delivery_id)

    def all(self, table: type[Any]) -> list[Any]:
        with self.database.read() as session:
            return list(session.scalars(select(table).order_by(table.id)))

    def tries(self, delivery_id: int) -> list[DeliveryTry]:
        return [one for one in self.all(DeliveryTry) if one.delivery_id == delivery_id]

    @contextmanager
    def change(self, table: type[Any], row_id: int) -> Iterator[Any]:
        with self.database.write() as session:
            yield session.get_one(table, row_id)

    def later(self, **span: float) -> datetime:
        return self.now + timedelta(**span)
