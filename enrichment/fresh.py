"""Visits that get a company after the rules have had their say: the fresh ones are put before them again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from enrichment.models import Identification, VisitorContact
from tracker.models import PageView, Visit

# An alert about a page view older than this would come too late to be one.
STILL_NEWS = timedelta(hours=1)


def find_nameless(session: Session, visit_ids: Collection[int]) -> frozenset[int]:
    """Those of the visits that were identified before, as nobody's."""
    rows = select(Identification.visit_id).where(
        Identification.visit_id.in_(visit_ids), Identification.company_id.is_(None)
    )
    return frozenset(session.scalars(rows))


def decide_again(session: Session, visit_ids: Collection[int], now: datetime) -> None:
    """Lets the rules see the fresh page views of visits that have a company now and had none.

    No rule has spoken of them yet, but for visits of people who are linked to a contact: those were decided
    on as that contact's, and an alert about the company would be the same visit's second one.
    """
    if not visit_ids:
        return
    linked = select(VisitorContact.visitor_id).where(VisitorContact.contact_id.is_not(None))
    unlinked = select(Visit.id).where(Visit.id.in_(visit_ids), Visit.visitor_id.not_in(linked))
    fresh = update(PageView).where(
        PageView.visit_id.in_(unlinked), PageView.seen_at > now - STILL_NEWS, PageView.decided_at.is_not(None)
    )
    session.execute(fresh.values(decided_at=None).execution_options(synchronize_session=False))
