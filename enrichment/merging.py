"""Companies joined and split: what moved is kept, so that either can be undone.

A merged company keeps its row and points at the one it is now. Rows of rooms above are given by `also`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, inspect, select, update
from sqlalchemy.orm import Session

from enrichment.models import Company, CompanyMerge, Contact, Deal, Identification, StageChange
from tracker.db import Base, work_lock
from tracker.models import Visit

MERGE, SPLIT = "merge", "split"
Table = type[Base]
# Tables whose rows belong to a company by `company_id`.
TABLES: tuple[Table, ...] = (Identification, Contact, Deal, StageChange)
_CHUNK = 500


class MergeError(ValueError):
    """The two cannot be joined; the message says why."""


def merge_companies(
    session: Session, source: Company, into: Company, by: str, now: datetime, also: Sequence[Table] = ()
) -> CompanyMerge:
    """Makes `source` a part of `into`; what `into` has stays, what it lacks it gets. Raises MergeError."""
    if source.id == into.id:
        raise MergeError("a company cannot be merged into itself")
    if source.merged_into_id or into.merged_into_id:
        raise MergeError("one of the two was merged already")
    # A worker in the middle of identifying would go on giving visits to the one that is gone.
    work_lock(session)
    moved: dict[str, Any] = {
        table.__tablename__: _move(session, table, source.id, into.id) for table in (*TABLES, *also)
    }
    moved["companies"] = _repoint(session, Company.merged_into_id, source.id, into.id)
    moved["children"] = _repoint(session, Company.parent_id, source.id, into.id, but=into.id)
    moved["filled"] = _fill(source, into)
    source.merged_into_id = into.id
    if into.parent_id == source.id:
        into.parent_id, moved["lost_parent"] = None, True
    return _record(session, MERGE, source, into, moved, by, now)


def split_company(
    session: Session,
    company: Company,
    new: Company,
    networks: Sequence[str],
    contacts: Sequence[int],
    by: str,
    now: datetime,
) -> CompanyMerge:
    """Moves the visits from these networks, and these contacts, from a company to another."""
    visits = Identification.company_id == company.id
    picked = session.scalars(
        select(Identification.visit_id).where(visits, Identification.network.in_(networks))
    )
    people = session.scalars(
        select(Contact.id).where(Contact.company_id == company.id, Contact.id.in_(contacts))
    )
    moved = {Identification.__tablename__: list(picked), Contact.__tablename__: list(people)}
    for table in (Identification, Contact):
        _set_company(session, table, moved[table.__tablename__], company.id, new.id)
    _refresh_seen(session, company)
    _refresh_seen(session, new)
    return _record(session, SPLIT, company, new, moved, by, now)


def undo_merge(
    session: Session, merge: CompanyMerge, by: str, now: datetime, also: Sequence[Table] = ()
) -> None:
    """Puts back what moved and has not moved on since. Visits since a merge are identified anew."""
    if merge.undone_at is not None:
        raise MergeError("this was undone already")
    work_lock(session)
    source, into = session.get_one(Company, merge.from_id), session.get_one(Company, merge.into_id)
    if merge.kind == MERGE:
        if source.merged_into_id != into.id:
            raise MergeError("the company was merged on since; undo that first")
        _unmerge(session, source, into, merge)
    for table in (*TABLES, *also):
        _set_company(session, table, merge.moved.get(table.__tablename__, []), into.id, source.id)
    _refresh_seen(session, source)
    _refresh_seen(session, into)
    merge.undone_by, merge.undone_at = by, now


def find_merges(session: Session, company_id: int) -> Sequence[CompanyMerge]:
    """What was joined with the company or split off from it, and can be undone; the newest first."""
    mine = (CompanyMerge.into_id == company_id) | (
        (CompanyMerge.from_id == company_id) & (CompanyMerge.kind == SPLIT)
    )
    wanted = select(CompanyMerge).where(mine, CompanyMerge.undone_at.is_(None))
    return session.scalars(wanted.order_by(CompanyMerge.id.desc())).all()


def set_parent(session: Session, company: Company, parent: Company | None) -> None:
    """Makes a company a subsidiary. Raises MergeError when the parent belongs to it already."""
    above = parent
    while above is not None:
        if above.id == company.id:
            raise MergeError("a company cannot belong to its own subsidiary")
        above = session.get(Company, above.parent_id) if above.parent_id else None
    company.parent_id = parent.id if parent else None


def _record(
    session: Session, kind: str, source: Company, into: Company, moved: dict[str, Any], by: str, now: datetime
) -> CompanyMerge:
    row = CompanyMerge(
        kind=kind, from_id=source.id, into_id=into.id, moved=moved, made_by=by[:320], made_at=now
    )
    session.add(row)
    session.flush()
    return row


def _key(table: Table) -> Any:
    return inspect(table).primary_key[0]


def _move(session: Session, table: Table, source: int, into: int) -> list[int]:
    company = inspect(table).columns.company_id
    keys = list(session.scalars(select(_key(table)).where(company == source)))
    _set_company(session, table, keys, source, into)
    return keys


def _set_company(session: Session, table: Table, keys: Sequence[int], source: int, into: int) -> None:
    company = inspect(table).columns.company_id
    for start in range(0, len(keys), _CHUNK):
        chosen = _key(table).in_(keys[start : start + _CHUNK])
        session.execute(update(table).where(chosen, company == source).values(company_id=into))


def _repoint(session: Session, column: Any, source: int, into: int, *, but: int = 0) -> list[int]:
    """Companies that pointed at the one point at the other."""
    ids = list(session.scalars(select(Company.id).where(column == source, Company.id != but)))
    session.execute(update(Company).where(Company.id.in_(ids)).values({column: into}))
    return ids


def _fill(source: Company, into: Company) -> list[str]:
    """Stage and owner that `into` lacks, and the times it was seen."""
    filled = [name for name in ("stage", "owner_id") if not getattr(into, name) and getattr(source, name)]
    for name in filled:
        setattr(into, name, getattr(source, name))
    into.first_seen_at = _outer(min, into.first_seen_at, source.first_seen_at)
    into.last_seen_at = _outer(max, into.last_seen_at, source.last_seen_at)
    return filled


def _outer(
    choose: Callable[[Sequence[datetime]], datetime], one: datetime | None, other: datetime | None
) -> datetime | None:
    known = [moment for moment in (one, other) if moment]
    return choose(known) if known else None


def _unmerge(session: Session, source: Company, into: Company, merge: CompanyMerge) -> None:
    moved = merge.moved
    source.merged_into_id = None
    _point_back(session, "merged_into_id", moved.get("companies", []), source.id)
    _point_back(session, "parent_id", moved.get("children", []), source.id)
    for name in moved.get("filled", []):
        if getattr(into, name) == getattr(source, name):
            setattr(into, name, "" if name == "stage" else None)
    if moved.get("lost_parent"):
        into.parent_id = source.id
    since = select(Identification.visit_id).where(
        Identification.company_id == into.id, Identification.identified_at >= merge.made_at
    )
    session.execute(update(Visit).where(Visit.id.in_(since)).values(identified_at=None))


def _point_back(session: Session, column: str, ids: Sequence[int], company_id: int) -> None:
    session.execute(update(Company).where(Company.id.in_(ids)).values({column: company_id}))


def _refresh_seen(session: Session, company: Company) -> None:
    session.flush()
    seen = (
        select(func.min(Visit.started_at), func.max(Visit.ended_at))
        .join(Identification, Identification.visit_id == Visit.id)
        .where(Identification.company_id == company.id)
    )
    company.first_seen_at, company.last_seen_at = session.execute(seen).one()
