"""The profile card of a company page: each field with its source, its age, and who disagrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from enrichment.merging import MERGE, find_merges
from enrichment.models import Company, CompanyMerge
from enrichment.profile import FIELDS, HAND, IMPORT, Said, choose, current_value, find_said
from enrichment.vendors import VENDORS, vendor_class

LABELS = {
    "name": "Name",
    "registration_number": "Registration number",
    "industry": "Industry",
    "nace": "NACE",
    "employees": "Employees",
    "revenue": "Revenue",
    "country": "Country",
    "city": "City",
    "linkedin": "LinkedIn",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One field. `value` is empty where nobody knows; `others` are sources that say something else."""

    field: str
    label: str
    value: tuple[Any, ...]
    source: str
    said_at: datetime | None
    others: tuple[tuple[str, tuple[Any, ...]], ...]


@dataclass(frozen=True, slots=True)
class MergeLine:
    """Something that was joined or split and can be undone."""

    id: int
    words: str
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Profile:
    lines: tuple[Line, ...]
    parent: Company | None
    children: Sequence[Company]
    merges: tuple[MergeLine, ...]


def get_profile(session: Session, company: Company) -> Profile:
    said = find_said(session, company.id)
    children = select(Company).where(Company.parent_id == company.id, Company.merged_into_id.is_(None))
    return Profile(
        lines=tuple(_line(company, field, said.get(field, [])) for field in FIELDS if field != "name"),
        parent=session.get(Company, company.parent_id) if company.parent_id else None,
        children=session.scalars(children.order_by(Company.name).limit(50)).all(),
        merges=tuple(_merge_line(session, company, row) for row in find_merges(session, company.id)),
    )


def _line(company: Company, field: str, said: Sequence[Said]) -> Line:
    value = current_value(company, field)
    if value[0] in (None, ""):
        return Line(field, LABELS[field], (), "", None, ())
    chosen = choose(said)
    others = tuple(
        (source_word(one), one.value) for one in said if chosen is not None and one.value != chosen.value
    )
    if chosen is None:
        return Line(field, LABELS[field], value, company.source or "not known", company.created_at, ())
    return Line(field, LABELS[field], value, source_word(chosen), chosen.said_at, others)


def source_word(said: Said) -> str:
    """Who says it, for people."""
    if said.source == HAND:
        return f"by hand, {said.said_by}"
    if said.source == IMPORT:
        return said.said_by or "import"
    return vendor_class(said.source).label if said.source in VENDORS else said.source


def _merge_line(session: Session, company: Company, row: CompanyMerge) -> MergeLine:
    other = session.get(Company, row.from_id if row.kind == MERGE else row.into_id)
    name = other.name if other else "a company that is gone"
    words = f"{name} was merged into it" if row.kind == MERGE else f"{name} was split off"
    return MergeLine(row.id, words, row.made_by, row.made_at)
