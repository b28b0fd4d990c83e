"""Stages of companies."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts import words
from alerts.config_fields import Reader, read_choice, read_domain, read_text
from alerts.config_sections.base import Applying, Section, Values, put_stage
from enrichment.company_names import name_key
from enrichment.lifecycle import STAGES
from enrichment.models import Company


class Companies(Section):
    """Stages of companies, each change with its receipt; whole files of companies are imported."""

    name = "companies"
    key = "domain"
    shown = False
    fields: ClassVar[Mapping[str, Reader]] = {
        "domain": read_domain,
        "name": read_text(200, empty=False),
        "country": read_choice("", *words.country_codes()),
        "stage": read_choice("", *STAGES),
    }

    def rows(self, session: Session) -> Mapping[str, Company]:
        return {
            str(company.domain): company for company in session.scalars(select(Company)) if company.domain
        }

    def values(self, session: Session, row: Company) -> Values:
        return {name: getattr(row, name) for name in self.fields}

    def make(self, key: str, now: datetime) -> Company:
        return Company(domain=key, name=key, name_key=name_key(key), source="config", created_at=now)

    def put(self, applying: Applying, row: Company, changes: Values) -> None:
        plain = {name: value for name, value in changes.items() if name != "stage"}
        super().put(applying, row, plain)
        row.name_key = name_key(row.name)
        put_stage(applying, row, changes)
