"""A week at a made-up seller of field software: what the pages show in tests and in pictures."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from alerts.models import Alert, Channel, Decision, Delivery, DeliveryTry, Rule
from enrichment.models import (
    Company,
    Contact,
    Deal,
    DealProduct,
    Identification,
    Product,
    StageChange,
    TargetList,
    TargetListEntry,
    VisitorContact,
)
from tracker.db import Database
from tracker.models import Action, PageView, Site, User, Visit, Visitor

T = TypeVar("T")
Page = tuple[str, str, str, int]  # path, title, page group, seconds looked at

PRICING: Page = ("/priser", "Pricing", "pricing", 130)
CASE: Page = ("/cases/atlas", "Customer case: Atlas", "cases", 210)
FIELD_APP: Page = ("/products/field-app", "Field app", "", 75)
BLOG: Page = ("/blog/scoring", "Scoring that sellers believe", "", 48)
CONTACT: Page = ("/contact", "Contact", "contact", 20)


class Story:
    """Fills an empty database; the rows that tests ask about are attributes."""

    def __init__(self, database: Database, now: datetime) -> None:
        self.now = now
        self.count = 0
        with database.write() as session:
            self.session: Session = session
            self._people()
            self._companies()
            self._rules()
            self._scania()
            self._topsoe()
            self._nordlund()
            self._bravida()
            self._others()

    def _people(self) -> None:
        self.eva = self._add(
            User(
                email="eva@ours.test",
                name="Eva Lind",
                role="admin",
                slack_id="U024BE7LH",
                time_zone="Europe/Stockholm",
                created_at=self.now - timedelta(days=60),
            )
        )
        self.jonas = self._add(
            User(
                email="jonas@ours.test",
                name="Jonas Berg",
                role="seller",
                phone="+46701740605",
                time_zone="Europe/Stockholm",
                created_at=self.now - timedelta(days=60),
            )
        )
        self.site = self._add(
            Site(
                key="ours-web",
                name="Ours",
                hosts=["www.ours.test"],
                page_groups=[
                    ["pricing", ["/pricing*", "/priser*"]],
                    ["contact", ["/contact*"]],
                    ["cases", ["/cases/*"]],
                ],
                secret="a-secret-of-the-site",
                created_at=self.now - timedelta(days=60),
                first_hit_at=self.now - timedelta(days=59),
                last_hit_at=self.now,
            )
        )

    def _companies(self) -> None:
        eva, jonas = self.eva.id, self.jonas.id
        self.scania = self._company(
            "Scania AB",
            "scania.com",
            "SE",
            stage="opportunity",
            owner_id=eva,
            employees=57_000,
            revenue=204_000_000_000,
            currency="SEK",
            industry="Vehicles",
        )
        self.topsoe = self._company("Topsoe A/S", "topsoe.com", "DK", stage="mql", employees=2_800)
        self.nordlund = self._company(
            "Nordlund Industri AB", "nordlund.test", "SE", stage="sql", owner_id=jonas
        )
        self.bravida = self._company(
            "Bravida AB", "bravida.se", "SE", stage="customer", owner_id=jonas, tags=["service"]
        )
        self.rescue = self._company("Räddningstjänsten Väst", "rvast.test", "SE", kind="government")
        self.crm = self._add(Product(name="CRM", pages=["/products/crm*"]))
        self.field_app = self._add(Product(name="Field app", pages=["/products/field-app*"]))
        self.ideal = self._add(TargetList(name="Ideal customers"))
        self._add(TargetListEntry(list_id=self.ideal.id, domain="scania.com"))
        self._deals()

    def _deals(self) -> None:
        self.lost_deal = self._deal(
            "D-1", "Field service 2025", self.nordlund, "lost", 420_000, timedelta(days=254)
        )
        won = self._deal("D-2", "CRM for 120 users", self.bravida, "won", 960_000, timedelta(days=400))
        self._deal("D-3", "CRM, group-wide", self.scania, "open", 3_200_000, None)
        self._add(DealProduct(deal_id=won.id, product_id=self.crm.id))

    def _rules(self) -> None:
        self.sales = self._add(
            Channel(
                name="sales",
                kind="slack",
                target="#sales",
                settings={"token": "xoxb-this-is-secret"},
                created_at=self.now - timedelta(days=30),
                delivered_at=self.now,
            )
        )
        self.sms = self._add(
            Channel(
                name="sms",
                kind="sms",
                settings={
                    "provider": "46elks",
                    "username": "u1",
                    "password": "hush-hush",
                    "from": "Doorbell",
                },
                created_at=self.now - timedelta(days=30),
                failed_at=self.now - timedelta(hours=2),
                paused_at=self.now - timedelta(hours=2),
                paused_reason="46elks refused the password. Enter it again, then resume.",
                last_error="401 API access requires Basic HTTP authentication",
            )
        )
        self.mql_rule = self._rule(
            "MQL on a buying page",
            {"stage": ["mql"], "page_group": ["pricing", "contact", "cases"]},
            [{"channel": "sales"}],
        )
        self.ideal_rule = self._rule(
            "Ideal customer on the site",
            {"target_list": "Ideal customers"},
            [{"channel": "sales", "to": "owner"}],
            repeat_after_seconds=7 * 86_400,
        )
        self.lost_rule = self._rule(
            "Lost deal is back", {"deal": "lost"}, [{"channel": "sales", "to": "deal_owner"}]
        )
        self.draft_rule = self._rule(
            "Customer looks at a product they do not own",
            {"stage": ["customer"], "product": "not_owned"},
            [{"channel": "sms", "to": "owner"}],
            state="draft",
        )

    def _scania(self) -> None:
        for days in (1, 2, 4, 5, 9, 12, 13, 20, 26):
            self.visit(self.scania, timedelta(days=days, minutes=37), [PRICING, BLOG][: days % 3 or 2])
        self.scania_visit = self.visit(
            self.scania,
            timedelta(minutes=4),
            [BLOG, FIELD_APP, PRICING],
            confidence=0.96,
            traffic_channel="Paid Social",
            source_name="LinkedIn",
        )
        self.anna = self._add(
            Contact(
                email="anna.berg@scania.com",
                name="Anna Berg",
                role="Purchasing manager",
                phone="+4685538100",
                company_id=self.scania.id,
                stage="sql",
                owner_id=self.eva.id,
                consent="newsletter form",
                source="import",
                created_at=self.now - timedelta(days=50),
            )
        )
        self._claim(self.scania_visit, "anna.berg@scania.com", self.anna.id, "proved")
        self._claim(self.scania_visit, "per.ek@scania.com", None, "claimed")
        self._add(
            StageChange(
                company_id=self.scania.id,
                old_stage="sql",
                new_stage="opportunity",
                reason="deal opened: CRM, group-wide",
                changed_by="eva@ours.test",
                changed_at=self.now - timedelta(days=2, hours=3),
            )
        )
        self._action(self.scania_visit, "download", {"file": "lead-guide.pdf"})
        self.scania_alert = self.alert(
            self.scania_visit, self.ideal_rule, "On the list Ideal customers: scania.com", user=self.eva
        )
        self.decision(self.scania_visit, self.lost_rule, "no", "No lost deal with Scania AB")
        self.decision(self.scania_visit, self.mql_rule, "no", "Stage is opportunity; the rule asks for mql")

    def _topsoe(self) -> None:
        self.topsoe_visit = self.visit(
            self.topsoe, timedelta(minutes=11), [PRICING, CASE, PRICING, CONTACT], confidence=0.84,
            traffic_channel="Email", source_name="webinar",
        )  # fmt: skip
        self.topsoe_alert = self.alert(
            self.topsoe_visit, self.mql_rule, "Stage is MQL; page group is pricing", state="failed"
        )
        self.decision(self.topsoe_visit, self.ideal_rule, "no", "Not on the list Ideal customers")

    def _nordlund(self) -> None:
        self.visit(self.nordlund, timedelta(days=7, hours=2), [FIELD_APP])
        self.nordlund_visit = self.visit(
            self.nordlund,
            timedelta(minutes=26),
            [CASE, PRICING, FIELD_APP, CASE, BLOG, CASE],
            confidence=0.92,
        )
        self.nordlund_alert = self.alert(
            self.nordlund_visit, self.lost_rule, "Deal is lost: Field service 2025", user=self.jonas
        )
        self.nordlund_alert.taken_by_id = self.jonas.id
        self.nordlund_alert.taken_at = self.now - timedelta(minutes=9)

    def _bravida(self) -> None:
        self.bravida_visit = self.visit(
            self.bravida, timedelta(hours=3), [FIELD_APP, FIELD_APP], confidence=0.97,
            traffic_channel="Email", source_name="newsletter",
        )  # fmt: skip
        self.decision(
            self.bravida_visit, self.lost_rule, "held", "Alerted 3 hours ago; the rule rings once in 24 hours"
        )

    def _others(self) -> None:
        self.rescue_visit = self.visit(
            self.rescue,
            timedelta(minutes=6),
            [BLOG],
            confidence=0.64,
            traffic_channel="Organic Search",
            source_name="Google",
        )
        self.decision(self.rescue_visit, self.ideal_rule, "no", "Confidence 64 %; the rule asks for 80 %")
        self.home_visit = self.visit(
            None,
            timedelta(minutes=7),
            [CONTACT, PRICING],
            kind="isp",
            organisation="Telia",
            traffic_channel="Organic Search",
            source_name="Google",
        )
        self.hoster_visit = self.visit(
            None, timedelta(hours=2), [PRICING], kind="hosting", organisation="Hetzner"
        )

    def visit(
        self,
        company: Company | None,
        ago: timedelta,
        pages: list[Page],
        *,
        confidence: float = 0.9,
        kind: str = "company",
        organisation: str = "",
        traffic_channel: str = "Direct",
        source_name: str = "",
    ) -> Visit:
        """A visit whose last page was seen `ago`, identified at once."""
        end = self.now - ago
        start = end - timedelta(seconds=sum(page[3] for page in pages[:-1]))
        visitor = self._visitor(start, end)
        visit = self._add(
            Visit(
                site_id=self.site.id,
                visitor_id=visitor.id,
                started_at=start,
                ended_at=end,
                page_view_count=len(pages),
                engaged_ms=1000 * sum(page[3] for page in pages),
                landing_url=f"https://www.ours.test{pages[0][0]}",
                traffic_channel=traffic_channel,
                source_name=source_name,
                address="192.0.2.17",
                browser="Firefox",
                operating_system="Windows",
                device="desktop",
                identified_at=start + timedelta(milliseconds=68),
            )
        )
        self._pages(visit, start, pages)
        self._identify(visit, company, confidence, kind, organisation)
        return visit

    def _visitor(self, start: datetime, end: datetime) -> Visitor:
        self.count += 1
        return self._add(
            Visitor(
                site_id=self.site.id,
                key=f"visitor-{self.count}",
                cookieless=False,
                first_seen_at=start,
                last_seen_at=end,
            )
        )

    def _pages(self, visit: Visit, start: datetime, pages: list[Page]) -> None:
        seen = start
        for number, (path, title, group, seconds) in enumerate(pages):
            self._add(
                PageView(
                    site_id=self.site.id,
                    visit_id=visit.id,
                    hit_id=f"hit-{visit.id}-{number}",
                    seen_at=seen,
                    received_at=seen + timedelta(milliseconds=26),
                    saved_at=seen + timedelta(milliseconds=59),
                    url=f"https://www.ours.test{path}",
                    path=path,
                    title=title,
                    page_group=group,
                    engaged_ms=seconds * 1000,
                    decided_at=seen + timedelta(milliseconds=71),
                )
            )
            seen += timedelta(seconds=seconds)

    def _identify(
        self, visit: Visit, company: Company | None, confidence: float, kind: str, organisation: str
    ) -> None:
        name = company.name if company else organisation
        self._add(
            Identification(
                visit_id=visit.id,
                company_id=company.id if company else None,
                kind=company.kind if company else kind,
                organisation=name,
                confidence=confidence if company else 0.0,
                country="SE",
                network="192.0.2.0/24",
                evidence=evidence(name, confidence) if company else [],
                identified_at=visit.started_at + timedelta(milliseconds=68),
            )
        )
        if company:
            company.first_seen_at = min(company.first_seen_at or visit.started_at, visit.started_at)
            company.last_seen_at = max(company.last_seen_at or visit.ended_at, visit.ended_at)

    def alert(
        self,
        visit: Visit,
        rule: Rule,
        reason: str,
        *,
        state: str = "delivered",
        user: User | None = None,
    ) -> Alert:
        """An alert from the visit's last page view, with one delivery in Slack."""
        view = self.session.query(PageView).filter_by(visit_id=visit.id).order_by(PageView.id.desc()).first()
        assert view is not None
        identified = self.session.get_one(Identification, visit.id)
        self.decision(visit, rule, "alert", reason)
        self.count += 1
        alert = self._add(
            Alert(
                public_id=f"alert-{self.count}",
                rule_id=rule.id,
                rule_name=rule.name,
                rule_version=rule.version,
                visit_id=visit.id,
                page_view_id=view.id,
                company_id=identified.company_id,
                subject=f"company:{identified.company_id}",
                seen_at=view.seen_at,
                reason=reason,
                checks=[
                    {"condition": "stage", "holds": True, "reason": reason},
                    {
                        "condition": "confidence",
                        "holds": True,
                        "reason": f"Confidence {identified.confidence:.0%}; the rule asks for 80 %",
                    },
                ],
                created_at=view.seen_at + timedelta(milliseconds=74),
            )
        )
        self._deliver(alert, state, user)
        return alert

    def _deliver(self, alert: Alert, state: str, user: User | None) -> None:
        started = alert.seen_at + timedelta(milliseconds=199)
        ended = alert.seen_at + timedelta(milliseconds=608)
        error = "" if state == "delivered" else "not_in_channel: invite the app with /invite"
        delivery = self._add(
            Delivery(
                alert_id=alert.id,
                channel_id=self.sales.id,
                channel_name="sales",
                user_id=user.id if user else None,
                target=(user.slack_id if user else "") or "#sales",
                why="to you as owner" if user else "to the channel",
                state=state,
                tries=1,
                next_try_at=started,
                last_error=error,
                created_at=alert.created_at,
                delivered_at=ended if state == "delivered" else None,
            )
        )
        self._add(
            DeliveryTry(
                delivery_id=delivery.id,
                started_at=started,
                ended_at=ended,
                outcome=state,
                error=error,
            )
        )

    def decision(self, visit: Visit, rule: Rule, outcome: str, reason: str) -> None:
        self._add(
            Decision(
                visit_id=visit.id,
                rule_id=rule.id,
                rule_version=rule.version,
                outcome=outcome,
                reason=reason,
                checks=[{"condition": "stage", "holds": outcome != "no", "reason": reason}],
                decided_at=visit.ended_at + timedelta(milliseconds=71),
            )
        )

    def _claim(self, visit: Visit, email: str, contact_id: int | None, proof: str) -> None:
        self._add(
            VisitorContact(
                visitor_id=visit.visitor_id,
                email=email,
                contact_id=contact_id,
                proof=proof,
                linked_at=visit.started_at,
            )
        )

    def _action(self, visit: Visit, name: str, props: dict[str, Any]) -> None:
        self._add(
            Action(
                site_id=self.site.id,
                visit_id=visit.id,
                hit_id=f"action-{visit.id}",
                name=name,
                url=visit.landing_url,
                seen_at=visit.started_at + timedelta(seconds=30),
                received_at=visit.started_at + timedelta(seconds=30),
                props=props,
                handled_at=visit.ended_at,
            )
        )

    def _company(self, name: str, domain: str, country: str, **more: Any) -> Company:
        return self._add(
            Company(
                name=name,
                domain=domain,
                country=country,
                name_key=name.split()[0].lower(),
                source="import",
                created_at=self.now - timedelta(days=50),
                **more,
            )
        )

    def _deal(
        self, key: str, name: str, company: Company, state: str, amount: int, ago: timedelta | None
    ) -> Deal:
        return self._add(
            Deal(
                external_id=key,
                name=name,
                company_id=company.id,
                state=state,
                amount=Decimal(amount),
                currency="SEK",
                owner_id=company.owner_id,
                closed_at=self.now - ago if ago else None,
            )
        )

    def _rule(self, name: str, when: dict[str, Any], send: list[Any], **more: Any) -> Rule:
        values = {"state": "on", "repeat_after_seconds": 86_400} | more
        return self._add(
            Rule(
                name=name,
                when=when,
                send=send,
                created_at=self.now - timedelta(days=30),
                updated_at=self.now - timedelta(days=30),
                updated_by="eva@ours.test",
                **values,
            )
        )

    def _add(self, row: T) -> T:
        self.session.add(row)
        self.session.flush()
        return row


def evidence(name: str, confidence: float) -> list[dict[str, Any]]:
    """Evidence rows as the identification chain writes them."""
    return [
        {
            "source": "reviewed networks",
            "kind": "company",
            "weight": round(confidence, 2),
            "why": f"the network is registered to {name}",
            "data_date": "2026-11-02",
            "network": "192.0.2.0/24",
            "raw_name": f"{name.upper()}-NET",
            "organisation": name,
            "domain": None,
            "asn": 64500,
        },
        {
            "source": "routing table",
            "kind": "company",
            "weight": 0.7,
            "why": "the address is announced by the company's own network",
            "data_date": "2026-10-28",
            "network": "192.0.2.0/23",
            "raw_name": name,
            "organisation": name,
            "domain": None,
            "asn": 64500,
        },
    ]
