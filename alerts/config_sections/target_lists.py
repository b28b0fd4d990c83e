"""Target lists and the domains on them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.config_fields import Reader, read_domains, read_text
from alerts.config_sections.base import Applying, Section, Values
from enrichment.models import TargetList
from enrichment.targets import get_domains, put_on_list, take_off_list


class TargetLists(Section):
    name = "target_lists"
    key = "name"
    fields: ClassVar[Mapping[str, Reader]] = {
        "name": read_text(200, empty=False),
        "domains": read_domains,
    }

    def rows(self, session: Session) -> Mapping[str, TargetList]:
        return {found.name: found for found in session.scalars(select(TargetList).order_by(TargetList.id))}

    def values(self, session: Session, row: TargetList) -> Values:
        return {"name": row.name, "domains": tuple(sorted(get_domains(session, row)))}

    def make(self, key: str, now: datetime) -> TargetList:
        return TargetList(name=key)

    def put(self, applying: Applying, row: TargetList, changes: Values) -> None:
        applying.session.flush()
        if "domains" in changes:
            held = get_domains(applying.session, row)
            take_off_list(applying.session, row, held - set(changes["domains"]))
            put_on_list(applying.session, row, changes["domains"])
