"""Gathers the facts of waiting page views: a few queries for a whole batch, none for a single page view."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, func, or_, select
from sqlalchemy.orm import Session

from alerts.facts import CompanyFacts, ContactFacts, DealFacts, Facts, LastAlert, PageFacts, VisitFacts
from alerts.models import Alert
from enrichment.models import (
    Company,
    Contact,
    Deal,
    DealProduct,
    DealState,
    Identification,
    Product,
    Proof,
    VisitorContact,
)
from enrichment.targets import get_lists_by_company
from tracker.models import Action, PageView, Visit
from tracker.pages import matches

PROVED_CONFIDENCE = 0.95


# Built once: putting a statement together costs more than SQLite takes to answer it.
_IS_WAITING = (
    PageView.decided_at.is_(None),
    Visit.identified_at.is_not(None),
    ~exists().where(Action.visit_id == Visit.id, Action.handled_at.is_(None)),
)
_HAS_WAITING = select(PageView.id).join(Visit, Visit.id == PageView.visit_id).where(*_IS_WAITING).limit(1)
_WAITING = (
    select(PageView, Visit, Identification)
    .join(Visit, Visit.id == PageView.visit_id)
    .outerjoin(Identification, Identification.visit_id == Visit.id)
    .where(*_IS_WAITING)
    .order_by(PageView.id)
    .limit(bindparam("limit"))
)
_CONTACTS = (
    select(VisitorContact.visitor_id, Contact, VisitorContact.proof, Company.name)
    .join(Contact, Contact.id == VisitorContact.contact_id)
    .outerjoin(Company, Company.id == Contact.company_id)
    .where(VisitorContact.visitor_id.in_(bindparam("ids", expanding=True)))
    .order_by(VisitorContact.linked_at.desc(), VisitorContact.id.desc())
)
_COMPANIES = select(Company).where(Company.id.in_(bindparam("ids", expanding=True)))
_DEALS = select(Deal).where(Deal.company_id.in_(bindparam("ids", expanding=True))).order_by(Deal.id.desc())
_OWNED = (
    select(Deal.company_id, Product.name)
    .join(DealProduct, DealProduct.deal_id == Deal.id)
    .join(Product, Product.id == DealProduct.product_id)
    .where(Deal.company_id.in_(bindparam("ids", expanding=True)), Deal.state == DealState.WON)
)
_PRODUCTS = select(Product).order_by(Product.name)
# By the company it is now: an alert keeps its subject when companies are merged.
_LAST_OF_COMPANIES = (
    select(Alert.rule_id, Alert.company_id, func.max(Alert.id), func.max(Alert.seen_at))
    .where(Alert.company_id.in_(bindparam("ids", expanding=True)), Alert.rule_id.is_not(None))
    .group_by(Alert.rule_id, Alert.company_id)
)
_LAST_OF_CONTACTS = (
    select(Alert.rule_id, Alert.subject, func.max(Alert.id), func.max(Alert.seen_at))
    .where(
        Alert.rule_id.in_(bindparam("rules", expanding=True)),
        Alert.subject.in_(bindparam("subjects", expanding=True)),
    )
    .group_by(Alert.rule_id, Alert.subject)
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A page view that waits for the rules, with its visit and what is known of the address."""

    page: PageView
    visit: Visit
    identification: Identification | None


Linked = tuple[Contact, str, str]  # the contact, its proof, its company's name


@dataclass(frozen=True, slots=True)
class Known:
    """A waiting page view whose company or visitor is known."""

    waiting: Waiting
    company_id: int | None
    contacts: tuple[Linked, ...]

    @property
    def page(self) -> PageView:
        return self.waiting.page

    @property
    def visit(self) -> Visit:
        return self.waiting.visit

    @property
    def identification(self) -> Identification | None:
        return self.waiting.identification


@dataclass(frozen=True, slots=True)
class _Seen:
    """A visit of the past, as counting needs it."""

    visit_id: int
    visitor_id: int
    company_id: int | None
    started_at: datetime
    ended_at: datetime


def find_waiting(session: Session, limit: int) -> list[Waiting]:
    """Page views whose visit is identified and has no identify call or form left to link, oldest first."""
    return [Waiting(*row) for row in session.execute(_WAITING, {"limit": limit})]


def has_waiting(session: Session) -> bool:
    """Whether `find_waiting` would find any; asks for none of their columns."""
    return session.execute(_HAS_WAITING).first() is not None


