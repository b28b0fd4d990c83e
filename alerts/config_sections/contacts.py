"""Stages of contacts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.config_fields import Reader, read_choice, read_email, read_text
from alerts.config_sections.base import Applying, Section, Values, put_stage
from enrichment.contacts import take_over_claims
from enrichment.lifecycle import STAGES
from enrichment.models import Contact


class Contacts(Section):
    """Stages of contacts, each change with its receipt."""

    name = "contacts"
    key = "email"
    shown = False
    fields: ClassVar[Mapping[str, Reader]] = {
        "email": read_email,
        "name": read_text(200),
        "role": read_text(200),
        "stage": read_choice("", *STAGES),
    }

    def rows(self, session: Session) -> Mapping[str, Contact]:
        return {contact.email: contact for contact in session.scalars(select(Contact))}

    def values(self, session: Session, row: Contact) -> Values:
        return {name: getattr(row, name) for name in self.fields}

    def make(self, key: str, now: datetime) -> Contact:
        return Contact(email=key, source="config", created_at=now)

    def put(self, applying: Applying, row: Contact, changes: Values) -> None:
        plain = {name: value for name, value in changes.items() if name != "stage"}
        super().put(applying, row, plain)
        put_stage(applying, row, changes)
        take_over_claims(applying.session, row)
