"""Whether the visit's company is known at all."""

from __future__ import annotations

from typing import Any

from alerts.conditions.base import Check, Condition, Part, phrases
from alerts.facts import Facts
from alerts.values import YesNoKind


def _company(facts: Facts, value: bool) -> Check:
    if facts.company:
        return Check(value, f"the company is known: {facts.company.name}", True)
    return Check(not value, "the company is not known")


def _no_words(value: Any, locale: str) -> list[str]:
    return []


COMPANY = Condition(
    key="company",
    label={"en": "Company known", "sv": "Känt företag"},
    help="Whether the visit's company is known at all.",
    kind=YesNoKind(),
    part=Part.SUBJECT,
    test=_company,
    show=_no_words,
    phrases=phrases(
        ("that is identified", "it is identified"),
        ("som är identifierat", "det är identifierat"),
    ),
)