def find_known(session: Session, waiting: Sequence[Waiting]) -> list[Known]:
    """Those page views whose company or visitor is known, in order. Nobody is told of the others."""
    contacts = _contacts(session, {one.visit.visitor_id for one in waiting})
    linked = [(one, tuple(contacts.get(one.visit.visitor_id, ()))) for one in waiting]
    known = [Known(one, _company_id(one, people), people) for one, people in linked]
    return [one for one in known if one.company_id or one.contacts]


def gather_facts(
    session: Session, known: Sequence[Known], *, windows: Collection[int] = (), rules: Collection[int] = ()
) -> list[Facts]:
    """The facts of each page view, in order; counts for these windows of days, last alerts of these rules."""
    companies = _Companies(session, {one.company_id for one in known if one.company_id})
    products = [(row.name, row.pages) for row in session.scalars(_PRODUCTS)]
    counts = _Counts(session, known, windows)
    last_alerts = _last_alerts(session, rules, known)
    return [
        Facts(
            page=_page(one.page, products),
            visit=_visit(one),
            company=companies.find(one),
            contacts=tuple(_contact(*row) for row in one.contacts),
            visits=counts.visits(one),
            page_views=counts.page_views(one),
            last_alerts=last_alerts,
        )
        for one in known
    ]


def _contacts(session: Session, visitor_ids: Collection[int]) -> Mapping[int, list[Linked]]:
    """Known contacts by visitor, the latest link first."""
    rows = session.execute(_CONTACTS, {"ids": list(visitor_ids)})
    linked: dict[int, list[Linked]] = defaultdict(list)
    for visitor_id, contact, proof, company_name in rows:
        linked[visitor_id].append((contact, proof, company_name or ""))
    return linked


def _contact(contact: Contact, proof: str, company_name: str) -> ContactFacts:
    return ContactFacts(
        id=contact.id,
        email=contact.email,
        name=contact.name,
        role=contact.role,
        stage=contact.stage,
        proof=proof,
        owner_id=contact.owner_id,
        company_name=company_name,
        consent=contact.consent,
    )


def _company_id(one: Waiting, contacts: Sequence[Linked]) -> int | None:
    """The identified company; without one, that of a contact who is proved. A claim names no company."""
    if one.identification and one.identification.company_id:
        return one.identification.company_id
    return next((contact.company_id for contact, proof, _ in contacts if proof == Proof.PROVED), None)


def _page(page: PageView, products: Iterable[tuple[str, list[str]]]) -> PageFacts:
    about = tuple(name for name, patterns in products if any(matches(one, page.url) for one in patterns))
    return PageFacts(
        id=page.id,
        url=page.url,
        path=page.path,
        title=page.title,
        group=page.page_group,
        seen_at=page.seen_at,
        received_at=page.received_at,
        products=about,
    )


def _visit(one: Known) -> VisitFacts:
    visit, identified = one.visit, one.identification
    return VisitFacts(
        id=visit.id,
        site_id=visit.site_id,
        visitor_id=visit.visitor_id,
        started_at=visit.started_at,
        traffic_channel=visit.traffic_channel,
        source_name=visit.source_name,
        kind=identified.kind if identified else "unknown",
        country=identified.country if identified else "",
        quiet=visit.quiet,
    )


class _Companies:
    """The companies of a batch, with their lists, deals and products."""

    def __init__(self, session: Session, ids: Collection[int]) -> None:
        self.rows: dict[int, Company] = {}
        self.lists: Mapping[int, tuple[str, ...]] = {}
        self.deals: dict[int, list[DealFacts]] = defaultdict(list)
        self.owned: dict[int, set[str]] = defaultdict(set)
        if ids:
            self._read(session, list(ids))

    def _read(self, session: Session, ids: list[int]) -> None:
        self.rows = {row.id: row for row in session.scalars(_COMPANIES, {"ids": ids})}
        for deal in session.scalars(_DEALS, {"ids": ids}):
            self.deals[deal.company_id].append(_deal(deal))
        for company_id, product in session.execute(_OWNED, {"ids": ids}):
            self.owned[company_id].add(product)
        self.lists = get_lists_by_company(session, ids)

    def find(self, one: Known) -> CompanyFacts | None:
        row = self.rows.get(one.company_id) if one.company_id else None
        if row is None:
            return None
        by_address = one.identification is not None and one.identification.company_id == one.company_id
        confidence = one.identification.confidence if by_address and one.identification else PROVED_CONFIDENCE
        return CompanyFacts(
            id=row.id,
            name=row.name,
            domain=row.domain or "",
            confidence=confidence,
            kind=row.kind,
            country=row.country,
            employees=row.employees,
            stage=row.stage,
            owner_id=row.owner_id,
            source="address" if by_address else "contact",
            evidence=_evidence(one.identification) if by_address else ("a contact of theirs is proved",),
            target_lists=self.lists.get(row.id, ()),
            deals=tuple(self.deals.get(row.id, ())),
            owned_products=frozenset(self.owned.get(row.id, ())),
        )


