"""A pattern of the address of the page that is opened."""

from __future__ import annotations

from alerts.conditions.base import Check, Condition, Part, any_of, phrases, texts
from alerts.facts import Facts
from alerts.values import PatternsKind
from tracker.pages import matches


def _page(facts: Facts, value: tuple[str, ...]) -> Check:
    for pattern in value:
        if matches(pattern, facts.page.url):
            return Check(True, f"{facts.page.path} matches {pattern}")
    return Check(False, f"{facts.page.path} does not match {any_of(value, texts)}")


PAGE = Condition(
    key="page",
    label={"en": "Page", "sv": "Sida"},
    help="A pattern of the page's address: * stands for anything, as in /pricing*.",
    kind=PatternsKind("a page pattern such as /pricing*"),
    part=Part.HAPPENING,
    test=_page,
    show=texts,
    phrases=phrases(
        ("opens a page like {}", "it opens a page like {}"),
        ("öppnar en sida som liknar {}", "det öppnar en sida som liknar {}"),
    ),
)
