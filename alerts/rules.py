"""Decides: does this rule alert on this page view? Pure; frozen facts in, an outcome with its reason out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from alerts import words
from alerts.conditions.base import Check, share_of
from alerts.facts import ContactFacts, Facts
from alerts.models import Outcome
from alerts.sentences import Names, Piece, read_back, read_back_pieces
from alerts.specs import (
    Clause,
    Known,
    RuleError,
    RuleSpec,
    Send,
    fill_row,
    parse_rule,
    plain_rule,
    spec_of,
)

__all__ = [
    "SURE_ENOUGH",
    "Clause",
    "Decided",
    "Known",
    "Names",
    "Piece",
    "RuleError",
    "RuleSpec",
    "Send",
    "decide",
    "fill_row",
    "parse_rule",
    "plain_rule",
    "read_back",
    "read_back_pieces",
    "spec_of",
]

# Per cent; what a rule asks that does not say itself how sure we must be of the company.
SURE_ENOUGH = 80


@dataclass(frozen=True, slots=True)
class Decided:
    """What a rule said: the outcome, one sentence why, all checks in order, and about whom.

    `subject` is company:ID or contact:ID, empty where nobody is known.
    """

    outcome: Outcome
    reason: str
    checks: tuple[Check, ...] = ()
    subject: str = ""


def decide(rule: RuleSpec, facts: Facts, now: datetime) -> Decided:
    """What the rule says about the page view. The repeat interval counts between page views, not from now."""
    checks = [*_when(rule, facts), *_any(rule, facts), *_unless(rule, facts)]
    subject, sure = _subject(rule, facts, checks)
    checks.append(sure)
    failed = next((check for check in checks if not check.holds), None)
    if facts.visit.quiet:
        return Decided(Outcome.NO, "the visit was replayed from a log, which never alerts", tuple(checks))
    if failed:
        return Decided(Outcome.NO, failed.reason, tuple(checks), subject)
    repeat = _repeat(rule, facts, subject)
    checks.append(repeat)
    if not repeat.holds:
        return Decided(Outcome.HELD, repeat.reason, tuple(checks), subject)
    return Decided(Outcome.ALERT, _because(checks), tuple(checks), subject)


def _when(rule: RuleSpec, facts: Facts) -> list[Check]:
    return [_check(clause, facts) for clause in rule.when]


def _check(clause: Clause, facts: Facts) -> Check:
    return clause.condition.holds(facts, clause.value)


def _any(rule: RuleSpec, facts: Facts) -> list[Check]:
    return [_one_of([_check(clause, facts) for clause in group]) for group in rule.any]


def _one_of(checks: Sequence[Check]) -> Check:
    """One that holds, best one that needs no company; else one check that says what all of them lacked."""
    held = sorted((check for check in checks if check.holds), key=lambda check: check.of_company)
    if held:
        return held[0]
    reason = "none of these holds: " + "; ".join(check.reason for check in checks)
    return Check(False, reason, any(check.of_company for check in checks), "any")


def _unless(rule: RuleSpec, facts: Facts) -> list[Check]:
    return [_not(_check(clause, facts)) for clause in rule.unless]


def _not(check: Check) -> Check:
    # An exception that does not apply rests on nothing: only a rule's own claims need a sure company.
    reason = f"except when: {check.reason}" if check.holds else check.reason
    return Check(not check.holds, reason, False, f"unless.{check.condition}")


def _subject(rule: RuleSpec, facts: Facts, checks: Sequence[Check]) -> tuple[str, Check]:
    """Whom the alert would be about, and the check that we are sure enough of them."""
    company, contact = facts.company, _contact(facts, checks)
    if company and (rule.own_confidence or share_of(company.confidence) >= SURE_ENOUGH):
        reason = f"we are {share_of(company.confidence)}% sure of {company.name}"
        return f"company:{company.id}", Check(True, reason, True, "sure")
    if contact and not any(check.holds and check.of_company for check in checks):
        return f"contact:{contact.id}", Check(
            True, f"the person is {contact.proof}: {contact.label}", False, "sure"
        )
    if company:
        reason = f"we are {share_of(company.confidence)}% sure of {company.name}, {SURE_ENOUGH}% is asked for"
        return f"company:{company.id}", Check(False, reason, True, "sure")
    if contact:
        return f"contact:{contact.id}", Check(False, "the company is not known", True, "sure")
    return "", Check(False, "neither the company nor the person is known", True, "sure")


def _contact(facts: Facts, checks: Sequence[Check]) -> ContactFacts | None:
    """The person a check rests on, else the one to name first."""
    asked = next((check.contact_id for check in checks if check.holds and check.contact_id), 0)
    return facts.contact_of(f"contact:{asked}")


def _repeat(rule: RuleSpec, facts: Facts, subject: str) -> Check:
    last = facts.last_alerts.get((rule.id, subject))
    if last is None:
        return Check(True, "the last alert of this rule: never", False, "repeat_after")
    gap = facts.page.seen_at - last.seen_at
    ago = _ago(gap)
    interval = words.exact_span(rule.repeat_after, "en")
    if rule.repeat_after and gap < rule.repeat_after:
        name = subject_name(facts, subject)
        reason = f"held back: this rule alerted for {name} {ago}, repeat interval {interval}"
        return Check(False, reason, False, "repeat_after")
    return Check(True, f"the last alert of this rule: {ago}", False, "repeat_after")


def _ago(gap: timedelta) -> str:
    if gap < timedelta(0):
        return f"on a page view {words.rough_span(-gap, 'en')} later"
    return f"{words.rough_span(gap, 'en')} ago"


def subject_name(facts: Facts, subject: str) -> str:
    """The name of the subject for a reason: the company's, or what the contact may be called."""
    if subject.startswith("company:") and facts.company:
        return facts.company.name
    contact = facts.contact_of(subject)
    return contact.label if contact else "the visitor"


def _because(checks: Sequence[Check]) -> str:
    """The checks that say why, in one sentence; exceptions that do not apply are no reason."""
    told = [check.reason for check in checks if not check.condition.startswith("unless.")]
    return "; ".join(dict.fromkeys(told[:-1]))
