"""The four kinds of file that can be imported: their columns, how rows are found again and saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from enrichment.cells import (
    Known,
    Reader,
    read_company_domain,
    read_country,
    read_currency,
    read_domain,
    read_email,
    read_moment,
    read_money,
    read_owner,
    read_products,
    read_stage,
    read_state,
    read_tags,
    read_text,
    read_whole,
)
from enrichment.companies import (
    find_company,
    find_company_by_name,
    find_or_make_company,
    name_key,
)
from enrichment.contacts import company_domain, find_or_make_contact, follow_contact
from enrichment.deals import set_products
from enrichment.lifecycle import set_stage
from enrichment.models import Company, Contact, Deal, DealProduct, Product, TargetList, TargetListEntry
from enrichment.profile import columns_by_hand, note_import
from enrichment.targets import find_or_make_list, put_on_list
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
        emails = _emails(session)
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
        _set_plain(company, changes, self._plain)
        if "name" in changes:
            company.name, company.name_key = changes["name"], name_key(changes["name"])
        if "tags" in changes:
            company.tags = list(changes["tags"])
        _set_owner_and_stage(saving, company, changes)
        note_import(saving.session, company, changes, saving.reason, saving.now)
        return company.id

    def _find(self, session: Session, record_id: int | None, changes: Values) -> Company | None:
        """The row; a new one may have been written by another process since it was decided."""
        if record_id is not None:
            return session.get_one(Company, record_id)
        if domain := changes.get("domain"):
            return find_company(session, domain)
        return find_company_by_name(session, changes["name"])


class Contacts(Kind):
    name = "contacts"
    columns: ClassVar[Mapping[str, Reader]] = {
        "email": read_email,
        "name": read_text(200),
        "phone": read_text(40),
        "role": read_text(200),
        "company_domain": read_company_domain,
        "stage": read_stage,
        "owner": read_owner,
        "consent": read_text(40),
    }
    needed = (("email",),)
    _plain = ("name", "phone", "role", "consent")

    def keys(self, values: Values) -> list[str]:
        return [values["email"]]

    def load(self, session: Session, rows: Sequence[Values], book: Book) -> None:
        wanted = {row["email"] for row in rows}
        emails = _emails(session)
        found = (
            select(Contact, Company.domain, Company.id)
            .outerjoin(Company, Company.id == Contact.company_id)
            .where(Contact.email.in_(wanted))
        )
        for contact, domain, company_id in session.execute(found):
            if contact.id not in book.ids:
                values: Values = {column: getattr(contact, column) for column in ("email", *self._plain)}
                values |= {"stage": contact.stage, "owner": emails.get(contact.owner_id or 0, "")}
                # A company without a domain is still a company; the address must not replace it.
                values["company_domain"] = domain or ("" if company_id is None else f"company {company_id}")
                book.add(Record(contact.id, values), [contact.email])

    def complete(self, values: Values, record: Record | None) -> Values:
        """A contact of no company belongs to the company of its address."""
        has_company = bool(record and record.values.get("company_domain"))
        domain = None if has_company else company_domain(values["email"])
        return {"company_domain": domain} | values if domain else values

    def save(self, saving: Saving, record_id: int | None, changes: Values) -> int:
        session = saving.session
        if record_id is None:
            contact = find_or_make_contact(session, changes["email"], source=SOURCE, now=saving.now)
        else:
            contact = session.get_one(Contact, record_id)
        _set_plain(contact, changes, self._plain)
        if "company_domain" in changes:
            contact.company_id = saving.company_id(changes["company_domain"])
            follow_contact(session, contact)
        _set_owner_and_stage(saving, contact, changes)
        return contact.id


class Deals(Kind):
    name = "deals"
    columns: ClassVar[Mapping[str, Reader]] = {
        "id": read_text(100),
        "name": read_text(200),
        "company_domain": read_company_domain,
        "state": read_state,
        "amount": read_money,
        "currency": read_currency,
        "owner": read_owner,
        "products": read_products,
        "closed_at": read_moment,
    }
    needed = (("id",),)
    _plain = ("name", "state", "amount", "currency", "closed_at")

    def keys(self, values: Values) -> list[str]:
        return [values["id"]]

    def load(self, session: Session, rows: Sequence[Values], book: Book) -> None:
        wanted = {row["id"] for row in rows}
        emails = _emails(session)
        found = session.execute(
            select(Deal, Company.domain)
            .join(Company, Company.id == Deal.company_id)
            .where(Deal.external_id.in_(wanted))
        ).all()
        products = _held_products(session, [deal.id for deal, _ in found])
        for deal, domain in found:
            if deal.id not in book.ids:
                values: Values = {column: getattr(deal, column) for column in self._plain}
                values |= {"id": deal.external_id, "company_domain": domain or ""}
                values |= {"owner": emails.get(deal.owner_id or 0, ""), "products": products.get(deal.id, ())}
                book.add(Record(deal.id, values), [deal.external_id])

    def complete(self, values: Values, record: Record | None) -> Values:
        if record is not None:
            return values
        for column, right in (("company_domain", "the company's domain"), ("state", "open, won or lost")):
            if not values.get(column):
                raise RowError(f"{column}: is empty, and the deal is new; write {right}")
        return {"name": values["id"]} | values

    def save(self, saving: Saving, record_id: int | None, changes: Values) -> int:
        session = saving.session
        domain = changes.get("company_domain")
        company_id = saving.company_id(domain) if domain else None
        deal = session.get_one(Deal, record_id) if record_id else self._new(session, changes["id"])
        _set_plain(deal, changes, self._plain)
        deal.company_id = company_id or deal.company_id
        if "owner" in changes:
            deal.owner_id = saving.known.users[changes["owner"]]
        session.add(deal)
        session.flush()
        if "products" in changes:
            set_products(session, deal, [saving.known.products[n.casefold()][1] for n in changes["products"]])
        return deal.id

    def _new(self, session: Session, external_id: str) -> Deal:
        found = session.scalar(select(Deal).where(Deal.external_id == external_id))
        return found or Deal(external_id=external_id)


class Targets(Kind):
    name = "targets"
    columns: ClassVar[Mapping[str, Reader]] = {"list": read_text(200), "domain": read_domain}
    needed = (("list",), ("domain",))

    def keys(self, values: Values) -> list[str]:
        return [f"{values['domain']} {values['list']}"]

    def load(self, session: Session, rows: Sequence[Values], book: Book) -> None:
        found = (
            select(TargetList.name, TargetListEntry.domain)
            .join(TargetListEntry, TargetListEntry.list_id == TargetList.id)
            .where(TargetListEntry.domain.in_({row["domain"] for row in rows}))
        )
        for name, domain in session.execute(found):
            record = Record(None, {"list": name, "domain": domain})
            book.add(record, self.keys(record.values))

    def save(self, saving: Saving, record_id: int | None, changes: Values) -> None:
        target_list = find_or_make_list(saving.session, changes["list"])
        put_on_list(saving.session, target_list, [changes["domain"]])
        saving.session.flush()


KINDS: dict[str, Kind] = {kind.name: kind for kind in (Companies(), Contacts(), Deals(), Targets())}


def load_known(session: Session) -> Known:
    """Users and products that cells may refer to."""
    users = {email: user_id for user_id, email in session.execute(select(User.id, User.email))}
    products = session.execute(select(Product.name, Product.id).order_by(Product.name))
    return Known(users, {name.casefold(): (name, product_id) for name, product_id in products})


def _emails(session: Session) -> dict[int, str]:
    return dict(session.execute(select(User.id, User.email)).all())


def _held_products(session: Session, deal_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    held: dict[int, tuple[str, ...]] = {}
    rows = session.execute(
        select(DealProduct.deal_id, Product.name)
        .join(Product, Product.id == DealProduct.product_id)
        .where(DealProduct.deal_id.in_(deal_ids))
    )
    for deal_id, name in rows:
        held[deal_id] = tuple(sorted((*held.get(deal_id, ()), name)))
    return held


def _set_plain(subject: object, changes: Values, columns: Sequence[str]) -> None:
    for column in columns:
        if column in changes:
            setattr(subject, column, changes[column])


def _set_owner_and_stage(saving: Saving, subject: Company | Contact, changes: Values) -> None:
    if "owner" in changes:
        subject.owner_id = saving.known.users[changes["owner"]]
    saving.session.flush()
    if "stage" in changes:
        set_stage(saving.session, subject, changes["stage"], saving.reason, saving.changed_by, saving.now)
