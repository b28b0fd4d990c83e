"""How often the company, else the visitor, came within so many days."""

from __future__ import annotations

from alerts.conditions.base import Check, Condition, Part, often_words, phrases
from alerts.facts import Facts
from alerts.values import Often, OftenKind


def _visits(facts: Facts, value: Often) -> Check:
    count = facts.visits.get(value.days, 0)
    reason = f"{count} visits in {value.days} days, the rule asks for {value.at_least}"
    return Check(count >= value.at_least, reason, facts.company is not None)


VISITS = Condition(
    key="visits",
    label={"en": "Number of visits", "sv": "Antal besök"},
    help="Visits of the company in so many days, this one included; else those of the visitor.",
    kind=OftenKind(),
    part=Part.HAPPENING,
    test=_visits,
    show=often_words,
    phrases=phrases(
        ("has made at least {} visits in {} days", "it has made at least {} visits in {} days"),
        ("har gjort minst {} besök på {} dagar", "det har gjort minst {} besök på {} dagar"),
    ),
)
