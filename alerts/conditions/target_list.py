"""The company stands on a target list."""

from __future__ import annotations

from alerts.conditions.base import Check, Condition, Part, Source, any_of, not_known, phrases, texts
from alerts.facts import Facts
from alerts.values import TextsKind, fold


def _target_list(facts: Facts, value: tuple[str, ...]) -> Check:
    if facts.company is None:
        return not_known("neither are its lists")
    wanted = {fold(item) for item in value}
    for name in facts.company.target_lists:
        if fold(name) in wanted:
            return Check(True, f"{facts.company.name} is on the list {name}", True)
    return Check(False, f"{facts.company.name} is not on the list {any_of(value, texts)}", True)


TARGET_LIST = Condition(
    key="target_list",
    label={"en": "Target list", "sv": "Mållista"},
    help="The company is on the list, by its domain.",
    kind=TextsKind("the name of a target list"),
    source=Source.TARGET_LISTS,
    part=Part.SUBJECT,
    test=_target_list,
    show=texts,
    phrases=phrases(
        ("on the list {}", "it is on the list {}"),
        ("på listan {}", "det är på listan {}"),
    ),
)
