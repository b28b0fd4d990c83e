"""How sure we are of the company."""

from __future__ import annotations

from alerts import words
from alerts.conditions.base import Check, Condition, Part, not_known, phrases, share_of
from alerts.facts import Facts
from alerts.values import ShareKind


def _confidence(facts: Facts, value: int) -> Check:
    if facts.company is None:
        return not_known("there is nothing to be sure of")
    sure = share_of(facts.company.confidence)
    reason = f"we are {sure}% sure of {facts.company.name}, the rule asks for {value}%"
    return Check(sure >= value, reason, True)


def _share(value: int, locale: str) -> list[str]:
    return [words.per_cent(value, locale)]


CONFIDENCE = Condition(
    key="confidence",
    label={"en": "Confidence", "sv": "Säkerhet"},
    help="How sure we are of the company, 0 to 1 or per cent. A rule without it asks for 80 %.",
    kind=ShareKind(),
    part=Part.GUARD,
    test=_confidence,
    show=_share,
    phrases=phrases(
        ("we are at least {} sure of the company", "we are at least {} sure of the company"),
        ("vi är minst {} säkra på företaget", "vi är minst {} säkra på företaget"),
    ),
)