def _evidence(identification: Identification | None) -> tuple[str, ...]:
    """The reasons of an identification, as its providers gave them, without those that saw nothing."""
    rows = identification.evidence if identification else []
    found = [row for row in rows if isinstance(row, dict) and row.get("kind") != "unknown" and row.get("why")]
    return tuple(str(row["why"]) for row in found)


def _deal(deal: Deal) -> DealFacts:
    amount = f"{deal.currency} {deal.amount:,.0f}".strip() if deal.amount is not None else ""
    return DealFacts(deal.id, deal.name, deal.state, deal.owner_id, amount, deal.closed_at)


class _Counts:
    """Visits and page views of a company, or of a visitor without one, back from each page view."""

    def __init__(self, session: Session, known: Sequence[Known], windows: Collection[int]) -> None:
        self.windows = windows
        self.seen: list[_Seen] = []
        self.viewed: dict[int, list[datetime]] = {}
        if not windows or not known:
            return
        since = min(one.page.seen_at for one in known) - timedelta(days=max(windows))
        of_company = Identification.company_id.in_({one.company_id for one in known if one.company_id})
        of_visitor = Visit.visitor_id.in_({one.visit.visitor_id for one in known})
        self.seen = _read_seen(session, and_(Visit.ended_at >= since, or_(of_company, of_visitor)))
        views: dict[int, list[datetime]] = defaultdict(list)
        for visit_id, seen_at in session.execute(
            select(PageView.visit_id, PageView.seen_at)
            .join(Visit, Visit.id == PageView.visit_id)
            .outerjoin(Identification, Identification.visit_id == Visit.id)
            .where(PageView.seen_at >= since, or_(of_company, of_visitor))
        ):
            views[visit_id].append(seen_at)
        self.viewed = views

    def visits(self, one: Known) -> dict[int, int]:
        at = one.page.seen_at
        mine = self._of(one)
        return {
            days: sum(seen.started_at <= at and seen.ended_at > at - timedelta(days=days) for seen in mine)
            for days in self.windows
        }

    def page_views(self, one: Known) -> dict[int, int]:
        at = one.page.seen_at
        times = [moment for seen in self._of(one) for moment in self.viewed.get(seen.visit_id, ())]
        return {
            days: sum(at - timedelta(days=days) < moment <= at for moment in times) for days in self.windows
        }

    def _of(self, one: Known) -> list[_Seen]:
        if one.company_id is None:
            return [seen for seen in self.seen if seen.visitor_id == one.visit.visitor_id]
        return [s for s in self.seen if s.company_id == one.company_id or s.visit_id == one.visit.id]


def _read_seen(session: Session, where: ColumnElement[bool]) -> list[_Seen]:
    rows = session.execute(
        select(Visit.id, Visit.visitor_id, Identification.company_id, Visit.started_at, Visit.ended_at)
        .outerjoin(Identification, Identification.visit_id == Visit.id)
        .where(Visit.merged_into_id.is_(None), where)
    )
    return [_Seen(*row) for row in rows]


def _last_alerts(
    session: Session, rules: Collection[int], known: Sequence[Known]
) -> dict[tuple[int, str], LastAlert]:
    """The latest alert of each rule about these companies and people."""
    companies = {one.company_id for one in known if one.company_id}
    contacts = {f"contact:{contact.id}" for one in known for contact, _, _ in one.contacts}
    rows: list[Any] = []
    if rules and companies:
        of_companies = session.execute(_LAST_OF_COMPANIES, {"ids": list(companies)})
        rows += [(rule_id, f"company:{company_id}", *last) for rule_id, company_id, *last in of_companies]
    if rules and contacts:
        rows += session.execute(_LAST_OF_CONTACTS, {"rules": list(rules), "subjects": list(contacts)})
    return {(rule_id, subject): LastAlert(alert_id, seen_at) for rule_id, subject, alert_id, seen_at in rows}
