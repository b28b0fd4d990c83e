"""What the page of a company says beside its timeline, each with the rows it comes from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.models import Alert, Decision, Outcome, Rule
from enrichment.domains import offer_domains
from enrichment.models import (
    Company,
    Contact,
    Deal,
    DealProduct,
    DealState,
    Identification,
    Product,
    VisitorContact,
)
from enrichment.roles import rank, role_label
from enrichment.targets import get_lists_by_company
from tracker.models import PageView, User, Visit
from web.company_list import get_owners
from web.live_rows import NOW_WITHIN, page_name

CHART_DAYS = 30


@dataclass(frozen=True, slots=True)
class Claim:
    """Why visits are called this company's: the latest identification and how sure it is."""

    visit_id: int
    confidence: float
    network: str
    kind: str
    evidence: tuple[dict[str, Any], ...]
    identified_at: datetime
    visit_count: int


@dataclass(frozen=True, slots=True)
class LatestVisit:
    """The visit that ended last: its last page, how long it was, where it came from."""

    page: str
    page_count: int
    source: str
    ended_at: datetime
    is_here: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Someone at the company. `proof` is empty for a contact who was never linked to a browser.

    `decides` is a decision maker's role in a word; `source` says where we have them from.
    """

    email: str
    name: str
    role: str
    phone: str
    contact_id: int | None
    proof: str
    decides: str = ""
    source: str = ""
    since: datetime | None = None
    consent: str = ""


@dataclass(frozen=True, slots=True)
class DealLine:
    name: str
    state: str
    amount: Decimal | None
    currency: str
    owner: str
    closed_at: datetime | None
    products: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WhyNot:
    """What a rule said about the latest visit when it did not ring."""

    rule_id: int
    rule: str
    outcome: str
    reason: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """The newest alert of the company, and who took it."""

    public_id: str
    taken_by: str
    taken_at: datetime | None


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    company: Company
    owner: str
    lists: tuple[str, ...]
    claim: Claim | None
    latest: LatestVisit | None
    days: tuple[tuple[date, int], ...]
    people: tuple[Person, ...]
    deals: tuple[DealLine, ...]
    owned: tuple[str, ...]
    not_owned: tuple[str, ...]
    why_not: tuple[WhyNot, ...]
    alert: OpenAlert | None
    sellers: tuple[tuple[int, str], ...]
    offers: tuple[str, ...]

    @property
    def has_lost_deal(self) -> bool:
        return any(deal.state == DealState.LOST for deal in self.deals)


def find_company_facts(session: Session, company_id: int, zone: tzinfo, now: datetime) -> CompanyFacts | None:
    """All of it in a fixed number of queries; None when there is no such company."""
    company = session.get(Company, company_id)
    if company is None:
        return None
    deals = _deals(session, company_id)
    owned, not_owned = _products(session, deals)
    claim = _find_claim(session, company_id)
    sellers = get_owners(session)
    return CompanyFacts(
        company=company,
        owner=dict(sellers).get(company.owner_id or 0, ""),
        lists=get_lists_by_company(session, [company_id]).get(company_id, ()),
        claim=claim,
        latest=_find_latest(session, company_id, now),
        days=_visits_per_day(session, company_id, zone, now),
        people=_people(session, company_id),
        deals=deals,
        owned=owned,
        not_owned=not_owned,
        why_not=_why_not(session, claim.visit_id) if claim else (),
        alert=_find_alert(session, company_id),
        sellers=sellers,
        offers=offer_domains(session, company, claim.evidence if claim else ()),
    )


def _find_claim(session: Session, company_id: int) -> Claim | None:
    mine = Identification.company_id == company_id
    latest = session.scalar(
        select(Identification)
        .join(Visit, Visit.id == Identification.visit_id)
        .where(mine)
        # Not by id: a log that is replayed brings old visits under new ids.
        .order_by(Visit.ended_at.desc(), Visit.id.desc())
        .limit(1)
    )
    if latest is None:
        return None
    return Claim(
        latest.visit_id,
        latest.confidence,
        latest.network,
        latest.kind,
        tuple(latest.evidence),
        latest.identified_at,
        session.scalar(select(func.count()).select_from(Identification).where(mine)) or 0,
    )


def _find_latest(session: Session, company_id: int, now: datetime) -> LatestVisit | None:
    statement = (
        select(Visit, PageView)
        .join(Identification, Identification.visit_id == Visit.id)
        .outerjoin(PageView, PageView.visit_id == Visit.id)
        .where(Identification.company_id == company_id, Visit.merged_into_id.is_(None))
        .order_by(Visit.ended_at.desc(), Visit.id.desc(), PageView.id.desc())
        .limit(1)
    )
    row = session.execute(statement).first()
    if row is None:
        return None
    visit, view = row
    return LatestVisit(
        page_name(view),
        visit.page_view_count,
        visit.source_name or visit.traffic_channel,
        visit.ended_at,
        visit.ended_at > now - NOW_WITHIN,
    )


def _visits_per_day(
    session: Session, company_id: int, zone: tzinfo, now: datetime
) -> tuple[tuple[date, int], ...]:
    """Visits of each of the last 30 days in the reader's zone, oldest first, days without any as 0."""
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=back) for back in reversed(range(CHART_DAYS))]
    statement = (
        select(Visit.started_at)
        .join(Identification, Identification.visit_id == Visit.id)
        .where(Identification.company_id == company_id, Visit.merged_into_id.is_(None))
        .where(Visit.started_at > now - timedelta(days=CHART_DAYS + 1))
    )
    counts = Counter(started.astimezone(zone).date() for started in session.scalars(statement))
    return tuple((day, counts[day]) for day in days)


