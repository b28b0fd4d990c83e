"""Acts on what the rules decide: decisions, alerts and their deliveries, in one transaction a batch."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from alerts.deliveries import make_delivery
from alerts.facts import Facts, LastAlert
from alerts.gather import Known, find_known, find_waiting, gather_facts, has_waiting
from alerts.models import Alert, Decision, Outcome, Rule, RuleState
from alerts.places import read_places
from alerts.routing import Places, route
from alerts.rules import Decided, RuleError, RuleSpec, decide, spec_of
from alerts.rules import subject_name as name_of
from alerts.story import plain_story
from alerts.tell import deal_of, make_story, owner_of
from tracker.db import Database, work_lock
from tracker.models import PageView
from tracker.settings import Settings

logger = logging.getLogger(__name__)

BATCH = 200
_RULES = select(Rule).where(Rule.state == RuleState.ON).order_by(Rule.id)
_ALERTED = select(Alert.rule_id, Alert.page_view_id).where(
    Alert.visit_id.in_(bindparam("ids", expanding=True))
)
_PAGE_VIEWS = cast(Table, PageView.__table__)
_MARK_DECIDED = (
    update(_PAGE_VIEWS)
    .where(_PAGE_VIEWS.c.id.in_(bindparam("ids", expanding=True)))
    .values(decided_at=bindparam("now"))
)
_DECISIONS = select(Decision).where(Decision.visit_id.in_(bindparam("ids", expanding=True)))


def decide_waiting(database: Database, settings: Settings, now: datetime) -> int:
    """Puts up to a batch of waiting page views before all rules that are on; how many."""
    with database.read() as session:
        if not has_waiting(session):
            return 0
    with database.write() as session:
        work_lock(session)
        waiting = find_waiting(session, BATCH)
        if known := find_known(session, waiting):
            _decide_known(session, settings, known, now)
        _mark_decided(session, [one.page.id for one in waiting], now)
        return len(waiting)


def _decide_known(session: Session, settings: Settings, known: Sequence[Known], now: datetime) -> None:
    rules = read_rules(session)
    windows = {days for rule in rules for days in rule.windows()}
    gathered = gather_facts(session, known, windows=windows, rules={rule.id for rule in rules})
    _Batch(session, settings, rules, now).decide_all(gathered)


def read_rules(session: Session) -> list[RuleSpec]:
    """The rules that are on. One that cannot be read is left out and logged; the others go on."""
    rules = []
    for row in session.scalars(_RULES):
        try:
            rules.append(spec_of(row))
        except RuleError as error:
            logger.error("rule=%s cannot be read: %s", row.id, error)
    return rules


def _mark_decided(session: Session, ids: Sequence[int], now: datetime) -> None:
    session.connection().execute(_MARK_DECIDED, {"ids": list(ids), "now": now})


@dataclass
class _Batch:
    """One batch: its rules, the alerts it has written so far, and whom it can tell."""

    session: Session
    settings: Settings
    rules: Sequence[RuleSpec]
    now: datetime
    # Alerts of this batch, by rule and subject: a second page view must see the first one's alert.
    fresh: dict[tuple[int, str], LastAlert] = field(default_factory=dict)
    decisions: dict[tuple[int, int], Decision] = field(default_factory=dict)
    # Rule and page view of alerts that rang before the visit was put before the rules again.
    alerted: set[tuple[int | None, int | None]] = field(default_factory=set)
    places: Places | None = None

    def decide_all(self, gathered: Sequence[Facts]) -> None:
        self._load_decisions({facts.visit.id for facts in gathered})
        for facts in gathered:
            self._decide(replace(facts, last_alerts={**facts.last_alerts, **self.fresh}))

    def _load_decisions(self, visit_ids: set[int]) -> None:
        rows = self.session.scalars(_DECISIONS, {"ids": list(visit_ids)})
        self.decisions = {(row.visit_id, row.rule_id): row for row in rows}
        self.alerted = {(row[0], row[1]) for row in self.session.execute(_ALERTED, {"ids": list(visit_ids)})}

    def _decide(self, facts: Facts) -> None:
        for rule in self.rules:
            if (rule.id, facts.page.id) in self.alerted:
                continue
            decided = decide(rule, facts, self.now)
            self._record(rule, facts, decided)
            if decided.outcome == Outcome.ALERT:
                self._alert(rule, facts, decided)
            elif decided.outcome == Outcome.HELD:
                self._note_held(rule, facts, decided)

    def _record(self, rule: RuleSpec, facts: Facts, decided: Decided) -> None:
        """What the rule last said about the visit; a no does not hide that it alerted or was held back."""
        row = self.decisions.get((facts.visit.id, rule.id))
        if row and _weight(row.outcome) > _weight(decided.outcome):
            return
        if row is None:
            row = Decision(visit_id=facts.visit.id, rule_id=rule.id)
            self.decisions[facts.visit.id, rule.id] = row
            self.session.add(row)
        row.page_view_id = facts.page.id
        row.rule_version = rule.version
        row.outcome = decided.outcome
        row.reason = decided.reason[:500]
        row.checks = plain_checks(decided)
        row.decided_at = self.now

    def _alert(self, rule: RuleSpec, facts: Facts, decided: Decided) -> None:
        last = facts.last_alerts.get((rule.id, decided.subject)) or self.fresh.get((rule.id, decided.subject))
        alert = self._make_alert(rule, facts, decided, last.id if last else 0)
        self.session.add(alert)
        self.session.flush()
        seen_at = max(facts.page.seen_at, last.seen_at) if last else facts.page.seen_at
        self.fresh[rule.id, decided.subject] = LastAlert(alert.id, seen_at)
        for one in route(rule.send, self._places(rule, facts, decided)):
            self.session.add(make_delivery(alert.id, one, self.now))

    def _note_held(self, rule: RuleSpec, facts: Facts, decided: Decided) -> None:
        """The alert that keeps this page view from ringing says so on its page."""
        last = facts.last_alerts[rule.id, decided.subject]
        held = update(Alert).where(Alert.id == last.id)
        self.session.execute(held.values(held_count=Alert.held_count + 1, held_at=facts.page.seen_at))

    def _make_alert(self, rule: RuleSpec, facts: Facts, decided: Decided, previous: int) -> Alert:
        public_id = secrets.token_urlsafe(16)
        of_company = decided.subject.startswith("company:")
        contact = facts.contact_of(decided.subject)
        story = make_story(self.session, rule, facts, decided, public_id, self.settings)
        return Alert(
            public_id=public_id,
            rule_id=rule.id,
            rule_name=rule.name,
            rule_version=rule.version,
            visit_id=facts.visit.id,
            page_view_id=facts.page.id,
            company_id=facts.company.id if facts.company and of_company else None,
            contact_id=contact.id if contact else None,
            subject=decided.subject,
            previous_alert_id=previous,
            seen_at=facts.page.seen_at,
            reason=decided.reason[:1000],
            checks=plain_checks(decided),
            story=plain_story(story),
            created_at=self.now,
        )

    def _places(self, rule: RuleSpec, facts: Facts, decided: Decided) -> Places:
        if self.places is None:
            self.places = read_places(self.session)
        deal, owner = deal_of(rule, facts), owner_of(facts, decided)
        return replace(
            self.places,
            owner_id=owner.user_id,
            owned=owner.owns[:80],
            deal_owner_id=deal.owner_id if deal else None,
            subject=name_of(facts, decided.subject)[:80],
        )


def plain_checks(decided: Decided) -> list[Mapping[str, object]]:
    return [
        {"condition": check.condition, "holds": check.holds, "reason": check.reason}
        for check in decided.checks
    ]


def _weight(outcome: str) -> int:
    return {Outcome.NO: 0, Outcome.HELD: 1, Outcome.ALERT: 2}[Outcome(outcome)]
