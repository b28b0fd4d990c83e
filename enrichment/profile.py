"""The profile of a company: what each source says of each field, how old it is, and which one counts.

A person's word counts before that of a file, a file's before a vendor's; among equals the newest counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from enrichment.company_names import name_key
from enrichment.models import Company, CompanyField

HAND = "hand"
IMPORT = "import"
# A field and the columns that hold it; the value of a field is the list of its columns' values.
FIELDS: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "registration_number": ("registration_number",),
    "industry": ("industry",),
    "nace": ("nace_code", "nace_label"),
    "employees": ("employees", "employees_to"),
    "revenue": ("revenue", "revenue_to", "currency", "revenue_year"),
    "country": ("country",),
    "city": ("city",),
    "linkedin": ("linkedin",),
}
_LIMITS = {
    "name": 200,
    "registration_number": 40,
    "industry": 200,
    "city": 100,
    "linkedin": 300,
    "country": 2,
}
_FIELD_OF = {column: field for field, columns in FIELDS.items() for column in columns}
NO_UPPER_END = 0


@dataclass(frozen=True, slots=True)
class Said:
    """What one source says of a field."""

    source: str
    value: tuple[Any, ...]
    said_by: str
    said_at: datetime


def choose(said: Iterable[Said]) -> Said | None:
    """Which of the sources counts."""
    return max(said, key=lambda one: (-_rank(one.source), one.said_at, one.source), default=None)


def _rank(source: str) -> int:
    return {HAND: 0, IMPORT: 1}.get(source, 2)


def band_columns(band: Sequence[int | None]) -> tuple[int | None, int | None]:
    """`[low, high]` as the two columns of a band: number and upper end."""
    low, high = band[0], band[1]
    if high is None:
        return low, NO_UPPER_END
    return low, None if high == low else high


def note_vendor(
    session: Session, company: Company, profile: Mapping[str, Any], vendor: str, said_at: datetime
) -> None:
    """Keeps what a vendor's answer says; `profile` holds `[low, high]` for bands, texts for the rest."""
    values = {field: value for field, raw in profile.items() if (value := _from_vendor(field, raw))}
    note(session, company, values, Said(vendor, (), vendor, said_at))


def note_import(
    session: Session, company: Company, changes: Mapping[str, Any], reason: str, now: datetime
) -> None:
    """Keeps that the changed columns, which the row already holds, come from a file."""
    fields = {_FIELD_OF[column] for column in changes if column in _FIELD_OF}
    values = {field: tuple(getattr(company, column) for column in FIELDS[field]) for field in fields}
    # A file gives numbers and no year; the upper end of a vendor's band does not belong to them.
    if "employees" in values:
        values["employees"] = (company.employees, None)
    if "revenue" in values:
        values["revenue"] = (company.revenue, None, company.currency, None)
    note(session, company, values, Said(IMPORT, (), reason, now))


def note(session: Session, company: Company, values: Mapping[str, Sequence[Any]], said: Said) -> None:
    """Keeps what a source says of these fields, and writes what counts into the company's row."""
    if not values:
        return
    session.flush()
    known = find_said(session, company.id)
    for field, value in values.items():
        if said.source not in (HAND, IMPORT) and not known.get(field):
            _keep_unsigned(session, company, field, known)
        row = Said(said.source, tuple(value), said.said_by, said.said_at)
        _keep(session, company.id, field, row)
        known[field] = [one for one in known.get(field, []) if one.source != said.source] + [row]
        _write(company, field, choose(known[field]))


def forget(session: Session, company: Company, field: str, source: str) -> None:
    """Takes a source's word back; the next best counts. Without any other the field is empty."""
    row = session.get(CompanyField, (company.id, field, source))
    if row is None:
        return
    session.delete(row)
    session.flush()
    left = find_said(session, company.id).get(field, [])
    if left or field != "name":
        _write(company, field, choose(left))


def find_said(session: Session, company_id: int) -> dict[str, list[Said]]:
    """All that is said of a company, by field."""
    said: dict[str, list[Said]] = defaultdict(list)
    for row in session.scalars(select(CompanyField).where(CompanyField.company_id == company_id)):
        said[row.field].append(Said(row.source, tuple(row.value), row.said_by, row.said_at))
    return said


def columns_by_hand(session: Session, companies: Collection[int]) -> dict[int, frozenset[str]]:
    """By company: the columns that a person wrote."""
    found: dict[int, set[str]] = defaultdict(set)
    rows = select(CompanyField.company_id, CompanyField.field).where(
        CompanyField.company_id.in_(companies), CompanyField.source == HAND
    )
    for company_id, field in session.execute(rows):
        found[company_id].update(FIELDS.get(field, ()))
    return {company_id: frozenset(columns) for company_id, columns in found.items()}


def current_value(company: Company, field: str) -> tuple[Any, ...]:
    return tuple(getattr(company, column) for column in FIELDS[field])


def _keep_unsigned(session: Session, company: Company, field: str, known: dict[str, list[Said]]) -> None:
    """A value from before sources were kept came from a file or a person, so no vendor may replace it."""
    value = current_value(company, field)
    if value[0] in (None, "") or company.source == "identification":
        return
    unsigned = Said(IMPORT, value, company.source, company.created_at)
    _keep(session, company.id, field, unsigned)
    known[field] = [unsigned]


def _keep(session: Session, company_id: int, field: str, said: Said) -> None:
    session.merge(
        CompanyField(
            company_id=company_id,
            field=field,
            source=said.source,
            value=list(said.value),
            said_by=said.said_by[:320],
            said_at=said.said_at,
        )
    )


def _write(company: Company, field: str, said: Said | None) -> None:
    for place, column in enumerate(FIELDS[field]):
        empty = (
            None if column in ("employees", "employees_to", "revenue", "revenue_to", "revenue_year") else ""
        )
        value = said.value[place] if said and place < len(said.value) else None
        setattr(company, column, empty if value is None else value)
    if field == "name":
        company.name_key = name_key(company.name)


def _from_vendor(field: str, raw: Any) -> tuple[Any, ...] | None:
    if field == "employees":
        return band_columns(raw)
    if field == "revenue":
        return (*band_columns(raw), str(raw[2] or ""), raw[3])
    if field == "nace":
        return str(raw[0])[:10], str(raw[1])[:200]
    if field in _LIMITS:
        text = str(raw)[: _LIMITS[field]]
        return (text.upper() if field == "country" else text,) if text else None
    return None
