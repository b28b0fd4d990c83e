"""How many pages the company, else the visitor, opened within so many days."""

from __future__ import annotations

from alerts.conditions.base import Check, Condition, Part, often_words, phrases
from alerts.facts import Facts
from alerts.values import Often, OftenKind


def _page_views(facts: Facts, value: Often) -> Check:
    count = facts.page_views.get(value.days, 0)
    reason = f"{count} page views in {value.days} days, the rule asks for {value.at_least}"
    return Check(count >= value.at_least, reason, facts.company is not None)


PAGE_VIEWS = Condition(
    key="page_views",
    label={"en": "Number of page views", "sv": "Antal sidvisningar"},
    help="Pages the company opened in so many days, this one included; else the visitor.",
    kind=OftenKind(),
    part=Part.HAPPENING,
    test=_page_views,
    show=often_words,
    phrases=phrases(
        ("has opened at least {} pages in {} days", "it has opened at least {} pages in {} days"),
        ("har öppnat minst {} sidor på {} dagar", "det har öppnat minst {} sidor på {} dagar"),
    ),
)
