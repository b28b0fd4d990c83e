"""Files of contacts: found again by e-mail address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from enrichment.cells import Reader, read_company_domain, read_email, read_owner, read_stage, read_text
from enrichment.contacts import company_domain, find_or_make_contact, follow_contact
from enrichment.import_kinds.base import (
    SOURCE,
    Book,
    Kind,
    Record,
    Saving,
    Values,
    owner_emails,
    set_owner_and_stage,
    set_plain,
)
from enrichment.models import Company, Contact


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
        emails = owner_emails(session)
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
        set_plain(contact, changes, self._plain)
        if "company_domain" in changes:
            contact.company_id = saving.company_id(changes["company_domain"])
            follow_contact(session, contact)
        set_owner_and_stage(saving, contact, changes)
        return contact.id
