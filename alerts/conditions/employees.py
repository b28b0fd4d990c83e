"""How many people the company employs."""

from __future__ import annotations

from alerts import words
from alerts.conditions.base import Check, Condition, Part, not_known, phrases, range_words
from alerts.facts import Facts
from alerts.values import Range, RangeKind


def _employees(facts: Facts, value: Range) -> Check:
    if facts.company is None:
        return not_known("neither is its size")
    wanted = range_words(value, "en")[0]
    count = facts.company.employees
    if count is None:
        return Check(False, f"the number of employees is not known, the rule asks for {wanted}", True)
    reason = f"{facts.company.name} has {words.number(count, 'en')} employees, the rule asks for {wanted}"
    return Check(value.holds(count), reason, True)


EMPLOYEES = Condition(
    key="employees",
    label={"en": "Employees", "sv": "Anställda"},
    help="The company's number of employees; a company whose size is not known never matches.",
    kind=RangeKind(),
    part=Part.SUBJECT,
    test=_employees,
    show=range_words,
    phrases=phrases(
        ("with {} employees", "it has {} employees"),
        ("med {} anställda", "det har {} anställda"),
    ),
)
