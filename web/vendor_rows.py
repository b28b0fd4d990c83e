"""What the page of vendors says of each: whether it is asked, how it fares, what it has cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enrichment.models import VendorAccount, VendorRequest
from enrichment.vendors import VENDORS, vendor_class
from enrichment.vendors.work import count_today
from tracker.models import Site

PAGE_SIZE = 50
OUTCOMES: Mapping[str, str] = {
    "": "No answer yet",
    "found": "Known",
    "not_found": "Not known",
    "retry": "To be tried again",
    "quota": "Quota used up",
    "refused": "Refused",
}


@dataclass(frozen=True, slots=True)
class VendorRow:
    """`account` is None for a vendor nobody has set up."""

    kind: str
    label: str
    account: VendorAccount | None
    word: str
    tone: str
    sign: str
    today: int = 0
    month: int = 0
    found: int = 0
    cost: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class SentRow:
    """One address that left, to whom and with what result."""

    id: int
    vendor: str
    address: str
    site: str
    sent_at: datetime
    outcome: str
    detail: str
    cost: Decimal
    currency: str


def get_vendors(session: Session, now: datetime) -> tuple[VendorRow, ...]:
    """All vendors of the table, those that are set up with their figures of this month (UTC)."""
    accounts = {row.kind: row for row in session.scalars(select(VendorAccount))}
    return tuple(_row(session, kind, accounts.get(kind), now) for kind in VENDORS)


def _row(session: Session, kind: str, account: VendorAccount | None, now: datetime) -> VendorRow:
    label = vendor_class(kind).label
    word, tone, sign = state_of(account, now)
    if account is None:
        return VendorRow(kind, label, None, word, tone, sign)
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    counted = select(
        func.count(),
        func.count().filter(VendorRequest.outcome == "found"),
        func.sum(VendorRequest.cost),
    ).where(VendorRequest.vendor == kind, VendorRequest.sent_at >= month)
    asked, found, cost = session.execute(counted).one()
    today = count_today(session, kind, now)
    return VendorRow(kind, label, account, word, tone, sign, today, asked, found, Decimal(cost or 0))


def state_of(account: VendorAccount | None, now: datetime) -> tuple[str, str, str]:
    """A word, its tone and its sign."""
    if account is None or not account.enabled:
        return "Off", "", "minus"
    if account.stopped_until and account.stopped_until > now:
        return "Stopped", "bad", "warning"
    if not account.sites:
        return "On, for no site", "brass", "question"
    return "On", "good", "tick"


def get_sent(session: Session, vendor: str, before: int | None) -> tuple[Sequence[SentRow], int | None, int]:
    """The newest addresses that were sent, the cursor of older ones, and how many there are in all."""
    wanted = [VendorRequest.vendor == vendor] if vendor else []
    older = [VendorRequest.id < before] if before else []
    statement = (
        select(VendorRequest, Site.name, VendorAccount.currency)
        .outerjoin(Site, Site.id == VendorRequest.site_id)
        .outerjoin(VendorAccount, VendorAccount.kind == VendorRequest.vendor)
        .where(*wanted, *older)
        .order_by(VendorRequest.id.desc())
        .limit(PAGE_SIZE + 1)
    )
    rows = [_sent(row, site, currency) for row, site, currency in session.execute(statement)]
    total = session.scalar(select(func.count(VendorRequest.id)).where(*wanted)) or 0
    shown = rows[:PAGE_SIZE]
    return shown, shown[-1].id if len(rows) > PAGE_SIZE else None, total


def _sent(row: VendorRequest, site: str | None, currency: str | None) -> SentRow:
    label = vendor_class(row.vendor).label if row.vendor in VENDORS else row.vendor
    word = OUTCOMES.get(row.outcome, row.outcome)
    return SentRow(
        row.id, label, row.address, site or "", row.sent_at, word, row.detail, row.cost, currency or ""
    )
