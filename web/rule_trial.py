"""Tries a rule on the past: the same deciding function on what was seen in the last days. No effects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from alerts.conditions import CONDITIONS
from alerts.facts import Facts, LastAlert
from alerts.gather import Waiting, find_known, gather_facts
from alerts.models import Outcome
from alerts.rules import Decided, decide
from alerts.specs import RuleSpec
from enrichment.models import Identification, VisitorContact
from tracker.models import PageView, Visit

DAYS = 30
# Keeps the answer within a moment of typing; counting visits per company costs more for each.
MOST = 2000
MOST_COUNTED = 200
SHOWN = 5
TOO_MANY_A_DAY = 20


@dataclass(frozen=True, slots=True)
class Hit:
    """A page view for which the rule would have rung, or nearly did; `reason` says why."""

    company_id: int | None
    name: str
    seen_at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """How many visits were left after a condition."""

    name: str
    visits: int


@dataclass(frozen=True, slots=True)
class Trial:
    """What the rule would have done. `per_day` counts from the oldest day; `since` is set when it was cut.

    `replayed` visits are of a log: they never ring, but are tried as if they had been live.
    """

    sent: int
    companies: int
    held: int
    per_day: tuple[int, ...]
    latest: tuple[Hit, ...]
    near: tuple[Hit, ...]
    near_count: int
    steps: tuple[Step, ...]
    since: datetime | None
    best: tuple[Facts, Decided] | None
    replayed: int

    @property
    def is_too_much(self) -> bool:
        return max(self.per_day, default=0) > TOO_MANY_A_DAY


def try_on_past(session: Session, rule: RuleSpec, now: datetime) -> Trial:
    """What the rule would have sent in the last 30 days, with stages, lists and deals as they are now."""
    most = MOST_COUNTED if rule.windows() else MOST
    found = _read_past(session, now, most + 1)
    past = found[-most:]
    facts = gather_facts(session, find_known(session, past), windows=rule.windows())
    return make_trial(rule, facts, now, since=past[0].page.seen_at if len(found) > most else None)


def _read_past(session: Session, now: datetime, most: int) -> list[Waiting]:
    """The newest page views of known companies and people, oldest first."""
    known = Visit.visitor_id.in_(
        select(VisitorContact.visitor_id).where(VisitorContact.contact_id.is_not(None))
    )
    rows = session.execute(
        select(PageView, Visit, Identification)
        .join(Visit, Visit.id == PageView.visit_id)
        .outerjoin(Identification, Identification.visit_id == Visit.id)
        .where(PageView.seen_at > now - timedelta(days=DAYS), PageView.seen_at <= now)
        .where(or_(Identification.company_id.is_not(None), known))
        .order_by(PageView.seen_at.desc(), PageView.id.desc())
        .limit(most)
    )
    return [Waiting(*row) for row in rows][::-1]


def make_trial(rule: RuleSpec, past: Sequence[Facts], now: datetime, since: datetime | None) -> Trial:
    """Decides each page view in its order, with the alerts that the rule itself would have sent."""
    last: dict[tuple[int, str], LastAlert] = {}
    decided = []
    for facts in past:
        live = replace(facts.visit, quiet=False)
        said = decide(rule, replace(facts, last_alerts=last, visit=live), now)
        if said.outcome == Outcome.ALERT:
            last[rule.id, said.subject] = LastAlert(0, facts.page.seen_at)
        decided.append((facts, said))
    sent = [one for one in decided if one[1].outcome == Outcome.ALERT]
    near = _near_misses(decided, {said.subject for _, said in sent})
    days = Counter((now - facts.page.seen_at).days for facts, _ in sent)
    rang = {facts.visit.id for facts, _ in sent}
    held = {facts.visit.id for facts, said in decided if said.outcome == Outcome.HELD} - rang
    return Trial(
        sent=len(sent),
        companies=len({said.subject for _, said in sent}),
        held=len(held),
        per_day=tuple(days[back] for back in reversed(range(DAYS))),
        latest=tuple(_hit(facts, said.reason) for facts, said in reversed(sent[-SHOWN:])),
        near=tuple(near[:SHOWN]),
        near_count=len(near),
        steps=_narrowing(rule, decided),
        since=since,
        best=sent[-1] if sent else None,
        replayed=len({facts.visit.id for facts in past if facts.visit.quiet}),
    )


def _hit(facts: Facts, reason: str) -> Hit:
    company, contact = facts.company, facts.contact
    name = company.name if company else contact.email if contact else ""
    return Hit(company.id if company else None, name, facts.page.seen_at, reason)


def _near_misses(decided: Sequence[tuple[Facts, Decided]], rang: set[str]) -> list[Hit]:
    """By company that never rang: its latest page view for which exactly one condition failed."""
    near: dict[str, Hit] = {}
    for facts, said in reversed(decided):
        failed = [check for check in said.checks if not check.holds]
        is_near = said.outcome == Outcome.NO and len(failed) == 1 and len(said.checks) > 1
        if is_near and said.subject and said.subject not in rang:
            near.setdefault(said.subject, _hit(facts, failed[0].reason))
    return list(near.values())


def _narrowing(rule: RuleSpec, decided: Sequence[tuple[Facts, Decided]]) -> tuple[Step, ...]:
    """How many visits are left after each condition, in the order in which they are checked."""
    names = [clause.condition.label["en"] for clause in rule.when]
    names += [_group_name([clause.key for clause in group]) for group in rule.any]
    names += [f"Not: {clause.condition.label['en']}" for clause in rule.unless]
    names += ["Sure enough who it is"]
    left: list[set[int]] = [{facts.visit.id for facts, _ in decided}, *(set() for _ in names)]
    for facts, said in decided:
        for place, check in enumerate(said.checks[: len(names)], start=1):
            if not check.holds:
                break
            left[place].add(facts.visit.id)
    return tuple(
        Step(name, len(visits))
        for name, visits in zip(["Visits of known companies", *names], left, strict=True)
    )


def _group_name(keys: Sequence[str]) -> str:
    return " or ".join(CONDITIONS[key].label["en"] for key in keys)
