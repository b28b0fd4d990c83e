"""Makes the story of an alert: what its messages say, gathered once, when it is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from alerts.facts import CompanyFacts, ContactFacts, DealFacts, Facts, has_refused
from alerts.rules import Clause, Decided, RuleSpec
from alerts.story import CompanyStory, DealStory, Headline, PersonStory, Story
from alerts.values import fold
from alerts.words import group_name
from enrichment.models import Contact, DealState, Identification
from enrichment.roles import rank
from tracker.models import PageView, User, Visit
from tracker.settings import Settings

MOST_PEOPLE = 5
MOST_PAGES = 6
HISTORY = timedelta(days=30)
_PAGES = (
    select(PageView.page_group, PageView.title, PageView.path)
    .where(PageView.visit_id == bindparam("visit"), PageView.seen_at <= bindparam("until"))
    .order_by(PageView.seen_at.desc(), PageView.id.desc())
    .limit(200)
)
_PEOPLE = (
    select(Contact)
    .where(Contact.company_id == bindparam("company"))
    .order_by(Contact.role == "", Contact.id)
    .limit(200)
)
_EARLIER = select(func.count(Visit.id), func.min(Visit.started_at), func.max(Visit.started_at)).where(
    Visit.id != bindparam("visit"),
    Visit.merged_into_id.is_(None),
    Visit.started_at > bindparam("since"),
    Visit.started_at <= bindparam("until"),
)
_EARLIER_OF_VISITOR = _EARLIER.where(Visit.visitor_id == bindparam("whose"))
_EARLIER_OF_COMPANY = _EARLIER.join(Identification, Identification.visit_id == Visit.id).where(
    Identification.company_id == bindparam("whose")
)


def make_story(
    session: Session, rule: RuleSpec, facts: Facts, decided: Decided, public_id: str, settings: Settings
) -> Story:
    """The story as it is now; later changes of company or deal do not change what was said."""
    company = facts.company if decided.subject.startswith("company:") else None
    headline = _headline(rule, company, facts)
    pages = _pages(session, facts)
    names = [page_name(url_group, title, path) for url_group, title, path in pages]
    owner_id = owner_of(facts, decided).user_id
    contact = facts.contact_of(decided.subject)
    earlier = _earlier(session, facts, company)
    return Story(
        headline=headline,
        rule=rule.name,
        reason=decided.reason,
        page=page_name(facts.page.group, facts.page.title, facts.page.path),
        path=facts.page.path,
        title=facts.page.title,
        seen_at=facts.page.seen_at,
        product=_product(rule, facts),
        list_name=_list_name(rule, company),
        company=_company(company) if company else None,
        contact=_contact(contact, company is None) if contact else None,
        deal=_deal(deal_of(rule, facts)) if company else None,
        pages=len(pages),
        minutes=int((facts.page.seen_at - facts.visit.started_at).total_seconds() // 60),
        source=_source(facts),
        looked_at=tuple(dict.fromkeys(names))[:MOST_PAGES],
        people=_people(session, company) if company else (),
        owner_id=owner_id,
        owner=_user_name(session, owner_id),
        alert_url=f"{settings.base_url}/a/{public_id}",
        company_url=f"{settings.base_url}/companies/{company.id}" if company else "",
        visits=earlier.count + 1,
        first_visit=earlier.first,
        last_visit=earlier.last,
    )


@dataclass(frozen=True, slots=True)
class Owner:
    """Who is to be told as owner, and of what: the company, or one of its people."""

    user_id: int | None
    owns: str


def owner_of(facts: Facts, decided: Decided) -> Owner:
    """The company's owner, else that of a contact; of no other than the one the alert is about, if it is."""
    if decided.subject.startswith("company:") and facts.company and facts.company.owner_id:
        return Owner(facts.company.owner_id, facts.company.name)
    about = facts.contact_of(decided.subject)
    people = (about,) if about and decided.subject.startswith("contact:") else facts.contacts
    owned = next((contact for contact in people if contact.owner_id), None)
    return Owner(owned.owner_id, owned.label) if owned else Owner(None, "")


def deal_of(rule: RuleSpec, facts: Facts) -> DealFacts | None:
    """The deal to speak of: one the rule asks for, then a lost, an open, a won one; the last closed first."""
    order = {DealState.LOST: 0, DealState.OPEN: 1, DealState.WON: 2}
    asked = {state for clause in _asked(rule) if clause.key == "deal" for state in clause.value}

    def place(deal: DealFacts) -> tuple[bool, int, float]:
        closed = deal.closed_at.timestamp() if deal.closed_at else float("-inf")
        return deal.state not in asked, order[DealState(deal.state)], -closed

    return min(facts.company.deals if facts.company else (), key=place, default=None)


