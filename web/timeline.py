"""What happened with a company or a person, newest first: visits, pages, actions, stages, alerts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from alerts.models import Alert, Delivery
from enrichment.models import Identification, StageChange
from tracker.models import Action, PageView, User, Visit

VISITS_SHOWN = 50
# A page view says nothing that these would not say better.
UNTOLD_PROPS = {"email", "sig", "ts"}


# Of the same moment, what caused the other stands below it.
ORDER = ("visit", "page", "action", "stage", "alert")


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `kind` is visit, page, action, stage or alert; what the other fields hold follows it."""

    at: datetime
    kind: str
    title: str
    detail: str = ""
    link: str = ""  # of an alert: its public id; of a visit: its id; of a page: its address on the site
    times: int = 1
    engaged_ms: int | None = None
    old: str = ""  # of a stage: what it was
    whom: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """The lines of a day in the reader's time zone; `first` is any moment of it."""

    first: datetime
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Timeline:
    days: tuple[Day, ...]
    older: int | None  # cursor for the visits before these


def company_visits(company_id: int) -> ColumnElement[bool]:
    return Visit.id.in_(select(Identification.visit_id).where(Identification.company_id == company_id))


def visitor_visits(visitor_ids: Iterable[int]) -> ColumnElement[bool]:
    return Visit.visitor_id.in_(list(visitor_ids))


def get_company_timeline(
    session: Session, company_id: int, zone: tzinfo, before: int | None = None
) -> Timeline:
    """The newest visits of a company with all that happened since the oldest of them."""
    visits, older = _visits(session, company_visits(company_id), before)
    lines = _visit_lines(session, visits) + _alert_lines(session, Alert.company_id == company_id)
    lines += _stage_lines(session, StageChange.company_id == company_id)
    return Timeline(_days(_within(lines, visits, older, before), zone), older)


def get_contact_timeline(
    session: Session, contact_id: int, visitor_ids: Iterable[int], zone: tzinfo, before: int | None = None
) -> Timeline:
    """The same for one person: only the visits of browsers that are linked to them."""
    visits, older = _visits(session, visitor_visits(visitor_ids), before)
    lines = _visit_lines(session, visits) + _alert_lines(session, Alert.contact_id == contact_id)
    lines += _stage_lines(session, StageChange.contact_id == contact_id)
    return Timeline(_days(_within(lines, visits, older, before), zone), older)


def _visits(
    session: Session, which: ColumnElement[bool], before: int | None
) -> tuple[list[Visit], int | None]:
    statement = select(Visit).where(which, Visit.merged_into_id.is_(None)).order_by(Visit.id.desc())
    if before is not None:
        statement = statement.where(Visit.id < before)
    visits = list(session.scalars(statement.limit(VISITS_SHOWN + 1)))
    shown = visits[:VISITS_SHOWN]
    return shown, shown[-1].id if len(visits) > VISITS_SHOWN else None


def _within(lines: list[Line], visits: list[Visit], older: int | None, before: int | None) -> list[Line]:
    """Only what belongs to this part: stages and alerts of other parts stand on theirs."""
    if older is not None:
        start = min(visit.started_at for visit in visits)
        lines = [line for line in lines if line.at >= start]
    if before is not None and visits:
        end = max(visit.ended_at for visit in visits)
        lines = [line for line in lines if line.at <= end]
    return lines


def _visit_lines(session: Session, visits: list[Visit]) -> list[Line]:
    ids = [visit.id for visit in visits]
    views = session.scalars(
        select(PageView).where(PageView.visit_id.in_(ids)).order_by(PageView.visit_id, PageView.seen_at)
    )
    actions = session.scalars(select(Action).where(Action.visit_id.in_(ids)))
    started = [_visit_line(visit) for visit in visits]
    folded = [line for _, group in groupby(views, lambda view: view.visit_id) for line in fold_pages(group)]
    return started + folded + [_action_line(action) for action in actions]


def _visit_line(visit: Visit) -> Line:
    return Line(visit.started_at, "visit", visit.traffic_channel, visit.source_name, str(visit.id))


def fold_pages(views: Iterable[PageView]) -> list[Line]:
    """One line per page of a visit, however often it was seen; it stands where it was seen first."""
    lines: dict[str, Line] = {}
    for view in views:
        if seen := lines.get(view.path):
            engaged = (seen.engaged_ms or 0) + (view.engaged_ms or 0)
            lines[view.path] = replace(seen, times=seen.times + 1, engaged_ms=engaged or None)
        else:
            lines[view.path] = Line(
                view.seen_at, "page", view.title or view.path, view.path, view.url, 1, view.engaged_ms
            )
    return list(lines.values())


def _action_line(action: Action) -> Line:
    props = [f"{key}: {value}" for key, value in action.props.items() if key not in UNTOLD_PROPS]
    return Line(action.seen_at, "action", action.name, ", ".join(props))


def _alert_lines(session: Session, which: ColumnElement[bool]) -> list[Line]:
    statement = (
        select(Alert, Delivery, User)
        .outerjoin(Delivery, Delivery.alert_id == Alert.id)
        .outerjoin(User, User.id == Delivery.user_id)
        .where(which)
        .order_by(Alert.id, Delivery.id)
    )
    return [_alert_line(list(rows)) for _, rows in groupby(session.execute(statement), lambda row: row[0].id)]


def _alert_line(rows: list[Any]) -> Line:
    alert: Alert = rows[0][0]
    whom = [
        f"{user.name or user.email if user else delivery.target} in {delivery.channel_name}"
        for _, delivery, user in rows
        if delivery is not None
    ]
    return Line(alert.created_at, "alert", alert.rule_name, alert.reason, alert.public_id, whom=tuple(whom))


def _stage_lines(session: Session, which: ColumnElement[bool]) -> list[Line]:
    changes = session.scalars(select(StageChange).where(which))
    return [
        Line(
            change.changed_at,
            "stage",
            change.new_stage,
            change.reason,
            old=change.old_stage,
            whom=(change.changed_by,) if change.changed_by else (),
        )
        for change in changes
    ]


def _days(lines: list[Line], zone: tzinfo) -> tuple[Day, ...]:
    def day_of(line: Line) -> date:
        return line.at.astimezone(zone).date()

    newest_first = sorted(lines, key=lambda line: (line.at, ORDER.index(line.kind)), reverse=True)
    groups = [tuple(group) for _, group in groupby(newest_first, day_of)]
    return tuple(Day(group[0].at, group) for group in groups)