def _people(session: Session, company_id: int) -> tuple[Person, ...]:
    """Decision makers first, then other contacts, then those who only say who they are."""
    mine = select(Contact).where(Contact.company_id == company_id).order_by(Contact.name, Contact.id)
    contacts = sorted(session.scalars(mine), key=lambda one: rank(one.role, one.source))
    claims = _claims(session, company_id, [contact.id for contact in contacts])
    known = [_person(one, claims.pop(one.email, "")) for one in contacts]
    return (*known, *(Person(email, "", "", "", None, proof) for email, proof in sorted(claims.items())))


def _person(contact: Contact, proof: str) -> Person:
    return Person(
        contact.email,
        contact.name,
        contact.role,
        contact.phone,
        contact.id,
        proof,
        role_label(contact.role),
        contact.source,
        contact.created_at,
        contact.consent,
    )


def _claims(session: Session, company_id: int, contact_ids: list[int]) -> dict[str, str]:
    """By e-mail: the best proof of a browser seen with the company, or linked to one of its contacts."""
    visitors = (
        select(Visit.visitor_id)
        .join(Identification, Identification.visit_id == Visit.id)
        .where(Identification.company_id == company_id)
    )
    statement = select(VisitorContact.email, VisitorContact.proof).where(
        VisitorContact.visitor_id.in_(visitors) | VisitorContact.contact_id.in_(contact_ids)
    )
    # "claimed" sorts before "proved", so that the stronger one is written last.
    return dict(sorted((email, proof) for email, proof in session.execute(statement)))


def _deals(session: Session, company_id: int) -> tuple[DealLine, ...]:
    statement = (
        select(Deal, User.name, User.email)
        .outerjoin(User, User.id == Deal.owner_id)
        .where(Deal.company_id == company_id)
        .order_by(Deal.closed_at.is_not(None), Deal.closed_at.desc(), Deal.id.desc())
    )
    rows = session.execute(statement).all()
    products = _deal_products(session, [deal.id for deal, _, _ in rows])
    return tuple(
        DealLine(
            deal.name,
            deal.state,
            deal.amount,
            deal.currency,
            name or email or "",
            deal.closed_at,
            tuple(products.get(deal.id, ())),
        )
        for deal, name, email in rows
    )


def _deal_products(session: Session, deals: list[int]) -> dict[int, list[str]]:
    statement = (
        select(DealProduct.deal_id, Product.name)
        .join(Product, Product.id == DealProduct.product_id)
        .where(DealProduct.deal_id.in_(deals))
        .order_by(Product.name)
    )
    products: dict[int, list[str]] = {}
    for deal_id, name in session.execute(statement):
        products.setdefault(deal_id, []).append(name)
    return products


def _products(session: Session, deals: tuple[DealLine, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the products the company owns, and of those it does not."""
    owned = {name for deal in deals if deal.state == DealState.WON for name in deal.products}
    names = list(session.scalars(select(Product.name).order_by(Product.name)))
    return tuple(name for name in names if name in owned), tuple(name for name in names if name not in owned)


def _why_not(session: Session, visit_id: int) -> tuple[WhyNot, ...]:
    statement = (
        select(Decision, Rule.name)
        .join(Rule, Rule.id == Decision.rule_id)
        .where(Decision.visit_id == visit_id, Decision.outcome != Outcome.ALERT)
        .order_by(Rule.name)
    )
    return tuple(
        WhyNot(decision.rule_id, name, decision.outcome, decision.reason, decision.decided_at)
        for decision, name in session.execute(statement)
    )


def _find_alert(session: Session, company_id: int) -> OpenAlert | None:
    statement = (
        select(Alert, User.name, User.email)
        .outerjoin(User, User.id == Alert.taken_by_id)
        .where(Alert.company_id == company_id)
        .order_by(Alert.created_at.desc(), Alert.id.desc())
        .limit(1)
    )
    row = session.execute(statement).first()
    if row is None:
        return None
    alert, name, email = row
    return OpenAlert(alert.public_id, name or email or "", alert.taken_at)
