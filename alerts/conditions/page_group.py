"""The page group of the page that is opened."""

from __future__ import annotations

from collections.abc import Sequence

from alerts import words
from alerts.conditions.base import Check, Condition, Part, Source, any_of, phrases
from alerts.facts import Facts
from alerts.values import TextsKind, fold


def _groups(value: Sequence[str], locale: str) -> list[str]:
    return [words.group_name(item) for item in value]


def _page_group(facts: Facts, value: tuple[str, ...]) -> Check:
    group = facts.page.group
    if group and fold(group) in {fold(item) for item in value}:
        return Check(True, f"{facts.page.path} is in {words.group_name(group)}")
    where = f"is in {words.group_name(group)}" if group else "is in no page group"
    return Check(False, f"{facts.page.path} {where}, the rule asks for {any_of(value, _groups)}")


PAGE_GROUP = Condition(
    key="page_group",
    label={"en": "Page group", "sv": "Sidgrupp"},
    help="The page group of the page that is opened.",
    kind=TextsKind("the name of a page group"),
    source=Source.PAGE_GROUPS,
    part=Part.HAPPENING,
    test=_page_group,
    show=_groups,
    phrases=phrases(
        ("opens a page in {}", "it opens a page in {}"),
        ("öppnar en sida i {}", "det öppnar en sida i {}"),
    ),
)