def page_name(group: str, title: str, path: str) -> str:
    """What people call a page: its page group, else its title, else its path."""
    return group_name(group) if group else title or path


def _headline(rule: RuleSpec, company: CompanyFacts | None, facts: Facts) -> Headline:
    asked = {clause.key: clause.value for clause in _asked(rule)}
    if company is None:
        return "reading"
    if "lost" in asked.get("deal", ()) and any(deal.state == DealState.LOST for deal in company.deals):
        return "back"
    if _list_name(rule, company):
        return "ideal"
    product = _product(rule, facts)
    if asked.get("product") == ("not_owned",) and product and product not in company.owned_products:
        return "product"
    return "reading"


def _asked(rule: RuleSpec) -> tuple[Clause, ...]:
    """The clauses that may have made the rule say yes."""
    return (*rule.when, *(clause for group in rule.any for clause in group))


def _list_name(rule: RuleSpec, company: CompanyFacts | None) -> str:
    asked = {fold(name) for clause in rule.clauses() if clause.key == "target_list" for name in clause.value}
    lists = company.target_lists if company else ()
    return next((name for name in lists if fold(name) in asked), "")


def _product(rule: RuleSpec, facts: Facts) -> str:
    """The product the page is about; one the company does not own first."""
    owned = facts.company.owned_products if facts.company else frozenset()
    if not any(clause.key == "product" for clause in rule.clauses()):
        return ""
    return next(iter(sorted(facts.page.products, key=lambda name: name in owned)), "")


def _company(company: CompanyFacts) -> CompanyStory:
    return CompanyStory(
        id=company.id,
        name=company.name,
        confidence=int(company.confidence * 100 + 1e-9),
        domain=company.domain,
        stage=company.stage,
        country=company.country,
        employees=company.employees,
        evidence=company.evidence,
    )


def _contact(contact: ContactFacts, alone: bool) -> PersonStory:
    """The person, by name unless they refused; with their company when the alert is about them alone."""
    refused = has_refused(contact.consent)
    return PersonStory(
        name="" if refused else contact.name or contact.email,
        role="" if refused else contact.role,
        proof=contact.proof,
        company=contact.company_name if alone else "",
        stage=contact.stage,
    )


def _deal(deal: DealFacts | None) -> DealStory | None:
    return DealStory(deal.name, deal.state, deal.amount, deal.closed_at) if deal else None


def _pages(session: Session, facts: Facts) -> Sequence[tuple[str, str, str]]:
    """Group, title and path of the visit's pages up to this one, the latest first."""
    return session.execute(_PAGES, {"visit": facts.visit.id, "until": facts.page.seen_at}).all()


def _source(facts: Facts) -> str:
    """Where the visit came from, in words; empty when it came directly."""
    if facts.visit.traffic_channel in ("Direct", "Unassigned", ""):
        return ""
    return facts.visit.source_name or facts.visit.traffic_channel


def _people(session: Session, company: CompanyFacts) -> tuple[PersonStory, ...]:
    rows = session.scalars(_PEOPLE, {"company": company.id})
    named = [row for row in rows if not has_refused(row.consent)]
    # Decision makers first; the order in which they were added counts among equals.
    named.sort(key=lambda row: (*rank(row.role, row.source), row.role == ""))
    return tuple(PersonStory(row.name or row.email, row.role) for row in named[:MOST_PEOPLE])


def _user_name(session: Session, user_id: int | None) -> str:
    user = session.get(User, user_id) if user_id else None
    return (user.name or user.email) if user else ""


@dataclass(frozen=True, slots=True)
class _Earlier:
    """Earlier visits in 30 days: how many, the first and the last."""

    count: int
    first: datetime | None
    last: datetime | None


def _earlier(session: Session, facts: Facts, company: CompanyFacts | None) -> _Earlier:
    asked = {
        "visit": facts.visit.id,
        "since": facts.page.seen_at - HISTORY,
        "until": facts.page.seen_at,
        "whose": company.id if company else facts.visit.visitor_id,
    }
    row = session.execute(_EARLIER_OF_COMPANY if company else _EARLIER_OF_VISITOR, asked).one()
    return _Earlier(*row)
