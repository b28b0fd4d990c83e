"""What the page of a contact says: who they are, how we know, and what is tied to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from enrichment.models import Company, Contact, VisitorContact
from tracker.models import User


@dataclass(frozen=True, slots=True)
class Link:
    """A browser tied to the contact, by their own claim or with proof."""

    visitor_id: int
    proof: str
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class ContactFacts:
    contact: Contact
    company: Company | None
    owner: str
    links: tuple[Link, ...]

    @property
    def visitor_ids(self) -> tuple[int, ...]:
        return tuple(link.visitor_id for link in self.links)


def find_contact_facts(session: Session, contact_id: int) -> ContactFacts | None:
    statement = (
        select(Contact, Company, User.name, User.email)
        .outerjoin(Company, Company.id == Contact.company_id)
        .outerjoin(User, User.id == Contact.owner_id)
        .where(Contact.id == contact_id)
    )
    row = session.execute(statement).first()
    if row is None:
        return None
    contact, company, name, email = row
    links = session.scalars(
        select(VisitorContact).where(VisitorContact.contact_id == contact_id).order_by(VisitorContact.id)
    )
    return ContactFacts(
        contact,
        company,
        name or email or "",
        tuple(Link(link.visitor_id, link.proof, link.linked_at) for link in links),
    )
