"""The list of companies: who was here last comes first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from enrichment.models import Company, Deal, DealState, Identification
from enrichment.targets import get_lists_by_company
from tracker.models import User, Visit

PAGE_SIZE = 50
COUNTED = timedelta(days=30)
NOBODY = "none"
PROSPECT = "none"


@dataclass(frozen=True, slots=True)
class CompanyFilter:
    """What the address asks for. `stage` and `owner` may be "none": without one."""

    search: str = ""
    stage: str = ""
    owner: str = ""  # a user's number
    before: int | None = None


@dataclass(frozen=True, slots=True)
class CompanyRow:
    id: int
    name: str
    domain: str
    stage: str
    is_ideal: bool
    has_lost_deal: bool
    owner: str
    country: str
    employees: int | None
    visits: int  # in the last 30 days
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class CompanyList:
    rows: tuple[CompanyRow, ...]
    older: int | None
    total: int
    owners: tuple[tuple[int, str], ...]


def get_companies(session: Session, wanted: CompanyFilter, now: datetime) -> CompanyList:
    """One page of the list, in six queries."""
    conditions = _conditions(wanted)
    statement = (
        select(Company, User.name, User.email)
        .outerjoin(User, User.id == Company.owner_id)
        .where(*conditions)
        .order_by(Company.last_seen_at.desc().nulls_last(), Company.id.desc())
    )
    if wanted.before and (last := session.get(Company, wanted.before)):
        statement = statement.where(_after(last))
    found = session.execute(statement.limit(PAGE_SIZE + 1)).all()
    shown = [(company, name or email or "") for company, name, email in found[:PAGE_SIZE]]
    return CompanyList(
        rows=_rows(session, shown, now),
        older=shown[-1][0].id if len(found) > PAGE_SIZE else None,
        total=session.scalar(select(func.count(Company.id)).where(*conditions)) or 0,
        owners=get_owners(session),
    )


def get_owners(session: Session) -> tuple[tuple[int, str], ...]:
    """Users who may own a company: all but the disabled ones."""
    statement = select(User.id, User.name, User.email).where(User.disabled_at.is_(None)).order_by(User.name)
    return tuple((id, name or email) for id, name, email in session.execute(statement))


def _conditions(wanted: CompanyFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [Company.merged_into_id.is_(None)]
    if wanted.search:
        found = [
            column.icontains(wanted.search, autoescape=True) for column in (Company.name, Company.domain)
        ]
        conditions.append(or_(*found))
    if wanted.stage:
        conditions.append(Company.stage == ("" if wanted.stage == PROSPECT else wanted.stage))
    if wanted.owner == NOBODY:
        conditions.append(Company.owner_id.is_(None))
    elif wanted.owner:
        conditions.append(Company.owner_id == int(wanted.owner))
    return conditions


def _after(last: Company) -> ColumnElement[bool]:
    """What comes after a company in the order of the list."""
    if last.last_seen_at is None:
        return and_(Company.last_seen_at.is_(None), Company.id < last.id)
    return or_(
        Company.last_seen_at < last.last_seen_at,
        and_(Company.last_seen_at == last.last_seen_at, Company.id < last.id),
        Company.last_seen_at.is_(None),
    )


def _rows(session: Session, shown: list[tuple[Company, str]], now: datetime) -> tuple[CompanyRow, ...]:
    ids = [company.id for company, _ in shown]
    ideal = find_ideal(session, ids)
    lost = find_lost(session, ids)
    visits = _count_visits(session, ids, now)
    return tuple(
        CompanyRow(
            company.id,
            company.name,
            company.domain or "",
            company.stage,
            company.id in ideal,
            company.id in lost,
            owner,
            company.country,
            company.employees,
            visits.get(company.id, 0),
            company.last_seen_at,
        )
        for company, owner in shown
    )


def find_ideal(session: Session, companies: list[int]) -> set[int]:
    """Which of the companies are on a target list."""
    return set(get_lists_by_company(session, companies))


def find_lost(session: Session, companies: list[int]) -> set[int]:
    """Which of the companies have a lost deal."""
    statement = select(Deal.company_id).where(Deal.company_id.in_(companies), Deal.state == DealState.LOST)
    return set(session.scalars(statement))


def _count_visits(session: Session, companies: list[int], now: datetime) -> dict[int, int]:
    statement = (
        select(Identification.company_id, func.count())
        .join(Visit, Visit.id == Identification.visit_id)
        .where(Identification.company_id.in_(companies), Visit.started_at > now - COUNTED)
        .where(Visit.merged_into_id.is_(None))
        .group_by(Identification.company_id)
    )
    return {company: count for company, count in session.execute(statement) if company}
