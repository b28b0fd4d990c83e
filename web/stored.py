"""What was stored for one visit: every row and field, why it is kept, and until when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, exists, func, inspect, or_, select
from sqlalchemy.orm import Session

from alerts.models import Alert, Decision
from enrichment.models import Company, Identification, VisitorCompany, VisitorContact
from tracker.db import Base
from tracker.models import Action, PageView, Visit, Visitor
from tracker.retention import KEEP_SALTS
from web.arguments import MAX_ID
from web.context import get_database, needs_user

blueprint = Blueprint("stored", __name__)

MOST_ROWS = 200
UNTIL_DELETED = "until it is deleted: nothing deletes it by itself"


@dataclass(frozen=True, slots=True)
class Field:
    """One stored value; `moment` where it is a time."""

    name: str
    text: str
    why: str
    moment: datetime | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows of one table that are about the visit."""

    title: str
    why: str
    until: str
    rows: Sequence[Sequence[Field]]
    count: int


@dataclass(frozen=True, slots=True)
class Table:
    """What a table is for; `fields`: why each column is there."""

    model: type[Base]
    title: str
    why: str
    fields: Mapping[str, str]
    until: str = UNTIL_DELETED


NUMBER = "tells rows apart"
BELONGS = "says what the row belongs to"
CAME_FROM = "how the visit came to the site"
BROWSER = "tells people's browsers from robots"

TABLES: tuple[Table, ...] = (
    Table(
        Visitor,
        "Visitor",
        "One browser, so that its page views make one visit.",
        {
            "id": NUMBER,
            "site_id": BELONGS,
            "key": "the browser's random id if its user agreed, else a mark that is good for one day",
            "cookieless": "whether the mark is good for one day only",
            "first_seen_at": "when the browser came first",
            "last_seen_at": "when it came last",
            "joined_into_id": "the visitor that it turned out to be",
        },
    ),
    Table(
        Visit,
        "Visit",
        "What the pages show as one visit, and what the company is told by.",
        {
            "id": NUMBER,
            "site_id": BELONGS,
            "visitor_id": BELONGS,
            "started_at": "when it began",
            "ended_at": "when the last hit came",
            "page_view_count": "how many pages were seen",
            "engaged_ms": "how long they were looked at, in milliseconds",
            **dict.fromkeys(
                (
                    *("landing_url", "referrer", "utm_source", "utm_medium", "utm_campaign", "utm_term"),
                    *("utm_content", "traffic_channel", "source_name"),
                ),
                CAME_FROM,
            ),
            "address": "tells which company's network the visit came from",
            **dict.fromkeys(("user_agent", "browser", "operating_system", "device"), BROWSER),
            "language": "the browser's language",
            "consent": "whether the visitor agreed to be recognised",
            "quiet": "whether it was replayed, so that no alert is sent",
            "identified_at": "when the company was looked up",
            "merged_into_id": "the visit that it turned out to be a part of",
        },
    ),
    Table(
        PageView,
        "Page views",
        "Which pages were seen: rules and sellers ask for it.",
        {
            "id": NUMBER,
            "site_id": BELONGS,
            "visit_id": BELONGS,
            "hit_id": "makes a page view that is sent twice count once",
            "page": "ties the time on the page to the page view",
            "seen_at": "when the page was seen",
            "received_at": "when the report came in",
            "saved_at": "when it was stored",
            "client_time_ms": "the browser's clock, to put wrong clocks right",
            "url": "which page, without sign-in data and unknown parameters",
            "path": "which page, to compare with page groups",
            "title": "which page, in words",
            "referrer": "where the page was reached from",
            "page_group": "the group of pages that rules ask for",
            "engaged_ms": "how long it was looked at, in milliseconds",
            "scroll": "how far down it was read, in per cent",
            "decided_at": "when the rules had their say",
        },
    ),
    Table(
        Action,
        "Actions",
        "What was done on a page: forms, downloads, clicks, and what your own pages report.",
        {
            "id": NUMBER,
            "site_id": BELONGS,
            "visit_id": BELONGS,
            "hit_id": "makes an action that is sent twice count once",
            "name": "what was done",
            "page": "ties the action to its page view",
            "url": "on which page",
            "seen_at": "when it was done",
            "received_at": "when the report came in",
            "props": "what your pages said about it; form fields only with consent",
            "handled_at": "when somebody who said who they are was looked up",
        },
    ),
    Table(Identification, "Company", "Which company the visit seems to come from, with the evidence.", {}),
    Table(VisitorCompany, "Company by your servers", "Which company your servers said it is.", {}),
    Table(VisitorContact, "People", "Who the visitor said, or was proved, to be.", {}),
    Table(Decision, "Decisions of rules", "Why a rule rang or did not.", {}),
    Table(Alert, "Alerts", "What sellers were told.", {}),
)


@blueprint.get("/visits/<int:visit_id>/stored")
@needs_user
def show(visit_id: int) -> ResponseReturnValue:
    """All that is kept about a visit, for whoever answers to the person behind it."""
    with get_database().read() as db:
        visit = db.get(Visit, visit_id) if visit_id <= MAX_ID else None
        if visit is None:
            abort(404)
        kept = [one for table in TABLES if (one := get_kept(db, table, visit)).count]
        named = is_named(db, visit)
        found = db.get(Identification, visit_id)
        company = db.get(Company, found.company_id) if found and found.company_id else None
    return render_template(
        "visits/stored.html",
        visit=visit,
        kept=kept,
        named=named,
        found=found,
        company=company,
        salt_days=KEEP_SALTS.days,
    )


def is_named(session: Session, visit: Visit) -> bool:
    """Whether the site's own pages or servers said who the visitor is, which needs no consent here."""
    called = exists().where(Action.visit_id == visit.id, Action.name == "identify")
    linked = exists().where(VisitorContact.visitor_id == visit.visitor_id)
    return bool(session.scalar(select(or_(called, linked))))


def get_kept(session: Session, table: Table, visit: Visit) -> Kept:
    """The rows of a table that are about the visit; at most 200 are read, all are counted."""
    which = _which(table.model, visit)
    count = session.scalar(select(func.count()).select_from(table.model).where(which)) or 0
    order = inspect(table.model).primary_key
    rows = session.scalars(select(table.model).where(which).order_by(*order).limit(MOST_ROWS)).all()
    return Kept(table.title, table.why, table.until, [_fields(table, row) for row in rows], count)


def _which(model: type[Base], visit: Visit) -> ColumnElement[bool]:
    columns = inspect(model).columns
    if model is Visit:
        return columns["id"] == visit.id
    if model is Visitor:
        return or_(columns["id"] == visit.visitor_id, columns["joined_into_id"] == visit.visitor_id)
    return (
        columns["visit_id"] == visit.id
        if "visit_id" in columns
        else columns["visitor_id"] == visit.visitor_id
    )


def _fields(table: Table, row: Base) -> list[Field]:
    return [
        _field(column.name, getattr(row, name), table.fields.get(column.name) or column.comment or "")
        for name, column in inspect(table.model).columns.items()
    ]


def _field(name: str, value: Any, why: str) -> Field:
    text = "" if value is None or value in ("", [], {}) else str(value)
    return Field(name, text, why, value if isinstance(value, datetime) else None)
