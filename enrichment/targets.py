"""Target lists: companies an admin named by domain, seen on a site or not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import Select, bindparam, func, or_, select
from sqlalchemy.orm import Session

from enrichment.models import Company, TargetList, TargetListEntry

# A company that was merged into another is on that one's behalf on its lists.
_NOW = func.coalesce(Company.merged_into_id, Company.id)
_LISTS = (
    select(_NOW, TargetList.name)
    .join(TargetListEntry, TargetListEntry.domain == Company.domain)
    .join(TargetList, TargetList.id == TargetListEntry.list_id)
    .where(
        or_(
            Company.id.in_(bindparam("ids", expanding=True)),
            Company.merged_into_id.in_(bindparam("ids", expanding=True)),
        )
    )
)


def get_lists_by_company(session: Session, companies: Iterable[int]) -> Mapping[int, tuple[str, ...]]:
    """Names of the target lists that hold the companies, also by the domains of those merged into them."""
    found: dict[int, set[str]] = defaultdict(set)
    for company_id, name in session.execute(_LISTS, {"ids": list(companies)}):
        found[company_id].add(name)
    return {company_id: tuple(sorted(names)) for company_id, names in found.items()}


def listed_companies() -> Select[int]:
    """The ids of all companies on a target list, as a question to put into another."""
    return select(_NOW).join(TargetListEntry, TargetListEntry.domain == Company.domain)


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
