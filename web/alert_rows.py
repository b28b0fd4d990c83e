"""The rows of the list of alerts: what rang, for whom, how fast, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from alerts.models import Alert, Decision, Delivery, DeliveryState, Outcome, Rule
from enrichment.models import Company, Identification
from tracker.models import User
from web.told import Told, tell

PAGE_SIZE = 50
STATES = ("open", "taken", "waiting", "failed", "held")
UNFINISHED = (DeliveryState.WAITING, DeliveryState.SENDING)
BROKEN = (DeliveryState.FAILED, DeliveryState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """What the address of the page asks for; `state` is empty or one of STATES."""

    mine: bool = False
    rule: int | None = None
    state: str = ""
    before: int | None = None


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One alert, or a visit that a rule held back; then `public_id` is empty."""

    public_id: str
    company_id: int | None
    company: str
    stage: str
    rule: str
    reason: str
    created_at: datetime
    told: tuple[Told, ...]
    taken_by: str
    taken_at: datetime | None
    useful: bool | None
    corrected: bool = False  # the visit is called something else since


@dataclass(frozen=True, slots=True)
class AlertList:
    rows: tuple[AlertRow, ...]
    older: int | None
    total: int
    rules: tuple[tuple[int, str], ...]


def get_alerts(session: Session, wanted: AlertFilter, user_id: int) -> AlertList:
    """The newest alerts that the filter lets through; four queries however many there are."""
    rules = tuple((id, name) for id, name in session.execute(select(Rule.id, Rule.name).order_by(Rule.name)))
    if wanted.state == "held":
        rows = _held(session, wanted)
        return AlertList(rows, None, len(rows), rules)
    conditions = _conditions(wanted, user_id)
    total = session.scalar(
        select(func.count(Alert.id)).outerjoin(Company, Company.id == Alert.company_id).where(*conditions)
    )
    statement = (
        select(Alert, Company, User.name, User.email, _corrected())
        .outerjoin(Company, Company.id == Alert.company_id)
        .outerjoin(Identification, Identification.visit_id == Alert.visit_id)
        .outerjoin(User, User.id == Alert.taken_by_id)
        .where(*conditions)
        .order_by(Alert.id.desc())
    )
    if wanted.before is not None:
        statement = statement.where(Alert.id < wanted.before)
    found = session.execute(statement.limit(PAGE_SIZE + 1)).all()
    shown = found[:PAGE_SIZE]
    told = get_told(session, [alert for alert, *_ in shown])
    rows = tuple(
        _row(alert, company, name or email or "", tuple(told.get(alert.id, ())), bool(corrected))
        for alert, company, name, email, corrected in shown
    )
    return AlertList(rows, shown[-1][0].id if len(found) > PAGE_SIZE else None, total or 0, rules)


def _corrected() -> ColumnElement[bool]:
    now, then = Identification.company_id, Alert.company_id
    return and_(Identification.visit_id.is_not(None), now.is_distinct_from(then))


def _conditions(wanted: AlertFilter, user_id: int) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.mine:
        told_me = select(Delivery.alert_id).where(Delivery.user_id == user_id)
        conditions.append(
            or_(Company.owner_id == user_id, Alert.taken_by_id == user_id, Alert.id.in_(told_me))
        )
    if wanted.rule is not None:
        conditions.append(Alert.rule_id == wanted.rule)
    if wanted.state:
        conditions.append(_in_state(wanted.state))
    return conditions


def _in_state(state: str) -> ColumnElement[bool]:
    if state == "open":
        return Alert.taken_at.is_(None)
    if state == "taken":
        return Alert.taken_at.is_not(None)
    states = UNFINISHED if state == "waiting" else BROKEN
    return Alert.id.in_(select(Delivery.alert_id).where(Delivery.state.in_(states)))


def _row(
    alert: Alert, company: Company | None, taken_by: str, told: tuple[Told, ...], corrected: bool
) -> AlertRow:
    return AlertRow(
        alert.public_id,
        alert.company_id,
        company.name if company else "",
        company.stage if company else "",
        alert.rule_name,
        alert.reason,
        alert.created_at,
        told,
        taken_by,
        alert.taken_at,
        alert.useful,
        corrected,
    )


def get_told(session: Session, alerts: list[Alert]) -> dict[int, list[Told]]:
    """By alert: whom it told, with the seconds from the page view until it was accepted."""
    seen = {alert.id: alert.seen_at for alert in alerts}
    statement = (
        select(Delivery, User.name, User.email)
        .outerjoin(User, User.id == Delivery.user_id)
        .where(Delivery.alert_id.in_(seen))
        .order_by(Delivery.id)
    )
    told: dict[int, list[Told]] = {}
    for delivery, name, email in session.execute(statement):
        one = tell(delivery, name or email or "", seen[delivery.alert_id])
        told.setdefault(delivery.alert_id, []).append(one)
    return told


def _held(session: Session, wanted: AlertFilter) -> tuple[AlertRow, ...]:
    """The latest visits for which a rule held but did not ring again."""
    statement = (
        select(Decision, Rule.name, Company)
        .join(Rule, Rule.id == Decision.rule_id)
        .join(Identification, Identification.visit_id == Decision.visit_id)
        .outerjoin(Company, Company.id == Identification.company_id)
        .where(Decision.outcome == Outcome.HELD)
        .order_by(Decision.visit_id.desc())
    )
    if wanted.rule is not None:
        statement = statement.where(Decision.rule_id == wanted.rule)
    return tuple(
        AlertRow(
            "",
            company.id if company else None,
            company.name if company else "",
            company.stage if company else "",
            rule,
            decision.reason,
            decision.decided_at,
            (),
            "",
            None,
            None,
        )
        for decision, rule, company in session.execute(statement.limit(PAGE_SIZE))
    )
