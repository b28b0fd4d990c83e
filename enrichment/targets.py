"""Target lists: companies an admin named by domain, seen on a site or not."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from enrichment.models import TargetList, TargetListEntry


def get_lists_of(session: Session, domain: str) -> tuple[str, ...]:
    """Names of the target lists that hold the domain, in order."""
    names = (
        select(TargetList.name)
        .join(TargetListEntry, TargetListEntry.list_id == TargetList.id)
        .where(TargetListEntry.domain == domain)
        .order_by(TargetList.name)
    )
    return tuple(session.scalars(names))


def find_or_make_list(session: Session, name: str) -> TargetList:
    found = session.scalar(select(TargetList).where(TargetList.name == name))
    if found is None:
        found = TargetList(name=name)
        session.add(found)
        session.flush()
    return found


def get_domains(session: Session, target_list: TargetList) -> frozenset[str]:
    entries = select(TargetListEntry.domain).where(TargetListEntry.list_id == target_list.id)
    return frozenset(session.scalars(entries))


def put_on_list(session: Session, target_list: TargetList, domains: Iterable[str]) -> tuple[str, ...]:
    """Puts the domains on the list; returns those that were not on it yet."""
    new = tuple(sorted(set(domains) - get_domains(session, target_list)))
    session.add_all(TargetListEntry(list_id=target_list.id, domain=domain) for domain in new)
    return new


def take_off_list(session: Session, target_list: TargetList, domains: Iterable[str]) -> tuple[str, ...]:
    """Takes the domains off the list; returns those that were on it."""
    gone = tuple(sorted(set(domains) & get_domains(session, target_list)))
    for domain in gone:
        session.delete(session.get_one(TargetListEntry, (target_list.id, domain)))
    return gone
