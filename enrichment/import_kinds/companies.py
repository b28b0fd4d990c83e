"""Files of companies: found again by domain, else by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from enrichment.cells import (
    Reader,
    read_country,
    read_currency,
    read_domain,
    read_owner,
    read_stage,
    read_tags,
    read_text,
    read_whole,
)
from enrichment.companies import find_company, find_company_by_name
from enrichment.company_names import name_key
from enrichment.import_kinds.base import (
    BY_HAND,
    SOURCE,
    Book,
    Kind,
    Record,
    RowError,
    Saving,
    Values,
    owner_emails,
    set_owner_and_stage,
    set_plain,
)
from enrichment.models import Company
from enrichment.profile import columns_by_hand, note_import


class Companies(Kind):
    name = "companies"
    columns: ClassVar[Mapping[str, Reader]] = {
        "domain": read_domain,
        "name": read_text(200),
        "country": read_country,
        "employees": read_whole(100_000_000),
        "revenue": read_whole(10**15),
        "currency": read_currency,
        "industry": read_text(200),
        "stage": read_stage,
        "owner": read_owner,
        "registration_number": read_text(40),
        "tags": read_tags,
        "city": read_text(100),
        "linkedin": read_text(300),
        "nace_code": read_text(10),
        "nace_label": read_text(200),
    }
    needed = (("domain", "name"),)
    _plain = (
        *("domain", "country", "employees", "revenue", "currency", "industry", "registration_number"),
        *("city", "linkedin", "nace_code", "nace_label"),
    )

    def keys(self, values: Values) -> list[str]:
        domain, name = values.get("domain"), name_key(values.get("name") or "")
        return ([f"domain {domain}"] if domain else []) + ([f"name {name}"] if name else [])

    def label(self, values: Values) -> str:
        return str(values.get("domain") or values.get("name"))

    def load(self, session: Session, rows: Sequence[Values], book: Book) -> None:
        domains = {row["domain"] for row in rows if row.get("domain")}
        names = {name_key(row["name"]) for row in rows if row.get("name")} - {""}
        emails = owner_emails(session)
        found = select(Company).where(or_(Company.domain.in_(domains), Company.name_key.in_(names)))
        loaded: dict[int, Record] = {}
        for company in session.scalars(found):
            if company.id not in book.ids:
                record = Record(company.id, self._values(company, emails))
                book.add(record, self.keys(record.values))
                loaded[company.id] = record
        for company_id, columns in columns_by_hand(session, loaded).items():
            loaded[company_id].values[BY_HAND] = columns

    def _values(self, company: Company, emails: Mapping[int, str]) -> Values:
        values: Values = {column: getattr(company, column) for column in self._plain}
        return values | {
            "name": company.name,
            "stage": company.stage,
            "owner": emails.get(company.owner_id or 0, ""),
            "tags": tuple(company.tags),
        }

    def find(self, values: Values, book: Book) -> Record | None:
        """By domain; else the only company of that name, where not both have a domain of their own."""
        domain = values.get("domain")
        if domain and (found := book.find(f"domain {domain}")):
            return found[0]
        key = name_key(values.get("name") or "")
        if not domain and not key:
            raise RowError("name: has no letters or digits; add the domain of the company")
        namesakes = [
            record
            for record in book.find(f"name {key}")
            if name_key(record.values["name"]) == key and not (domain and record.values.get("domain"))
        ]
        if len(namesakes) > 1 and not domain:
            raise RowError(
                f"name: {len(namesakes)} companies are called this; add the domain of the one meant"
            )
        return namesakes[0] if len(namesakes) == 1 else None

    def complete(self, values: Values, record: Record | None) -> Values:
        if record is None:
            return values if values.get("name") else values | {"name": values["domain"]}
        # What a person wrote by hand is theirs; a file does not take it back.
        by_hand = record.values.get(BY_HAND, frozenset())
        return {name: value for name, value in values.items() if name not in by_hand}

    def save(self, saving: Saving, record_id: int | None, changes: Values) -> int:
        company = self._find(saving.session, record_id, changes)
        if company is None:
            company = Company(kind="company", source=SOURCE, created_at=saving.now)
            saving.session.add(company)
        set_plain(company, changes, self._plain)
        if "name" in changes:
            company.name, company.name_key = changes["name"], name_key(changes["name"])
        if "tags" in changes:
            company.tags = list(changes["tags"])
        set_owner_and_stage(saving, company, changes)
        note_import(saving.session, company, changes, saving.reason, saving.now)
        return company.id

    def _find(self, session: Session, record_id: int | None, changes: Values) -> Company | None:
        """The row; a new one may have been written by another process since it was decided."""
        if record_id is not None:
            return session.get_one(Company, record_id)
        if domain := changes.get("domain"):
            return find_company(session, domain)
        return find_company_by_name(session, changes["name"])
