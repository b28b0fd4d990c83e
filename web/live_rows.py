"""The rows of the live list: visits with their company, and who was told of them or why nobody was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from alerts.models import Alert, Decision, Delivery, Outcome
from enrichment.models import Company, Identification
from enrichment.targets import listed_companies
from tracker.models import PageView, Site, User, Visit
from web.company_list import find_ideal, find_lost
from web.told import Told, tell

PAGE_SIZE = 50
NOW_WITHIN = timedelta(minutes=5)
COUNTED_WITHIN = timedelta(hours=24)
DECIDED_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class LiveFilter:
    """What the address of the page asks for; `show` is a key of SHOWN."""

    show: str = "all"
    search: str = ""
    before: int | None = None  # visits older than this one


class Found(NamedTuple):
    """What one row of the query holds."""

    visit: Visit
    identified: Identification | None
    company: Company | None


@dataclass(frozen=True, slots=True)
class LiveRow:
    """One visit. `company_id` is None where nobody was identified; then `kind` says what the network is."""

    visit_id: int
    company_id: int | None
    name: str
    domain: str
    stage: str
    is_ideal: bool
    has_lost_deal: bool
    kind: str
    organisation: str
    confidence: float
    page: str
    page_group: str
    page_count: int
    minutes: int
    source: str
    ended_at: datetime
    is_here: bool
    alert_id: str
    told: tuple[Told, ...]
    why_not: str


@dataclass(frozen=True, slots=True)
class LiveList:
    rows: tuple[LiveRow, ...]
    older: int | None
    here: int
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class LatestHit:
    site: str
    at: datetime


def _on_buying_page() -> ColumnElement[bool]:
    in_a_group = and_(PageView.visit_id == Visit.id, PageView.page_group != "")
    return select(PageView.id).where(in_a_group).exists()


def _is_ideal() -> ColumnElement[bool]:
    return Company.id.in_(listed_companies())


def _shown(user_id: int) -> dict[str, ColumnElement[bool]]:
    """The chips of the list, each with what it lets through."""
    return {
        "mine": Company.owner_id == user_id,
        "all": Visit.id.is_not(None),
        "buying": _on_buying_page(),
        "ideal": _is_ideal(),
        "unknown": and_(Visit.identified_at.is_not(None), Company.id.is_(None)),
    }


SHOWN = ("mine", "all", "buying", "ideal", "unknown")


def get_live_list(session: Session, wanted: LiveFilter, user_id: int, now: datetime) -> LiveList:
    """The newest visits that the filter lets through; a fixed number of queries however many there are."""
    statement = _visits().where(_shown(user_id)[wanted.show]).order_by(Visit.ended_at.desc(), Visit.id.desc())
    if wanted.search:
        statement = statement.where(_matches(wanted.search))
    if wanted.before and (last := session.get(Visit, wanted.before)):
        statement = statement.where(tuple_(Visit.ended_at, Visit.id) < tuple_(last.ended_at, last.id))
    found = [Found(*row) for row in session.execute(statement.limit(PAGE_SIZE + 1))]
    rows = _live_rows(session, found[:PAGE_SIZE], now)
    older = rows[-1].visit_id if len(found) > PAGE_SIZE else None
    return LiveList(rows, older, _count_here(session, now), _count_shown(session, user_id, now))


def find_latest_hit(session: Session) -> LatestHit | None:
    """Which site reported last; what an empty list has to say."""
    statement = (
        select(Site.name, Site.last_hit_at)
        .where(Site.last_hit_at.is_not(None))
        .order_by(Site.last_hit_at.desc())
        .limit(1)
    )
    row = session.execute(statement).first()
    return LatestHit(row[0], row[1]) if row and row[1] else None


def _visits() -> Select[Visit, Identification, Company]:
    return (
        select(Visit, Identification, Company)
        .outerjoin(Identification, Identification.visit_id == Visit.id)
        .outerjoin(Company, Company.id == Identification.company_id)
        .where(Visit.merged_into_id.is_(None))
    )


def _matches(search: str) -> ColumnElement[bool]:
    return or_(
        Company.name.icontains(search, autoescape=True), Company.domain.icontains(search, autoescape=True)
    )


def _count_here(session: Session, now: datetime) -> int:
    """Companies with a hit in the last minutes."""
    statement = (
        select(func.count(Identification.company_id.distinct()))
        .join(Visit, Visit.id == Identification.visit_id)
        .where(Visit.ended_at > now - NOW_WITHIN)
    )
    return session.scalar(statement) or 0


def _count_shown(session: Session, user_id: int, now: datetime) -> dict[str, int]:
    """How many visits of the last 24 hours each chip would show."""
    counts = [func.count().filter(condition).label(name) for name, condition in _shown(user_id).items()]
    statement = _visits().with_only_columns(*counts).where(Visit.ended_at > now - COUNTED_WITHIN)
    return dict(session.execute(statement).one()._mapping)


def _live_rows(session: Session, found: Sequence[Found], now: datetime) -> tuple[LiveRow, ...]:
    visits = [visit.id for visit, _, _ in found]
    companies = [company for _, _, company in found if company is not None]
    pages = _last_pages(session, visits)
    alerts = _alerts(session, visits)
    why_not = _why_nobody(session, found, alerts.keys(), now)
    ideal = find_ideal(session, [company.id for company in companies])
    lost = find_lost(session, [company.id for company in companies])
    return tuple(
        LiveRow(
            visit_id=visit.id,
            company_id=company.id if company else None,
            name=company.name if company else "",
            domain=(company.domain or "") if company else "",
            stage=company.stage if company else "",
            is_ideal=bool(company and company.id in ideal),
            has_lost_deal=bool(company and company.id in lost),
            kind=identified.kind if identified else "",
            organisation=identified.organisation if identified else "",
            confidence=identified.confidence if identified else 0.0,
            page=page_name(pages.get(visit.id)),
            page_group=pages[visit.id].page_group if visit.id in pages else "",
            page_count=visit.page_view_count,
            minutes=_minutes(visit),
            source=visit.source_name or visit.traffic_channel,
            ended_at=visit.ended_at,
            is_here=visit.ended_at > now - NOW_WITHIN,
            alert_id=alerts[visit.id][0] if visit.id in alerts else "",
            told=tuple(alerts[visit.id][1]) if visit.id in alerts else (),
            why_not=why_not.get(visit.id, ""),
        )
        for visit, identified, company in found
    )


def _minutes(visit: Visit) -> int:
    """The longer of the time from first to last hit and the time the pages were looked at."""
    between = (visit.ended_at - visit.started_at).total_seconds()
    return round(max(between, visit.engaged_ms / 1000) / 60)


def page_name(view: PageView | None) -> str:
    """What people call a page: its title, else its path."""
    return (view.title or view.path) if view else ""


def _last_pages(session: Session, visits: list[int]) -> dict[int, PageView]:
    latest = select(func.max(PageView.id)).where(PageView.visit_id.in_(visits)).group_by(PageView.visit_id)
    views = session.scalars(select(PageView).where(PageView.id.in_(latest)))
    return {view.visit_id: view for view in views}


def _alerts(session: Session, visits: list[int]) -> dict[int, tuple[str, list[Told]]]:
    """By visit: the public id of its newest alert, and every delivery of all its alerts."""
    statement = (
        select(Alert, Delivery, User.name, User.email)
        .outerjoin(Delivery, Delivery.alert_id == Alert.id)
        .outerjoin(User, User.id == Delivery.user_id)
        .where(Alert.visit_id.in_(visits))
        .order_by(Alert.id.desc(), Delivery.id)
    )
    found: dict[int, tuple[str, list[Told]]] = {}
    for alert, delivery, name, email in session.execute(statement):
        _, told = found.setdefault(alert.visit_id, (alert.public_id, []))
        if delivery is not None:
            told.append(tell(delivery, name or email or "", alert.seen_at))
    return found


def _why_nobody(
    session: Session, found: Sequence[Found], rang: Iterable[int], now: datetime
) -> dict[int, str]:
    """By visit of a company without an alert: the reason of the rule that came nearest."""
    told = set(rang)
    silent = [one.visit for one in found if one.company is not None and one.visit.id not in told]
    statement = select(Decision).where(Decision.visit_id.in_([visit.id for visit in silent]))
    decisions: dict[int, list[Decision]] = defaultdict(list)
    for decision in session.scalars(statement):
        decisions[decision.visit_id].append(decision)
    return {visit.id: _why_not(visit, decisions[visit.id], now) for visit in silent}


def _why_not(visit: Visit, decisions: list[Decision], now: datetime) -> str:
    if visit.quiet:
        return "replayed from a log, which never alerts"
    if decisions:
        return min(decisions, key=_distance).reason
    return "not decided yet" if now - visit.ended_at < DECIDED_WITHIN else "no rule was on"


def _distance(decision: Decision) -> tuple[bool, int]:
    """How far a rule was from ringing: held back is nearest, then the fewest conditions that failed."""
    return decision.outcome != Outcome.HELD, sum(not check.get("holds") for check in decision.checks)
