"""Which target lists hold a domain, as the tables have it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from enrichment.models import TargetList, TargetListEntry


def get_lists_of(session: Session, domain: str) -> tuple[str, ...]:
    """Their names, in order."""
    names = (
        select(TargetList.name)
        .join(TargetListEntry, TargetListEntry.list_id == TargetList.id)
        .where(TargetListEntry.domain == domain)
        .order_by(TargetList.name)
    )
    return tuple(session.scalars(names))
