"""What a kind of file is: its columns, how rows are found again, and what saving them needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enrichment.cells import Known, Reader
from enrichment.companies import find_or_make_company
from enrichment.lifecycle import set_stage
from enrichment.models import Company, Contact, Product
from tracker.models import User

Values = dict[str, Any]
SOURCE = "import"
# Under this name a record says which of its columns were written by hand.
BY_HAND = "written by hand"


class RowError(ValueError):
    """A row cannot be taken although each of its cells can; the message begins with the field."""


@dataclass(slots=True, eq=False)
class Record:
    """What is known of one row's subject; id empty: only seen in this file so far."""

    id: int | None
    values: Values


@dataclass(slots=True)
class Book:
    """Known records by their keys; a record may stand under several, and several under one."""

    records: dict[str, list[Record]] = field(default_factory=dict)
    ids: set[int] = field(default_factory=set)

    def find(self, key: str) -> list[Record]:
        return self.records.get(key, [])

    def add(self, record: Record, keys: Iterable[str]) -> None:
        if record.id is not None:
            self.ids.add(record.id)
        for key in keys:
            found = self.records.setdefault(key, [])
            if record not in found:
                found.append(record)


@dataclass(frozen=True, slots=True)
class Saving:
    """What saving a row needs besides the row."""

    session: Session
    known: Known
    now: datetime
    changed_by: str
    reason: str
    company_ids: dict[str, int] = field(default_factory=dict)

    def load_companies(self, domains: Iterable[str | None]) -> None:
        """Finds the companies of many rows at once."""
        now_id = func.coalesce(Company.merged_into_id, Company.id)
        found = select(Company.domain, now_id).where(Company.domain.in_(set(domains) - {None}))
        self.company_ids.update(
            (str(domain), company_id) for domain, company_id in self.session.execute(found)
        )

    def company_id(self, domain: str) -> int:
        """The company of the domain, made if need be."""
        if domain not in self.company_ids:
            company = find_or_make_company(
                self.session,
                domain=domain,
                name="",
                kind="company",
                country="",
                source=SOURCE,
                now=self.now,
            )
            self.company_ids[domain] = company.id
        return self.company_ids[domain]


class Kind:
    """One kind of file. A subclass names its columns and knows its table."""

    name: ClassVar[str]
    columns: ClassVar[Mapping[str, Reader]]
    # Of each group at least one column must be in the file and filled in a row.
    needed: ClassVar[Sequence[Sequence[str]]]

    def keys(self, values: Values) -> list[str]:
        """Under which keys the subject of these values stands in the book."""
        raise NotImplementedError

    def label(self, values: Values) -> str:
        """The subject's name for a report."""
        return str(self.keys(values)[0])

    def load(self, session: Session, rows: Sequence[Values], book: Book) -> None:
        """Puts what the database knows of the rows' subjects into the book."""
        raise NotImplementedError

    def find(self, values: Values, book: Book) -> Record | None:
        """The record of the row. Raises RowError when it could be several."""
        found = book.find(self.keys(values)[0])
        return found[0] if found else None

    def complete(self, values: Values, record: Record | None) -> Values:
        """The row's values with what follows from them. Raises RowError when a new one lacks something."""
        return values

    def save(self, saving: Saving, record_id: int | None, changes: Values) -> int | None:
        """Writes the changed values, or all values of a new subject; returns the row's id."""
        raise NotImplementedError


def load_known(session: Session) -> Known:
    """Users and products that cells may refer to."""
    users = {email: user_id for user_id, email in session.execute(select(User.id, User.email))}
    products = session.execute(select(Product.name, Product.id).order_by(Product.name))
    return Known(users, {name.casefold(): (name, product_id) for name, product_id in products})


def owner_emails(session: Session) -> dict[int, str]:
    return dict(session.execute(select(User.id, User.email)).all())


def set_plain(subject: object, changes: Values, columns: Sequence[str]) -> None:
    for column in columns:
        if column in changes:
            setattr(subject, column, changes[column])


def set_owner_and_stage(saving: Saving, subject: Company | Contact, changes: Values) -> None:
    if "owner" in changes:
        subject.owner_id = saving.known.users[changes["owner"]]
    saving.session.flush()
    if "stage" in changes:
        set_stage(saving.session, subject, changes["stage"], saving.reason, saving.changed_by, saving.now)
