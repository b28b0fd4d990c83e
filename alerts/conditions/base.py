"""What a condition is: a named yes/no test with its value and its words, and the words conditions share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from alerts import words
from alerts.facts import Facts
from alerts.values import Kind, Often, Range
from alerts.words import Words


class Part(StrEnum):
    """Where a condition stands in the sentence of a rule."""

    SUBJECT = "subject"
    HAPPENING = "happening"
    GUARD = "guard"


class Source(StrEnum):
    """Where the choices of a condition come from when they are not fixed."""

    PAGE_GROUPS = "page_groups"
    TARGET_LISTS = "target_lists"
    PRODUCTS = "products"


@dataclass(frozen=True, slots=True)
class Check:
    """What one condition said, and why; `of_company` when it rests on which company it is.

    `contact_id` is the person whom it rests on, 0 where it rests on none.
    """

    holds: bool
    reason: str
    of_company: bool = False
    condition: str = ""
    contact_id: int = 0


@dataclass(frozen=True, slots=True)
class Phrase:
    """The words of a condition in one language: within the sentence, and as a clause of its own.

    `{}` stands for the value.
    """

    inside: str
    clause: str


@dataclass(frozen=True, slots=True)
class Condition:
    """One row of the table."""

    key: str
    label: Words
    help: str
    kind: Kind
    part: Part
    test: Callable[[Facts, Any], Check]
    phrases: Mapping[str, Phrase]
    show: Callable[[Any, str], list[str]]
    source: Source | None = None
    choices: tuple[str, ...] = field(default=())

    def parse(self, raw: Any) -> Any:
        """The typed value of what stands in YAML; raises ValueError that says what would be right."""
        return self.kind.parse(raw)

    def holds(self, facts: Facts, value: Any) -> Check:
        check = self.test(facts, value)
        return Check(check.holds, check.reason, check.of_company, self.key, check.contact_id)

    def choice_label(self, choice: str, locale: str) -> str:
        return self.show((choice,), locale)[0]


def labels(table: Mapping[str, Words]) -> Callable[[Any, str], list[str]]:
    """A `show` that looks each value up in `table`."""
    return lambda value, locale: [words.say(table[item], locale) for item in value]


def texts(value: Sequence[str], locale: str) -> list[str]:
    return list(value)


def range_words(value: Range, locale: str) -> list[str]:
    low, high = (words.number(end, locale) if end is not None else "" for end in (value.low, value.high))
    if low and high:
        return [words.say({"en": f"{low} to {high}", "sv": f"{low} till {high}"}, locale)]
    ends = {"en": f"at least {low}", "sv": f"minst {low}"}
    return [words.say(ends if low else {"en": f"at most {high}", "sv": f"högst {high}"}, locale)]


def often_words(value: Often, locale: str) -> list[str]:
    return [words.number(value.at_least, locale), words.number(value.days, locale)]


def any_of(value: Sequence[str], show: Callable[[Any, str], list[str]]) -> str:
    return words.or_list(show(value, "en"), "en")


def not_known(what: str) -> Check:
    """No, for want of a company; `what` says what else is therefore not known."""
    return Check(False, f"the company is not known, so {what}", True)


def share_of(confidence: float) -> int:
    """Whole per cent, cut and not rounded: 79.9 is not 80."""
    return int(confidence * 100 + 1e-9)


def phrases(en: tuple[str, str], sv: tuple[str, str]) -> Mapping[str, Phrase]:
    return {"en": Phrase(*en), "sv": Phrase(*sv)}
