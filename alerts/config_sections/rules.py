"""Rules, read by `parse_rule`, so that the file and the form know the same conditions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.config_sections.base import Applying, Section, Values
from alerts.models import Rule
from alerts.rules import RuleError, fill_row, parse_rule, plain_rule, spec_of


class Rules(Section):
    """Rules are read by parse_rule, so that the file and the form know the same conditions."""

    name = "rules"
    key = "name"
    replaces = True

    def rows(self, session: Session) -> Mapping[str, Rule]:
        return {rule.name: rule for rule in session.scalars(select(Rule).order_by(Rule.id))}

    def values(self, session: Session, row: Rule) -> Values:
        try:
            return plain_rule(spec_of(row))
        except RuleError:
            # A condition this program does not know; shown as it is, so that it can be mended.
            sends = {"send": row.send, "repeat_after": f"{row.repeat_after_seconds}s"}
            kept = {"when": row.when, "any": row.any or None, "unless": row.unless or None}
            return {"name": row.name, "state": row.state, **kept, **sends}

    def make(self, key: str, now: datetime) -> Rule:
        return Rule(name=key, version=0, created_at=now)

    def put(self, applying: Applying, row: Rule, changes: Values) -> None:
        names = [send["channel"] for send in changes["send"]]
        fill_row(row, parse_rule(changes, channels=names))
        row.version += 1
        row.updated_at, row.updated_by = applying.now, applying.changed_by[:320]
