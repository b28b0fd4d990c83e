"""Files of target lists: one company of one list a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from enrichment.cells import Reader, read_domain, read_text
from enrichment.import_kinds.base import Book, Kind, Record, Saving, Values
from enrichment.models import TargetList, TargetListEntry
from enrichment.targets import find_or_make_list, put_on_list


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
