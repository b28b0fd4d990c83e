"""The rows of the list of rules: what each watches, and what it did in the last 30 days."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from alerts.models import Alert, Decision, Outcome, Rule
from alerts.names import read_names
from alerts.sentences import Piece, read_back_pieces
from alerts.specs import RuleError, spec_of
from tracker.models import Visit

DAYS = 30


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule with its numbers; `trouble` is why it cannot be read, empty when it can."""

    id: int
    name: str
    state: str
    sentence: tuple[Piece, ...]
    trouble: str
    sent: int
    held: int
    per_day: tuple[int, ...]
    useful: int
    judged: int


def get_rules(session: Session, locale: str, now: datetime) -> tuple[RuleRow, ...]:
    """All rules in four queries, those that are on first."""
    names = read_names(session)
    since = now - timedelta(days=DAYS)
    alerts = _alerts_since(session, since)
    held = _held_since(session, since)
    order = {"on": 0, "paused": 1, "draft": 2}
    rules = sorted(session.scalars(select(Rule)), key=lambda rule: (order[rule.state], rule.name.casefold()))
    rows = []
    for rule in rules:
        mine = alerts[rule.id]
        try:
            sentence, trouble = tuple(read_back_pieces(spec_of(rule), names, locale)), ""
        except RuleError as error:
            sentence, trouble = (), str(error)
        days = Counter((now - created).days for created, _ in mine)
        verdicts = [useful for _, useful in mine if useful is not None]
        rows.append(
            RuleRow(
                rule.id,
                rule.name,
                rule.state,
                sentence,
                trouble,
                len(mine),
                held[rule.id],
                tuple(days[back] for back in reversed(range(DAYS))),
                sum(verdicts),
                len(verdicts),
            )
        )
    return tuple(rows)


def _alerts_since(session: Session, since: datetime) -> defaultdict[int, list[tuple[datetime, bool | None]]]:
    statement = select(Alert.rule_id, Alert.created_at, Alert.useful).where(Alert.created_at > since)
    alerts: defaultdict[int, list[tuple[datetime, bool | None]]] = defaultdict(list)
    for rule_id, created_at, useful in session.execute(statement):
        if rule_id is not None:
            alerts[rule_id].append((created_at, useful))
    return alerts


def _held_since(session: Session, since: datetime) -> Counter[int]:
    """By rule: visits it held for but did not ring again."""
    # Decisions are found by visit; the numbers of visits rise with time.
    first = select(func.min(Visit.id)).where(Visit.ended_at > since).scalar_subquery()
    statement = (
        select(Decision.rule_id, func.count())
        .where(Decision.visit_id >= first, Decision.outcome == Outcome.HELD)
        .group_by(Decision.rule_id)
    )
    held: Counter[int] = Counter()
    for rule_id, count in session.execute(statement):
        held[rule_id] = count
    return held
